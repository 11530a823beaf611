"""What weights a path means, and how those of another network are told."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.messages import Configure
from protocol.policy_file import PolicyFile, load_policy, save_policy
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousObservation, ObservationElement
from protocol.weights import WeightsSnapshot
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from tests.trainer_process.server_world import CRITIC, OBSERVATION, POLICY, configure
from trainer_process.behavior_plan import BehaviorPlan, make_plan
from trainer_process.behavior_start import start_behavior
from trainer_process.errors import CheckpointError, ConfigurationRefusedError
from trainer_process.run_folder import RunFolder
from trainer_process.start_point import find_start
from trainer_process.start_settings import StartSettings, same_for_all
from trainer_process.started_behavior import StartedBehavior

SETTINGS = {"steps_per_update": 16, "minibatch_size": 8, "epochs": 1, "normalizer_initialisation": "train"}
KEPT = StartSettings(metrics_writers=(), checkpoint_interval=1)


def nothing() -> None:
    """Progress that nobody watches."""


def wanted(trainer_type: str = "ppo", behavior: str = "Walker", **networks: object) -> Configure:
    of_ppo = SETTINGS if trainer_type == "ppo" else {}
    return configure(trainer_type=trainer_type, behavior=behavior, settings=of_ppo, **networks)


def started(folder: Path, run_id: str, asked: Configure, start: StartSettings = KEPT) -> StartedBehavior:
    place = RunFolder(folder, run_id).behavior(asked.behavior)
    return start_behavior(asked, nothing, folder=place, start_of=same_for_all(start))


def learn(behavior: StartedBehavior, updates: int) -> None:
    for number in range(1, updates + 1):
        behavior.accept(make_batch([acted_segment(behavior.plan.spec, number, 16, versions=[number - 1])], number), 0)
        update = behavior.learn(nothing, seconds_in_transport=0.0)
        behavior.keeper.save(update)
    behavior.close()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose behavior made two updates."""
    learn(started(tmp_path, "first", wanted()), 2)
    return tmp_path / "first"


def plan_of(asked: Configure) -> BehaviorPlan:
    return make_plan(asked, StartSettings())


@pytest.mark.parametrize(
    ("where", "with_critic"),
    [
        ("", True),
        ("Walker", True),
        ("Walker/checkpoints", True),
        ("Walker/checkpoints/000000002", True),
        ("Walker/policy.lbp", False),
    ],
)
def test_the_same_weights_are_found_from_the_run_down_to_the_file(run: Path, where: str, with_critic: bool) -> None:
    point = find_start(run / where, plan_of(wanted()))
    expected = load_policy(run / "Walker" / "policy.lbp").snapshot
    np.testing.assert_array_equal(point.policy.values, expected.values)
    assert (point.policy.version, point.policy.network_hash) == (2, expected.network_hash)
    assert (point.critic is not None) == with_critic


def test_an_earlier_checkpoint_may_be_named(run: Path) -> None:
    assert find_start(run / "Walker" / "checkpoints" / "000000001", plan_of(wanted())).policy.version == 1


def test_counters_begin_at_0_with_the_weights_the_normaliser_and_the_critic(run: Path, tmp_path: Path) -> None:
    earlier = started(tmp_path, "first", wanted(), replace(KEPT, resume=True))
    later = started(tmp_path, "second", wanted(), replace(KEPT, start_path=run))
    for behavior in (earlier, later):
        behavior.close()
    assert (later.first.iteration, later.first.steps, later.first.policy.version) == (0, 0, 2)
    np.testing.assert_array_equal(later.first.policy.values, earlier.first.policy.values)
    assert later.first.critic is not None
    assert earlier.first.critic is not None
    np.testing.assert_array_equal(later.first.critic.values, earlier.first.critic.values)


def test_another_algorithm_takes_the_policy_alone(run: Path) -> None:
    assert find_start(run, plan_of(wanted("gail"))).critic is None


def test_another_critic_network_is_begun_anew(run: Path) -> None:
    assert find_start(run, plan_of(wanted(critic=CriticSettings(hidden_sizes=(7,))))).critic is None


