"""What hosts meet that come back to a trainer which took the place of one that died: ids, batches and versions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.initial_weights import initial_weights
from protocol.messages import Configure, Credit, Failure, PolicyUpdate, Ready, Stop, Welcome
from protocol.network_builder import build_policy_spec
from tests.trainer_process.counting_algorithm import Gate
from tests.trainer_process.server_world import (
    ACTION,
    OBSERVATION,
    POLICY,
    START,
    TOKEN,
    Host,
    World,
    configure,
    experience,
    hello,
)
from trainer_process.session_registry import AdmissionSettings

FIRST_WEIGHTS = initial_weights(build_policy_spec(OBSERVATION, ACTION, POLICY), POLICY.seed)


def undisturbed(folder: Path) -> World:
    """A trainer that keeps every update."""
    return World(folder, start=replace(START, checkpoint_interval=1, kept_checkpoints=100))


@contextmanager
def resumed(folder: Path, after: int, interval: int = 1) -> Iterator[World]:
    """A trainer in place of one that died after so many updates, with the checkpoints that it had then."""
    for path in (folder / "run" / "Walker" / "checkpoints").iterdir():
        if int(path.name) > after:
            shutil.rmtree(path)
    admission = AdmissionSettings(token=TOKEN, is_resumed=True)
    with World(folder, start=replace(START, resume=True, checkpoint_interval=interval), admission=admission) as world:
        yield world


def train(host: Host, *batch_ids: int) -> None:
    """One update for each batch."""
    for batch_id in batch_ids:
        host.ask(experience(batch_id), Credit)


def playing(version: int, offset: float) -> Configure:
    """Of a host that plays the first weights moved by so much, and calls them by that version."""
    weights = (FIRST_WEIGHTS + offset).astype(np.float32)
    return configure(start="weights", version=version, weights=weights)


def came_back(world: World, session_id: int) -> Host:
    host = world.host()
    host.ask(hello(previous_session=session_id), Welcome)
    return host


def test_a_host_that_comes_back_keeps_its_session_s_id(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1)
    with resumed(tmp_path, after=1) as world:
        world.host().join()
        welcome = world.host().ask(hello(previous_session=host.session_id), Welcome)
        assert not welcome.resumed
        assert (welcome.session_id, welcome.host_index) == (host.session_id, 1)


def test_a_trainer_that_resumes_no_run_takes_no_id_over(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        assert world.host().ask(hello(previous_session=77), Welcome).session_id != 77


def test_a_session_that_ended_here_is_not_taken_over(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        world.host().join()
    with resumed(tmp_path, after=0) as world:
        host = came_back(world, 77)
        assert host.session_id == 77
        host.say(Stop("enough", shutdown=False))
        world.until(lambda: not world.server.sessions, "the host's leave")
        assert world.host().ask(hello(previous_session=77), Welcome).session_id != 77


def test_only_what_the_checkpoint_has_not_learnt_from_is_learnt_again(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1, 2, 3)
    with resumed(tmp_path, after=2) as world:
        host = came_back(world, host.session_id)
        assert host.ask(playing(3, 3.0), Ready).last_consumed == 2
        for batch_id in (2, 3, 4):
            host.say(experience(batch_id))
        assert [host.await_heard(Credit, number).batch_id for number in (1, 2, 3)] == [2, 3, 4]
        assert host.all_heard(PolicyUpdate)[-1].metrics["steps"] == 4 * 4


def test_a_session_that_the_checkpoint_does_not_know_begins_at_its_first_batch(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        world.host().join()
    with resumed(tmp_path, after=0) as world:
        assert came_back(world, 77).ask(configure(), Ready).last_consumed == 0


def test_the_batches_of_a_host_that_was_away_for_two_trainers_are_still_known(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        stays, away = world.host(), world.host()
        stays.join()
        away.join()
        train(away, 1, 2)
        train(stays, 1)
    with resumed(tmp_path, after=3) as world:
        stays = came_back(world, stays.session_id)
        stays.ask(playing(3, 3.0), Ready)
        train(stays, 2)
    with resumed(tmp_path, after=4) as world:
        assert came_back(world, away.session_id).ask(playing(3, 3.0), Ready).last_consumed == 2
        assert came_back(world, stays.session_id).ask(playing(4, 4.0), Ready).last_consumed == 2


def test_the_batches_of_a_host_that_left_before_are_still_known(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        left, stays = world.host(), world.host()
        left.join()
        stays.join()
        train(left, 1, 2)
        left.say(Stop("a pause", shutdown=False))
        world.until(lambda: len(world.server.sessions) == 1, "the host's leave")
        train(stays, 1)
    with resumed(tmp_path, after=3) as world:
        assert came_back(world, left.session_id).ask(playing(2, 2.0), Ready).last_consumed == 2


def test_versions_go_on_above_those_of_the_time_that_is_undone(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1)
    with resumed(tmp_path, after=1) as world:
        host = came_back(world, host.session_id)
        assert host.ask(playing(7, 7.0), Ready).policy_version == 8
        update = host.await_heard(PolicyUpdate)
        assert (update.version, update.iteration) == (8, 1)
        np.testing.assert_array_equal(update.weights, FIRST_WEIGHTS + 1)
        host.say(experience(2))
        assert host.await_heard(PolicyUpdate, 2).version == 9


def test_the_raised_version_is_in_the_checkpoint_too(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1)
    with resumed(tmp_path, after=1, interval=0) as world:
        came_back(world, host.session_id).ask(playing(7, 7.0), Ready)
    with resumed(tmp_path, after=1) as world:
        assert world.host().join().policy_version == 8


@pytest.mark.parametrize(("offset", "version"), [(1.0, 1), (0.5, 2)])
def test_a_host_with_the_checkpoint_s_version_keeps_it_where_the_weights_are_the_same(
    tmp_path: Path, offset: float, version: int
) -> None:
    with undisturbed(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1)
    with resumed(tmp_path, after=1) as world:
        host = came_back(world, host.session_id)
        assert host.ask(playing(1, offset), Ready).policy_version == version
        world.settle()
        assert bool(host.all_heard(PolicyUpdate)) == (version == 2)


def test_a_later_host_with_a_higher_version_raises_it_for_all(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        first, second = world.host(), world.host()
        first.join()
        second.join()
        train(first, 1)
    with resumed(tmp_path, after=1) as world:
        first, second = came_back(world, first.session_id), came_back(world, second.session_id)
        first.ask(playing(3, 3.0), Ready)
        assert second.ask(playing(6, 6.0), Ready).policy_version == 7
        first.await_heard(PolicyUpdate, 2)
        assert [update.version for update in first.all_heard(PolicyUpdate)] == [4, 7]
        assert second.await_heard(PolicyUpdate).version == 7
        train(second, 1)
        assert [host.all_heard(PolicyUpdate)[-1].version for host in (first, second)] == [8, 8]


def test_a_later_host_is_admitted_once_the_update_under_way_has_ended(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        first = world.host()
        first.join(configure(settings={"blocks_at": 2}))
        train(first, 1)
    with resumed(tmp_path, after=1) as world:
        Gate.shut()
        first = came_back(world, first.session_id)
        first.ask(configure(settings={"blocks_at": 2}), Ready)
        first.say(experience(2))
        world.until(Gate.reached.is_set, "the update under way")
        second = world.host()
        second.ask(hello(previous_session=99), Welcome)
        second.say(playing(6, 6.0))
        second.say(playing(6, 6.0))
        world.settle()
        assert not second.all_heard(Ready)
        Gate.opened.set()
        assert second.await_heard(Ready).policy_version == 7
        world.settle()
        assert len(second.all_heard(Ready)) == 1
        np.testing.assert_array_equal(second.await_heard(PolicyUpdate).weights, FIRST_WEIGHTS + 1 + 1)


def test_a_host_that_waits_for_its_version_is_answered_where_the_update_fails(tmp_path: Path) -> None:
    settings = {"blocks_at": 1, "overflows_at": 1}
    with undisturbed(tmp_path) as world:
        world.host().join(configure(settings=settings))
    with resumed(tmp_path, after=0) as world:
        Gate.shut()
        first, second = world.host(), world.host()
        first.join(configure(settings=settings))
        first.say(experience(1))
        world.until(Gate.reached.is_set, "the update")
        second.ask(hello(), Welcome)
        second.say(replace(playing(6, 6.0), settings=settings))
        world.settle()
        Gate.opened.set()
        world.until(lambda: first.all_heard(Failure), "the failure")
        assert second.await_heard(Ready).policy_version == 7


def test_a_version_that_no_training_reaches_moves_nothing(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        world.host().join()
    with resumed(tmp_path, after=0) as world:
        assert world.host().join(playing(2**63 - 1, 1.0)).policy_version == 0


def test_a_fresh_host_gets_the_weights_that_the_run_began_with_though_its_seed_is_another(tmp_path: Path) -> None:
    with undisturbed(tmp_path) as world:
        world.host().join()
    with resumed(tmp_path, after=0) as world:
        host = world.host()
        assert host.join(configure(policy=replace(POLICY, seed=99))).policy_version == 1
        np.testing.assert_array_equal(host.await_heard(PolicyUpdate).weights, FIRST_WEIGHTS)
