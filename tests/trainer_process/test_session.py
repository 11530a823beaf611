"""Who is let in, and what becomes of a session when its host stops, falls silent or loses its connection."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from protocol.messages import Credit, Failure, Heartbeat, PolicyUpdate, Refused, Stop, Welcome
from protocol.version import PROTOCOL_VERSION
from tests.trainer_process.server_world import TOKEN, World, experience, hello
from trainer_process.session_registry import AdmissionSettings, host_seed


def test_each_host_is_welcomed_with_an_index_and_random_numbers_of_its_own(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first, second = (world.host().ask(hello(), Welcome) for _ in range(2))
        assert (first.host_index, second.host_index) == (0, 1)
        assert first.session_id != second.session_id
        assert (first.random_seed, second.random_seed) == (host_seed(1234, 0), host_seed(1234, 1))
        assert not first.resumed


def test_an_index_is_not_given_again_after_its_host_left(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first = world.host()
        first.ask(hello(), Welcome)
        first.say(Stop("enough", shutdown=False))
        world.until(lambda: not world.server.sessions, "the host's leave")
        assert world.host().ask(hello(), Welcome).host_index == 1


def test_another_major_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        refused = world.host().is_refused(hello(protocol_version="1.0"))
        assert refused.code == "VERSION_MISMATCH"
        assert PROTOCOL_VERSION in refused.expected
        assert refused.received == "1.0"
        assert not world.server.sessions


@pytest.mark.parametrize("token", ["", "guess", TOKEN + "x", "ünïcode"])
def test_a_wrong_token_is_refused_and_the_right_one_not_told(tmp_path: Path, token: str) -> None:
    with World(tmp_path) as world:
        refused = world.host().is_refused(hello(token=token))
        assert refused.code == "WRONG_TOKEN"
        assert TOKEN not in repr(refused)


def test_a_server_without_token_lets_every_token_in(tmp_path: Path) -> None:
    with World(tmp_path, admission=AdmissionSettings()) as world:
        assert world.host().ask(hello(token="whatever"), Welcome).host_index == 0


def test_one_host_too_many_is_refused(tmp_path: Path) -> None:
    with World(tmp_path, admission=AdmissionSettings(token=TOKEN, max_hosts=1)) as world:
        world.host().ask(hello(), Welcome)
        assert world.host().is_refused(hello()).code == "TOO_MANY_HOSTS"


def test_a_host_without_session_is_asked_to_say_hello(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        assert host.ask(Heartbeat(0), Refused, session_id=77).code == "UNKNOWN_SESSION"
        host.ask(hello(), Welcome)
        assert host.ask(Heartbeat(0), Refused, session_id=77).code == "UNKNOWN_SESSION"


def test_a_lost_connection_is_taken_up_again_with_what_was_taken_and_trained(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1, step_count=4))
        host.await_heard(Credit)
        host.say(experience(2, step_count=3))
        world.until(lambda: world.server.behaviors["Walker"].pending_batches == 1, "the second batch")
        host.disconnect()
        again = world.host()
        welcome = again.ask(hello(previous_session=host.session_id), Welcome)
        assert welcome.resumed
        assert (welcome.session_id, welcome.host_index) == (host.session_id, 0)
        assert dict(welcome.last_consumed) == {"Walker": 1}
        assert dict(welcome.last_accepted) == {"Walker": 2}
        assert again.await_heard(PolicyUpdate).version == 1


def test_batches_that_come_again_after_a_lost_connection_are_trained_on_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1, step_count=4))
        host.await_heard(Credit)
        host.say(experience(2, step_count=3))
        world.until(lambda: world.server.behaviors["Walker"].pending_batches == 1, "the second batch")
        host.disconnect()
        again = world.host()
        again.ask(hello(previous_session=host.session_id), Welcome)
        assert again.ask(experience(1, step_count=4), Credit).batch_id == 1
        again.say(experience(2, step_count=3))
        again.say(experience(3, step_count=1))
        assert [again.await_heard(Credit, number).batch_id for number in (2, 3)] == [2, 3]
        assert again.all_heard(PolicyUpdate)[-1].metrics["steps"] == 4 + 3 + 1


def test_a_silent_host_is_reported_and_freed_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with World(tmp_path) as world:
        silent, lively = world.host(), world.host()
        silent.join()
        lively.join()
        for _ in range(4):
            world.pass_time(20)
            lively.say(Heartbeat(0))
            world.settle()
        assert [session.host_index for session in world.server.sessions] == [1]
        assert "HOST_TIMEOUT" in caplog.text
        assert "host 0" in caplog.text
        lively.say(experience(1))
        assert lively.await_heard(Credit).batch_id == 1


def test_a_host_that_wakes_after_its_session_was_freed_goes_on_where_it_was(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
        world.pass_time(70)
        assert not world.server.sessions
        assert host.ask(Heartbeat(0), Refused).code == "UNKNOWN_SESSION"
        welcome = host.ask(hello(previous_session=host.session_id), Welcome)
        assert welcome.resumed
        assert welcome.host_index == 0
        host.say(experience(2))
        assert host.await_heard(Credit, 2).batch_id == 2


def test_a_standstill_of_the_trainer_itself_counts_against_no_host(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.host().join()
        world.now_s += 3600.0
        world.step()
        assert len(world.server.sessions) == 1


def test_a_session_that_nobody_knows_begins_anew(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        assert not world.host().ask(hello(previous_session=123456), Welcome).resumed


def test_a_message_that_only_a_trainer_sends_costs_the_session_and_nobody_else_s(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        wrong, right = world.host(), world.host()
        wrong.join()
        right.join()
        failure = wrong.ask(Credit("Walker", 1), Failure)
        assert failure.code == "PROTOCOL_ERROR"
        assert "Credit" in failure.reason
        right.say(experience(1))
        assert right.await_heard(Credit).batch_id == 1
        assert len(world.server.sessions) == 1