def test_the_critic_of_a_policy_file_goes_along_where_it_fits(run: Path, tmp_path: Path) -> None:
    file, plan = load_policy(run / "Walker" / "policy.lbp"), plan_of(wanted())
    critic = find_start(run, plan).critic
    assert critic is not None
    path = tmp_path / "with_critic.lbp"
    save_policy(path, replace(file, critic_settings=CRITIC, critic_snapshot=critic))
    found = find_start(path, plan).critic
    assert found is not None
    np.testing.assert_array_equal(found.values, critic.values)
    assert find_start(path, plan_of(wanted(critic=CriticSettings(hidden_sizes=(7,))))).critic is None


@pytest.mark.parametrize("where", ["", "Walker/policy.lbp"])
@pytest.mark.parametrize(
    ("other", "ours", "theirs"),
    [
        ({"policy": PolicySettings(hidden_sizes=(6,))}, r"\$\.policy_settings\.hidden_sizes\[0\] 6", "with 4"),
        (
            {"observation": ContinuousObservation(5)},
            r"\$\.observation_schema continuous\(size=5, scale=1\)",
            r"with continuous\(size=3, scale=1\)",
        ),
    ],
)
def test_weights_of_another_network_are_refused_with_both_networks(
    run: Path, where: str, other: dict[str, PolicySettings | ObservationElement], ours: str, theirs: str
) -> None:
    with pytest.raises(CheckpointError, match=f"expected weights of the network 0x.*{ours}; got .* 0x.*{theirs}"):
        find_start(run / where, plan_of(wanted(**other)))


def test_a_checkpoint_that_was_moved_away_is_told_by_its_hash(run: Path, tmp_path: Path) -> None:
    lone = tmp_path / "lone" / "folder" / "000000002"
    shutil.copytree(run / "Walker" / "checkpoints" / "000000002", lone)
    with pytest.raises(CheckpointError, match=r"expected weights of the network 0x\w{16}; got those of .* 0x\w{16}$"):
        find_start(lone, plan_of(wanted(policy=PolicySettings(hidden_sizes=(6,)))))


def test_a_run_with_one_behavior_of_another_name_gives_that(run: Path) -> None:
    assert find_start(run, plan_of(wanted(behavior="Runner"))).policy.version == 2


def test_a_run_with_several_others_names_them(run: Path, tmp_path: Path) -> None:
    learn(started(tmp_path, "first", wanted(behavior="Flyer")), 1)
    with pytest.raises(CheckpointError, match="the behavior 'Runner', got one with these: Flyer, Walker"):
        find_start(run, plan_of(wanted(behavior="Runner")))


def test_a_policy_is_found_where_there_are_no_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "Walker" / "checkpoints")
    assert find_start(run, plan_of(wanted())).policy.version == 2


def test_a_path_that_leads_nowhere_is_told_to_the_host(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefusedError) as refused:
        started(tmp_path, "second", wanted(), replace(KEPT, start_path=tmp_path / "nowhere"))
    assert "nowhere" in refused.value.answer.received
    assert not (tmp_path / "second").exists()


def test_hosts_at_version_0_get_weights_of_version_0_as_version_1(run: Path, tmp_path: Path) -> None:
    spec = plan_of(wanted()).spec
    file = load_policy(run / "Walker" / "policy.lbp")
    snapshot = WeightsSnapshot(spec.policy_spec.hash, 0, file.snapshot.values)
    save_policy(tmp_path / "zero.lbp", PolicyFile("Walker", OBSERVATION, spec.action, POLICY, snapshot))
    assert find_start(tmp_path / "zero.lbp", plan_of(wanted())).policy.version == 1


def test_settings_json_names_where_every_value_came_from(tmp_path: Path) -> None:
    start = replace(KEPT, overrides={"epochs": 2, "gae_lambda": 0.5}, override_sources={"epochs": "config.yaml:7"})
    behavior = started(tmp_path, "first", wanted(), start)
    behavior.close()
    sources = json.loads((tmp_path / "first" / "Walker" / "settings.json").read_text())["sources"]
    found = [sources[name] for name in ("epochs", "gae_lambda", "minibatch_size", "learning_rate")]
    assert found == ["config.yaml:7", "command line", "host", "default"]
