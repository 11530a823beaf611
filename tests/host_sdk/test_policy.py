"""A policy acts from the beginning, and weights are swapped whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from host_sdk.critic import Critic
from host_sdk.errors import AgentError, MissingCallError, ValueMismatchError
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.trajectory_recorder import TrajectoryRecorder
from protocol.collection_contract import CollectionContract
from protocol.errors import LayoutMismatchError, PolicyFileError, WeightsError
from protocol.experience import STEP_FIELDS
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.weights import WeightsSnapshot
from tests.host_sdk.small_game import SmallEnvironment, SmallInteractor, make_manager

SETTINGS = PolicySettings(hidden_sizes=(8,))


def make(agents: int = 2, settings: PolicySettings = SETTINGS, seed: int | None = None) -> Policy:
    manager = make_manager(agents)
    return Policy.make_policy(manager, SmallInteractor.make_interactor(manager), settings, seed=seed)


def actions_of(policy: Policy, ticks: int = 3, noise_scale: float = 1.0) -> list[list[list[float]]]:
    actions = []
    for _ in range(ticks):
        policy.run_inference(noise_scale)
        actions.append(policy.interactor.action_vectors.tolist())
    return actions


def changed(policy: Policy, version: int = 1) -> WeightsSnapshot:
    return WeightsSnapshot(policy.network_hash, version, policy.snapshot().values + np.float32(0.5))


def test_the_same_seed_gives_the_same_actions_and_another_one_others() -> None:
    first = actions_of(make())
    assert actions_of(make()) == first
    assert actions_of(make(seed=SETTINGS.seed)) == first
    assert actions_of(make(seed=7)) != first
    again = make()
    again.seed(SETTINGS.seed, 1)
    assert actions_of(again) != first


def test_without_noise_actions_are_the_mode_whatever_the_seed() -> None:
    policy = make(seed=1)
    assert actions_of(policy, noise_scale=0.0) == actions_of(make(seed=2), noise_scale=0.0)
    assert policy.is_deterministic
    policy.run_inference()
    assert not policy.is_deterministic


def test_log_probs_are_those_of_the_sampled_actions() -> None:
    policy = make(3)
    policy.run_inference()
    assert policy.log_probs.shape == (3,)
    assert np.isfinite(policy.log_probs).all()
    assert len(set(policy.log_probs.tolist())) > 1


def test_agents_in_scattered_slots_act_as_those_in_neighbouring_ones() -> None:
    manager = make_manager(5)
    manager.remove_agents([1, 3])
    policy = Policy.make_policy(manager, SmallInteractor.make_interactor(manager), SETTINGS)
    policy.run_inference()
    vectors = policy.interactor.action_vectors
    assert (vectors[[1, 3]] == 0.0).all()
    assert (vectors[[0, 2, 4], :2] != 0.0).all()
    assert (policy.log_probs[[0, 2, 4]] != 0.0).all()


def test_the_parts_of_a_step_out_of_order_name_the_missing_one() -> None:
    policy = make()
    with pytest.raises(MissingCallError, match="encode_observations: gather_observations was not called"):
        policy.encode_observations()
    with pytest.raises(MissingCallError, match="evaluate_policy: encode_observations was not called"):
        policy.evaluate_policy()
    policy.interactor.gather_observations()
    policy.encode_observations()
    with pytest.raises(MissingCallError, match="decode_and_sample_actions: evaluate_policy was not called"):
        policy.decode_and_sample_actions()
    policy.evaluate_policy()
    policy.decode_and_sample_actions()
    policy.interactor.perform_actions()
    with pytest.raises(MissingCallError, match="encode_observations: gather_observations was not called"):
        policy.encode_observations()


def test_new_weights_change_what_is_done_and_carry_their_version() -> None:
    policy, same = make(), make()
    assert (policy.version, policy.has_learned) == (0, False)
    policy.apply_snapshot(changed(policy, version=3))
    assert (policy.version, policy.has_learned) == (3, True)
    assert actions_of(policy, noise_scale=0.0) != actions_of(same, noise_scale=0.0)
    same.apply_snapshot(policy.snapshot())
    assert same.snapshot_as(9).version == 9
    assert same.snapshot_as(9).values is policy.snapshot().values


def test_weights_of_another_network_are_refused_naming_both_and_the_old_stay() -> None:
    policy, other = make(), make(settings=PolicySettings(hidden_sizes=(9,)))
    before = policy.snapshot()
    with pytest.raises(LayoutMismatchError) as raised:
        policy.apply_snapshot(other.snapshot())
    assert f"{other.network_hash:#018x}" in str(raised.value)
    assert f"{policy.network_hash:#018x}" in str(raised.value)
    assert policy.snapshot() is before
    actions_of(policy)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_and_the_old_stay(value: float) -> None:
    policy = make()
    good = changed(policy)
    policy.apply_snapshot(good)
    values = good.values.copy()
    values[-1] = value
    with pytest.raises(WeightsError, match="version 2 are not finite"):
        policy.apply_snapshot(WeightsSnapshot(policy.network_hash, 2, values))
    assert policy.snapshot() is good
    assert np.isfinite(actions_of(policy)).all()


def test_too_few_weights_are_refused() -> None:
    policy = make()
    with pytest.raises(WeightsError):
        policy.apply_snapshot(WeightsSnapshot(policy.network_hash, 1, policy.snapshot().values[:-1].copy()))


def test_a_policy_file_makes_the_same_policy(tmp_path: Path) -> None:
    policy = make()
    policy.apply_snapshot(changed(policy, version=5))
    policy.save_policy(tmp_path / "walker.policy", metadata={"run": "3"})
    manager = make_manager(2)
    loaded = Policy.make_policy_from_file(
        manager, SmallInteractor.make_interactor(manager), tmp_path / "walker.policy", name="walker"
    )
    assert (loaded.version, loaded.settings, loaded.name, loaded.has_learned) == (5, SETTINGS, "walker", True)
    assert actions_of(loaded, noise_scale=0.0) == actions_of(policy, noise_scale=0.0)


def test_a_policy_file_of_other_settings_or_none_is_refused(tmp_path: Path) -> None:
    make().save_policy(tmp_path / "small.policy")
    other = make(settings=PolicySettings(hidden_sizes=(16,)))
    with pytest.raises(LayoutMismatchError, match=r"policy settings .* \$\.hidden_sizes: expected \(16,\), got \(8,\)"):
        other.load_policy(tmp_path / "small.policy")
    with pytest.raises(PolicyFileError):
        other.load_policy(tmp_path / "none.policy")
    assert other.version == 0


def test_a_policy_file_of_other_actions_names_both(tmp_path: Path) -> None:
    class Driver(SmallInteractor):
        """Only pushes."""

        def specify_agent_action(self, action_schema):
            """A push."""
            return action_schema.struct({"push": action_schema.continuous(2)})

    make().save_policy(tmp_path / "small.policy")
    manager = Manager(1)
    policy = Policy.make_policy(manager, Driver.make_interactor(manager), SETTINGS)
    for load in (policy.load_policy, lambda path: Policy.make_policy_from_file(manager, policy.interactor, path)):
        with pytest.raises(LayoutMismatchError) as raised:
            load(tmp_path / "small.policy")
        assert (
            "small.policy has other actions than Interactor: $.gear: expected nothing, got exclusive_discrete(3)"
            in (str(raised.value))
        )


def test_a_policy_without_memory_has_a_memory_state_of_size_0() -> None:
    policy = make()
    assert policy.get_memory_state_size() == 0
    assert policy.get_memory_state(1).shape == (0,)
    policy.set_memory_state([], 1)
    with pytest.raises(ValueMismatchError, match=r"memory state of agent 0: expected shape \(0,\), got shape \(3,\)"):
        policy.set_memory_state([1, 2, 3], 0)
    with pytest.raises(AgentError):
        policy.get_memory_state()


def test_who_has_acted_is_known() -> None:
    policy = make()
    assert not policy.has_acted
    policy.run_inference()
    assert policy.has_acted
    policy.manager.reset_all_agents()
    assert not policy.has_acted


def test_a_noise_scale_below_0_is_refused() -> None:
    with pytest.raises(ValueError, match="noise scale"):
        make().run_inference(-1.0)


def test_the_critic_estimates_what_its_weights_say() -> None:
    policy = make(3)
    manager, interactor = policy.manager, policy.interactor
    critic = Critic.make_critic(manager, interactor, policy, CriticSettings(hidden_sizes=(8,)))
    with pytest.raises(MissingCallError, match="evaluate_critic was not called"):
        critic.get_estimated_discounted_return(0)
    policy.run_inference()
    critic.evaluate_critic()
    before = [critic.get_estimated_discounted_return(agent) for agent in range(3)]
    assert len(set(before)) == 3
    values = np.zeros_like(critic.snapshot().values)
    critic.apply_snapshot(WeightsSnapshot(critic.network_hash, 1, values))
    critic.evaluate_critic()
    assert [critic.get_estimated_discounted_return(agent) for agent in range(3)] == [0.0] * 3
    with pytest.raises(LayoutMismatchError):
        critic.apply_snapshot(policy.snapshot())
    manager.reset_agent(1)
    with pytest.raises(MissingCallError):
        critic.get_estimated_discounted_return(1)


def test_a_whole_game_is_recorded_as_it_was_played() -> None:
    policy = make(3)
    manager, interactor = policy.manager, policy.interactor
    environment = SmallEnvironment.make_training_environment(manager)
    contract = CollectionContract(12, 0, 1, STEP_FIELDS, False)
    recorder = TrajectoryRecorder(interactor.observation_layout, interactor.action_layout, 3, contract)
    seen: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = []
    buffer = interactor.buffer

    def begin(agent_ids: np.ndarray[tuple[int], np.dtype[np.int64]], noise_scale: float) -> None:
        seen.append(buffer.observation_vectors.copy())
        recorder.begin_step(
            agent_ids,
            buffer.observation_vectors,
            buffer.action_vectors,
            policy.log_probs,
            policy_version=policy.version,
            noise_scale=noise_scale,
            is_set_by_hand=buffer.is_set_by_hand,
            is_finite=buffer.is_finite,
        )

    policy.after_inference = begin
    for _ in range(4):
        policy.run_inference()
        environment.gather_completions()
        environment.gather_rewards()
        assert not recorder.end_step(*environment.collect_outcomes()).agent_ids.size
    assert recorder.is_full
    recorder.cut_all(interactor.peek_observations(recorder.open_agent_ids))
    batch = recorder.take()
    assert batch is not None
    np.testing.assert_array_equal(batch.observations, np.stack(seen))
    np.testing.assert_array_equal(batch.actions[-1], interactor.action_vectors)
    np.testing.assert_array_equal(batch.log_probs[-1], policy.log_probs)
    assert batch.rewards.tolist() == [[0.0, 1.0, 2.0]] * 4
    assert batch.segments.is_on_policy.tolist() == [1, 1, 1]
