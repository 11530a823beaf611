"""What becomes of demonstrations that hosts send: kept, handed on, credited at once, and their end made out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol.errors import RecordingError
from protocol.messages import Configure, Credit, Failure, PolicyUpdate, Stop, Welcome
from protocol.recording import RecordingReader
from tests.trainer_process.recorded_walk import demonstrations
from tests.trainer_process.server_world import START, Host, World, configure, experience, hello
from tests.trainer_process.sharing_host import sharing_host
from tests.trainer_process.taking_algorithm import TAKING, TakingAlgorithm
from trainer_process.algorithms import registry
from trainer_process.behavior import BehaviorState
from trainer_process.demonstration_spool import DemonstrationSpool

LEAVING = Stop("enough", False)


@pytest.fixture(autouse=True)
def _taking_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ALGORITHMS", {**registry.ALGORITHMS, "taking": TAKING})


def wanted() -> Configure:
    return configure(trainer_type="taking")


def joined(world: World) -> Host:
    host = world.host()
    host.join(wanted())
    return host


def algorithm() -> TakingAlgorithm:
    """What the newest behavior learns with."""
    return TakingAlgorithm.newest


def test_episodes_reach_the_algorithm_and_the_folder(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = joined(world)
        host.ask(demonstrations(1, [1, 2], is_last=False), Credit)
        host.ask(demonstrations(2, [3]), Credit)
        assert (algorithm().serials, algorithm().ends) == ([1, 2, 3], [False, True])
        with RecordingReader(world.folder / "demonstrations.lbr") as reader:
            assert [episode.serial for episode in reader] == [1, 2, 3]


def test_credit_comes_at_once_and_learning_begins_at_the_end(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = joined(world)
        assert host.ask(demonstrations(1, [1], is_last=False), Credit).batch_id == 1
        world.settle()
        assert not host.all_heard(PolicyUpdate)
        host.say(demonstrations(2, [2]))
        assert host.await_heard(PolicyUpdate).metrics["steps"] == 4


def test_a_message_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = joined(world)
        host.ask(demonstrations(1, [1], is_last=False), Credit)
        host.ask(demonstrations(1, [1], is_last=False), Credit)
        assert algorithm().serials == [1]


def test_a_session_taken_up_again_is_told_what_was_taken(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = joined(world)
        host.ask(demonstrations(1, [1], is_last=False), Credit)
        host.disconnect()
        again = world.host()
        welcome = again.ask(hello(previous_session=host.session_id), Welcome)
        assert (welcome.last_consumed, welcome.last_accepted) == ({"Walker": 1}, {"Walker": 1})
        again.ask(demonstrations(2, [2]), Credit)
        assert (algorithm().serials, algorithm().ends) == ([1, 2], [False, True])


def test_demonstrations_and_experience_share_their_ids(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = joined(world)
        host.ask(demonstrations(1, [1]), Credit)
        assert host.ask(experience(1), Credit).batch_id == 1
        host.say(experience(2))
        world.settle()
        assert world.server.behaviors["Walker"].pending_batches == 1


BAD = {
    "sizes": {"observations": np.zeros((2, 4), np.float32), "final_observations": np.zeros((1, 4), np.float32)},
    "lengths": {"table": np.array([[3, 1, 0, 0]], np.int64)},
    "numbers": {"actions": np.full((2, 2), np.inf, np.float32)},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_bad_demonstrations_cost_their_host_the_session_and_the_others_nothing(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with World(tmp_path) as world:
        bad, good = joined(world), joined(world)
        failure = bad.ask(demonstrations(1, [1], **changes), Failure)
        assert failure.code == "PROTOCOL_ERROR"
        assert "Demonstrations" in failure.reason
        assert good.ask(demonstrations(1, [1]), Credit).batch_id == 1
        assert algorithm().serials == [1]


def test_a_stream_without_an_episode_is_refused(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        failure = joined(world).ask(demonstrations(1, []), Failure)
        assert "at least one episode" in failure.reason
        assert joined(world).ask(demonstrations(1, [1]), Credit).batch_id == 1


def test_an_algorithm_that_takes_none_says_which_do(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        failure = host.ask(demonstrations(1, [1]), Failure)
        assert failure.code == "INVALID_SETTINGS"
        assert "counting learns from experience" in failure.reason
        assert "as the reason says" in failure.remedy
        other = world.host()
        other.join()
        assert other.ask(experience(1), Credit).batch_id == 1


def test_what_comes_after_the_end_of_training_is_credited_and_dropped(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(replace(wanted(), settings={"total_steps": 1}))
        host.ask(demonstrations(1, [1]), Credit)
        world.until(lambda: world.server.behaviors["Walker"].state is BehaviorState.COMPLETE, "the end")
        host.ask(demonstrations(2, [2]), Credit)
        assert algorithm().serials == [1]


class TestSeveralHosts:
    def test_learning_waits_for_a_host_in_the_middle_of_its_stream(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            slow, quick = joined(world), joined(world)
            slow.ask(demonstrations(1, [1], is_last=False), Credit)
            quick.ask(demonstrations(1, [2]), Credit)
            assert algorithm().ends == [False, False]
            slow.ask(demonstrations(2, [3]), Credit)
            assert algorithm().ends == [False, False, True]

    def test_learning_waits_for_a_host_that_has_not_begun_to_stream(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            quick, slow = joined(world), joined(world)
            quick.ask(demonstrations(1, [1]), Credit)
            assert algorithm().ends == [False]
            slow.ask(demonstrations(1, [2]), Credit)
            assert algorithm().ends == [False, True]

    def test_each_round_ends_when_every_host_has_ended_its_part(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            first, second = joined(world), joined(world)
            for batch_id, serials in ((1, [1, 2]), (2, [3, 4])):
                first.ask(demonstrations(batch_id, serials[:1]), Credit)
                second.ask(demonstrations(batch_id, serials[1:]), Credit)
            assert algorithm().ends == [False, True, False, True]

    def test_what_a_later_host_brings_reaches_an_algorithm_that_learns_already(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            early = joined(world)
            early.ask(demonstrations(1, [1]), Credit)
            late = joined(world)
            late.ask(demonstrations(1, [2]), Credit)
            assert (algorithm().serials, algorithm().ends) == ([1, 2], [True, False])
            early.say(LEAVING)
            world.settle()
            assert algorithm().ends == [True, False, True]

    def test_learning_does_not_wait_for_a_host_that_left(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            slow, quick = joined(world), joined(world)
            slow.ask(demonstrations(1, [1], is_last=False), Credit)
            quick.ask(demonstrations(1, [2]), Credit)
            slow.say(LEAVING)
            assert quick.await_heard(PolicyUpdate).version == 1
            assert (algorithm().serials, algorithm().ends) == ([1, 2], [False, False, True])

    def test_learning_does_not_wait_for_a_host_that_sends_experience(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            shows, plays = joined(world), joined(world)
            shows.ask(demonstrations(1, [1]), Credit)
            assert algorithm().ends == [False]
            plays.say(experience(1))
            assert shows.await_heard(PolicyUpdate).version == 1
            assert algorithm().ends == [False, True]

    def test_nothing_is_learnt_of_a_stream_without_its_end(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = joined(world)
            host.ask(demonstrations(1, [1], is_last=False), Credit)
            host.say(LEAVING)
            world.settle()
            assert algorithm().ends == [False]

    def test_one_recording_streamed_by_two_hosts_is_learnt_from_once(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            for host in (joined(world), joined(world)):
                host.ask(demonstrations(1, [1, 1, 2]), Credit)
            assert (algorithm().serials, algorithm().ends) == ([1, 1, 2], [False, True])

    def test_a_host_that_lost_its_session_may_stream_all_again(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = joined(world)
            host.ask(demonstrations(1, [1], is_last=False), Credit)
            host.say(LEAVING)
            again = joined(world)
            again.ask(demonstrations(1, [1, 2]), Credit)
            assert (algorithm().serials, algorithm().ends) == ([1, 2], [False, True])

    def test_a_host_that_configures_again_may_stream_all_again(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = joined(world)
            host.ask(demonstrations(1, [1, 2]), Credit)
            host.say(wanted())
            host.ask(demonstrations(1, [1, 2, 3]), Credit)
            assert algorithm().serials == [1, 2, 3]


def test_arrays_in_shared_memory_are_read_no_longer_once_credit_came(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = sharing_host(world)
        host.share(wanted())
        message = demonstrations(1, [1])
        arena = host.carrier.make_arena(6)
        arena[:] = 1
        host.ask(replace(message, observations=arena.reshape(2, 3)), Credit)
        arena[:] = 99
        ((episodes, _),) = algorithm().handed
        np.testing.assert_array_equal(episodes[0].observations, np.ones((2, 3)))


def test_a_run_that_is_resumed_goes_on_with_the_demonstrations_that_it_had(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = joined(world)
        host.say(demonstrations(1, [1, 2]))
        host.await_heard(PolicyUpdate)
    with World(tmp_path, start=replace(START, resume=True)) as world:
        host = joined(world)
        assert (algorithm().serials, algorithm().ends) == ([1, 2], [True])
        host.ask(demonstrations(1, [1, 2, 3]), Credit)
        assert algorithm().serials == [1, 2, 3]


def test_a_disk_that_is_full_ends_training_with_that_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def append(*_: object) -> None:
        raise RecordingError("the recording can't be written: no space left on device")

    monkeypatch.setattr(DemonstrationSpool, "append", append)
    with World(tmp_path) as world:
        failure = joined(world).ask(demonstrations(1, [1]), Failure)
        assert (failure.code, world.server.behaviors["Walker"].state) == ("LEARNER_ERROR", BehaviorState.FAILED)
        assert "no space left" in failure.reason
