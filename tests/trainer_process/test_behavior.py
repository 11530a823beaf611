"""What a behavior answers to Configure and Experience, and what its hosts get back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.initial_weights import initial_weights
from protocol.messages import (
    Complete,
    Configure,
    Credit,
    EvaluationResult,
    Failure,
    PolicyUpdate,
    Ready,
    Refused,
    Welcome,
)
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.policy_file import load_policy
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousObservation, StructObservation
from tests.trainer_process.server_world import (
    ACTION,
    CRITIC,
    OBSERVATION,
    POLICY,
    START,
    World,
    configure,
    experience,
    hello,
)
from trainer_process.behavior import BehaviorState

POLICY_SPEC = build_policy_spec(OBSERVATION, ACTION, POLICY)


def refusal(world: World, wanted: Configure) -> Refused:
    host = world.host()
    host.ask(hello(), Welcome)
    return host.is_refused(wanted)


def test_ready_says_how_to_collect_and_with_which_settings(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        ready = world.host().join(configure(settings={"steps_per_update": 7}))
        assert ready.steps_per_hand_off == 7
        assert ready.buffer_count == 2
        assert ready.settings["steps_per_update"] == 7
        assert ready.settings["seed"] == 1234
        assert Path(ready.run_directory) == world.folder


def test_a_host_that_starts_fresh_has_the_first_weights_already(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        world.settle()
        assert not host.all_heard(PolicyUpdate)


def test_new_weights_come_before_the_credit_for_what_they_came_of(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
        kinds = [type(message) for message in host.heard if isinstance(message, PolicyUpdate | Credit)]
        assert kinds == [PolicyUpdate, Credit]
        update = host.await_heard(PolicyUpdate)
        assert (update.version, update.iteration, update.is_final) == (1, 1, False)
        np.testing.assert_array_equal(update.weights, initial_weights(POLICY_SPEC, POLICY.seed) + 1)
        assert update.metrics["return_mean"] == 1.0
        assert "nothing_yet" not in update.metrics
        assert {"steps_per_second", "seconds_waiting", "seconds_update", "seconds_transport"} <= set(update.metrics)


def test_every_host_gets_the_weights_and_each_its_own_credit(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first, second = world.host(), world.host()
        first.join()
        second.join()
        first.say(experience(1, step_count=2))
        second.say(experience(1, step_count=2))
        for host in (first, second):
            assert host.await_heard(PolicyUpdate).version == 1
            assert host.await_heard(Credit).batch_id == 1
        world.settle()
        assert [len(host.all_heard(Credit)) for host in (first, second)] == [1, 1]


def test_the_critic_s_weights_come_where_they_are_wanted(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        with_critic, without = world.host(), world.host()
        with_critic.join(configure(wants_critic=True))
        without.join()
        without.say(experience(1))
        critic = initial_weights(build_critic_spec(OBSERVATION, POLICY, CRITIC), POLICY.seed)
        np.testing.assert_array_equal(with_critic.await_heard(PolicyUpdate).critic_weights, critic + 2)
        assert without.await_heard(PolicyUpdate).critic_weights is None


def test_a_later_host_gets_the_newest_weights_at_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first = world.host()
        first.join()
        first.say(experience(1))
        first.await_heard(Credit)
        second = world.host()
        assert second.join().policy_version == 1
        assert second.await_heard(PolicyUpdate).version == 1


def test_hosts_that_differ_only_in_their_seed_train_together(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.host().join(configure(settings={"seed": 1}))
        other = world.host()
        other.join(configure(settings={"seed": 2}, policy=replace(POLICY, seed=99)))
        update = other.await_heard(PolicyUpdate)
        assert update.version == 0
        np.testing.assert_array_equal(update.weights, initial_weights(POLICY_SPEC, POLICY.seed))


def test_another_schema_is_refused_by_its_path_and_the_first_host_goes_on(tmp_path: Path) -> None:
    def schema(size: int) -> StructObservation:
        return StructObservation((("speed", ContinuousObservation(size)),))

    with World(tmp_path) as world:
        first = world.host()
        first.join(configure(observation=schema(3)))
        refused = refusal(world, configure(observation=schema(4)))
        assert refused.code == "SCHEMA_MISMATCH"
        assert refused.where == "$.observation_schema.speed"
        assert (refused.expected, refused.received) == ("continuous(size=3, scale=1)", "continuous(size=4, scale=1)")
        first.say(experience(1))
        assert first.await_heard(Credit).batch_id == 1


@pytest.mark.parametrize(
    ("settings", "where", "expected", "received"),
    [
        ({"steps_per_update": 5}, "$.settings.steps_per_update", "8", "5"),
        ({"inner": {"depth": 3}}, "$.settings.inner.depth", "1", "3"),
    ],
)
def test_another_setting_is_refused_by_its_path(
    tmp_path: Path, settings: dict[str, object], where: str, expected: str, received: str
) -> None:
    with World(tmp_path) as world:
        world.host().join(configure(settings={"steps_per_update": 8}))
        refused = refusal(world, configure(settings=settings))
        assert (refused.code, refused.where) == ("SETTINGS_MISMATCH", where)
        assert (refused.expected, refused.received) == (expected, received)


def test_another_network_is_refused_by_its_path(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.host().join()
        refused = refusal(world, configure(policy=PolicySettings(hidden_sizes=(5,))))
        assert (refused.code, refused.where) == ("SETTINGS_MISMATCH", "$.policy_settings.hidden_sizes[0]")


def test_a_later_host_need_not_repeat_the_first_one_s_settings(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.host().join(configure(settings={"steps_per_update": 8}))
        assert world.host().join().settings["steps_per_update"] == 8


@pytest.mark.parametrize(
    ("settings", "where", "received"),
    [
        ({"steps_per_updat": 8}, "$.settings.steps_per_updat", "steps_per_updat"),
        ({"steps_per_update": "many"}, "$.settings.steps_per_update", "'many'"),
        ({"inner": {"depth": []}}, "$.settings.inner.depth", "[]"),
    ],
)
def test_an_invalid_setting_is_refused_by_its_path(
    tmp_path: Path, settings: dict[str, object], where: str, received: str
) -> None:
    with World(tmp_path) as world:
        refused = refusal(world, configure(settings=settings))
        assert (refused.code, refused.where) == ("INVALID_SETTINGS", where)
        assert received in refused.received
        assert refused.expected
        assert "--set" in refused.remedy


def test_after_a_refusal_the_next_host_may_start_the_behavior(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        wrong, right = world.host(), world.host()
        wrong.ask(hello(), Welcome)
        right.ask(hello(), Welcome)
        wrong.say(configure(settings={"unknown": 1}))
        right.say(configure())
        assert wrong.await_heard(Refused).code == "INVALID_SETTINGS"
        right.await_heard(Ready)


def test_an_unknown_algorithm_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        refused = refusal(world, configure(trainer_type="magic"))
        assert (refused.code, refused.where) == ("INVALID_SETTINGS", "$.trainer_type")
        assert "counting" in refused.expected


def test_a_hash_that_the_trainer_does_not_derive_is_refused(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        refused = refusal(world, configure(network_hash=1))
        assert (refused.code, refused.where) == ("SCHEMA_MISMATCH", "network_hash")


def test_the_command_line_wins_over_the_host_and_the_sources_are_written_down(tmp_path: Path) -> None:
    start = replace(START, overrides={"steps_per_update": 5, "inner": {"depth": 2}})
    with World(tmp_path, start=start) as world:
        host = world.host()
        ready = host.join(configure(settings={"steps_per_update": 8, "total_steps": 100}))
        assert ready.settings["steps_per_update"] == 5
        assert world.host().join(configure(settings={"steps_per_update": 9})).settings["steps_per_update"] == 5
        written = json.loads((world.folder / "settings.json").read_text())
        assert written["settings"]["inner"] == {"depth": 2}
        sources = {
            name: written["sources"][name] for name in ("steps_per_update", "inner.depth", "total_steps", "seed")
        }
        assert sources == {
            "steps_per_update": "command line",
            "inner.depth": "command line",
            "total_steps": "host",
            "seed": "default",
        }


def test_a_batch_that_came_twice_is_trained_on_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1, step_count=3))
        host.say(experience(1, step_count=3))
        world.settle()
        assert not host.all_heard(PolicyUpdate)
        host.say(experience(2, step_count=1))
        assert host.await_heard(PolicyUpdate).metrics["steps"] == 4


@pytest.mark.parametrize("observation_size", [2, 3])
def test_bad_experience_costs_its_host_the_session_and_the_others_nothing(
    tmp_path: Path, observation_size: int
) -> None:
    with World(tmp_path) as world:
        bad, good = world.host(), world.host()
        bad.join()
        good.join()
        batch = experience(1, observation_size=observation_size)
        if observation_size == 3:
            batch = replace(batch, observations=np.full_like(batch.observations, np.nan))
        failure = bad.ask(batch, Failure)
        assert failure.code == "PROTOCOL_ERROR"
        assert "observations" in failure.reason
        good.say(experience(1))
        assert good.await_heard(Credit).batch_id == 1
        assert len(good.all_heard(PolicyUpdate)) == 1


def test_experience_for_a_behavior_that_was_not_configured_is_refused(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        refused = host.is_refused(experience(1, behavior="Runner"))
        assert (refused.code, refused.received) == ("UNKNOWN_BEHAVIOR", "Runner")


@pytest.mark.parametrize("setting", ["diverges_at", "overflows_at"])
def test_weights_that_are_not_finite_are_never_sent_and_the_last_good_ones_are_kept(
    tmp_path: Path, setting: str
) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(configure(settings={setting: 2}))
        host.say(experience(1))
        host.await_heard(Credit)
        failure = host.ask(experience(2), Failure)
        assert failure.code == "DIVERGED"
        assert failure.behavior == "Walker"
        assert "learning_rate" in failure.remedy
        assert all(np.isfinite(update.weights).all() for update in host.all_heard(PolicyUpdate))
        kept = load_policy(world.folder / "policy.lbp").snapshot
        assert kept.version == 1
        np.testing.assert_array_equal(kept.values, host.all_heard(PolicyUpdate)[-1].weights)


def test_an_error_in_the_algorithm_is_told_and_its_traceback_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(configure(settings={"fails_at": 1}))
        failure = host.ask(experience(1), Failure)
        assert failure.code == "LEARNER_ERROR"
        assert "a fault in the algorithm" in failure.reason
        assert "Traceback" in caplog.text


def test_a_failed_behavior_may_be_started_anew_from_the_weights_at_hand(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(configure(settings={"fails_at": 2}))
        host.say(experience(1))
        update = host.await_heard(PolicyUpdate)
        host.ask(experience(2), Failure)
        again = world.host()
        ready = again.join(configure(start="weights", weights=update.weights, version=1))
        assert ready.policy_version == 1
        again.say(experience(1))
        assert again.await_heard(PolicyUpdate).version == 2


def test_completion_comes_after_the_last_weights_and_a_checkpoint(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(configure(settings={"total_steps": 8}))
        host.say(experience(1))
        host.say(experience(2, step_count=4))
        host.await_heard(Complete)
        assert [update.is_final for update in host.all_heard(PolicyUpdate)][-1]
        assert isinstance(host.heard[-1], Complete)
        assert load_policy(world.folder / "policy.lbp").snapshot.version == host.all_heard(PolicyUpdate)[-1].version
        assert any((world.folder / "checkpoints").iterdir())
        assert world.server.behaviors["Walker"].state is BehaviorState.COMPLETE
        assert host.ask(experience(9), Credit).batch_id == 9


def test_a_host_that_joins_a_complete_behavior_is_told_so(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first = world.host()
        first.join(configure(settings={"total_steps": 4}))
        first.say(experience(1))
        first.await_heard(Complete)
        second = world.host()
        second.join()
        second.await_heard(Complete)
        assert second.await_heard(PolicyUpdate).is_final


def test_training_starts_from_a_host_s_weights_with_their_version(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        weights = np.full(initial_weights(POLICY_SPEC, 0).shape, 0.5, np.float32)
        host = world.host()
        assert host.join(configure(start="weights", weights=weights, version=41)).policy_version == 41
        host.say(experience(1))
        update = host.await_heard(PolicyUpdate)
        assert update.version == 42
        np.testing.assert_array_equal(update.weights, weights + 1)


def test_a_run_goes_on_from_a_checkpoint_that_a_host_names(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
    with World(tmp_path, run_id="second") as world:
        ready = world.host().join(configure(start="checkpoint", checkpoint=str(tmp_path / "run" / "Walker")))
        assert ready.policy_version == 1


def test_a_resumed_run_goes_on_from_its_newest_checkpoint(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(experience(1))
        host.await_heard(Credit)
    with World(tmp_path, start=replace(START, resume=True)) as world:
        host = world.host()
        assert host.join().policy_version == 1
        assert host.await_heard(PolicyUpdate).version == 1
        host.say(experience(1))
        assert host.await_heard(PolicyUpdate, 2).metrics["steps"] == 8


def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        refused = refusal(world, configure(start="checkpoint", checkpoint=str(tmp_path / "nowhere")))
        assert (refused.code, refused.where) == ("INVALID_SETTINGS", "$.checkpoint")
        assert "nowhere" in refused.received


def test_a_host_on_another_machine_names_no_checkpoint_outside_the_results(tmp_path: Path) -> None:
    root = tmp_path / "results"
    with World(tmp_path, start=replace(START, checkpoint_root=root)) as world:
        refused = refusal(world, configure(start="checkpoint", checkpoint="../secrets"))
        assert str(root) in refused.received


def test_checkpoints_are_written_at_intervals(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=2, kept_checkpoints=2)) as world:
        host = world.host()
        host.join()
        for batch_id in range(1, 6):
            host.say(experience(batch_id))
            host.await_heard(Credit, batch_id)
        world.until(lambda: (world.folder / "checkpoints" / "000000004").is_dir(), "the second checkpoint")
        assert sorted(path.name for path in (world.folder / "checkpoints").iterdir()) == ["000000002", "000000004"]


def test_what_a_host_evaluated_is_written_among_the_metrics(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(EvaluationResult("Walker", 0, 1000, 12, 3.5, 0.5, 83.0))
        metrics = world.folder / "metrics.jsonl"
        world.until(lambda: "evaluation_return_mean" in metrics.read_text(), "the evaluation")
        assert json.loads(metrics.read_text())["evaluation_return_mean"] == 3.5


def test_a_synchronous_update_no_longer_waits_for_a_host_that_left(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        settings = {"synchronous": True}
        stays, silent = world.host(), world.host()
        stays.join(configure(settings=settings))
        silent.join(configure(settings=settings))
        stays.say(experience(1))
        world.settle()
        assert not stays.all_heard(PolicyUpdate)
        for _ in range(4):
            world.pass_time(20)
            stays.say(experience(1))
            world.settle()
        assert stays.await_heard(PolicyUpdate).version == 1


def test_the_names_of_behaviors_lead_out_of_no_run_folder(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        ready = world.host().join(configure(behavior="../../escape"))
        assert Path(ready.run_directory).parent == tmp_path / "run"
