"""The loop: signs of life, full queues, strangers, and the end."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from protocol.channel import ServerChannel
from protocol.endpoint import parse_endpoint
from protocol.errors import AddressInUseError
from protocol.messages import Complete, Credit, Failure, Progress, Ready, Statistics, Stop, Welcome
from tests.trainer_process.counting_algorithm import Gate
from tests.trainer_process.server_world import START, Host, World, configure, experience, hello


def test_progress_comes_at_every_heartbeat_and_its_counter_moves_only_with_work(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        world.pass_time(3)
        world.settle()
        idle = host.all_heard(Progress)
        assert len(idle) >= 3
        assert {progress.phase for progress in idle[1:]} == {"waiting"}
        assert len({progress.counter for progress in idle[1:]}) == 1
        host.say(experience(1))
        host.await_heard(Credit)
        world.pass_time(1)
        world.settle()
        after = host.all_heard(Progress)[-1]
        assert after.counter > idle[-1].counter
        assert after.iteration == 1


def test_a_busy_learner_is_told_from_a_dead_trainer(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(configure(settings={"blocks_at": 1}))
        host.say(experience(1))
        world.until(Gate.reached.is_set, "the update")
        host.say(experience(2))
        world.settle()
        known = len(host.all_heard(Progress))
        world.pass_time(2)
        progress = host.await_heard(Progress, known + 2)
        assert progress.phase == "learning"
        assert progress.pending_batches == 2
        Gate.opened.set()
        assert host.await_heard(Credit, 2).batch_id == 2


def test_hosts_are_welcomed_while_the_learner_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_load = threading.Event()

    monkeypatch.setattr("trainer_process.behavior_start.make_plan", _waiting_for(may_load))
    with World(tmp_path) as world:
        first, second = world.host(), world.host()
        first.ask(hello(), Welcome)
        first.say(configure())
        second.ask(hello(), Welcome)
        world.pass_time(2)
        world.settle()
        assert first.all_heard(Progress)[-1].phase == "loading"
        assert not first.all_heard(Ready)
        may_load.set()
        first.await_heard(Ready)


def _waiting_for(event: threading.Event) -> object:
    from trainer_process.behavior_plan import make_plan

    def wait(*arguments: object) -> object:
        event.wait(30)
        return make_plan(*arguments)  # type: ignore[arg-type]

    return wait


def _listen_until_stop(host: Host) -> None:
    deadline_s = time.monotonic() + 20
    while not host.all_heard(Stop) and time.monotonic() < deadline_s:
        host.poll()
    host.disconnect()


def test_a_server_that_stops_tells_its_hosts_and_keeps_what_was_learnt(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
        world.server.request_stop("the tests say so")
        listener = threading.Thread(target=_listen_until_stop, args=[host])
        listener.start()
        assert world.server.run() == 0
        listener.join(20)
        assert host.all_heard(Stop)[0] == Stop("the tests say so", shutdown=True)
        assert (world.folder / "policy.lbp").is_file()
        assert any((world.folder / "checkpoints").iterdir())


def test_the_last_words_of_a_host_that_leaves_are_heard_though_its_end_was_noticed_before(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
        host.say(Statistics("Walker", {"Jumps": {"aggregation": "sum", "count": 2, "value": 7.0}}))
        host.say(Stop("the game is over", shutdown=True))
        world.server.request_stop("the host is gone", hears_out=True)
        assert world.server.run() == 0
        rows = [json.loads(line) for line in (world.folder / "metrics.jsonl").read_text().splitlines()]
        assert [row["Jumps"] for row in rows if "Jumps" in row] == [7.0]


def test_a_stuck_learner_does_not_hold_up_the_end_nor_the_checkpoint(tmp_path: Path) -> None:
    with World(tmp_path, stop_grace_s=0.05) as world:
        host = world.host()
        host.join(configure(settings={"blocks_at": 2}))
        host.say(experience(1))
        host.await_heard(Credit)
        host.say(experience(2))
        world.until(Gate.reached.is_set, "the update")
        world.server.request_stop("enough")
        assert world.server.run() == 0
        assert [path.name for path in (world.folder / "checkpoints").iterdir()] == ["000000001"]
        Gate.opened.set()


def test_a_host_ends_the_trainer_only_where_it_launched_it(tmp_path: Path) -> None:
    for may_stop in (False, True):
        with World(tmp_path, run_id=f"run-{may_stop}", hosts_may_stop=may_stop) as world:
            host = world.host()
            host.join()
            host.say(Stop("end_training", shutdown=True))
            world.until(lambda world=world: not world.server.sessions, "the host's leave")
            assert world.server.is_stopping is may_stop


def test_a_server_that_stops_when_complete_waits_for_its_hosts_to_leave(tmp_path: Path) -> None:
    with World(tmp_path, stops_when_complete=True) as world:
        host = world.host()
        host.join(configure(settings={"total_steps": 4}))
        host.say(experience(1))
        host.await_heard(Complete)
        world.settle()
        assert not world.server.is_stopping
        host.say(Stop("thank you", shutdown=False))
        assert world.server.run() == 0
        assert world.server.is_complete


def test_a_server_whose_behavior_failed_ends_with_an_exit_code(tmp_path: Path) -> None:
    with World(tmp_path, stops_when_complete=True) as world:
        host = world.host()
        host.join(configure(settings={"fails_at": 1}))
        host.ask(experience(1), Failure)
        host.say(Stop("failed", shutdown=False))
        assert world.server.run() == 1


def test_garbage_on_the_port_disturbs_nobody(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        address = parse_endpoint(world.server.endpoint)
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"\xff" + bytes(9), b""):
            with socket.create_connection((address.host, address.port), timeout=10) as stranger:
                stranger.sendall(garbage)
            world.settle()
        host.say(experience(1))
        assert host.await_heard(Credit).batch_id == 1


def test_a_port_in_use_is_told_by_its_number(tmp_path: Path) -> None:
    with World(tmp_path) as world, pytest.raises(AddressInUseError, match=world.server.endpoint.rsplit(":", 1)[1]):
        ServerChannel(world.server.endpoint)


def test_people_are_shown_every_update(tmp_path: Path) -> None:
    with World(tmp_path, start=START) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
        assert len(world.progress) == 1
