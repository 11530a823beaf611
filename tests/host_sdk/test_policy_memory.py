"""What a policy remembers of each agent, who may read it, and what two policies of one network share."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.critic import Critic
from host_sdk.errors import AgentError, ValueMismatchError
from host_sdk.inference import NumpyNetwork
from host_sdk.manager import Manager
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.policy import Policy
from protocol.errors import LayoutMismatchError
from protocol.network_builder import build_critic_spec
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.weights import WeightsSnapshot
from tests.host_sdk.seeing_game import SETTINGS, SeeingGame, SeeingInteractor
from tests.host_sdk.small_game import Agent, make_manager

SIZE = 4


def make(agents: int = 2, settings: PolicySettings = SETTINGS, max_agents: int | None = None) -> Policy:
    manager = make_manager(agents, max_agents)
    return Policy.make_policy(manager, SeeingInteractor.make_interactor(manager), settings)


def memory_of(policy: Policy) -> list[list[float]]:
    return [policy.get_memory_state(agent).tolist() for agent in policy.manager.agent_ids.tolist()]


def changed(policy: Policy, version: int) -> WeightsSnapshot:
    return WeightsSnapshot(policy.network_hash, version, policy.snapshot().values * np.float32(0.5))


@pytest.mark.parametrize(("cell", "size"), [("none", 0), ("gru", 4), ("lstm", 8), ("learning_agents", 4)])
def test_the_memory_state_has_the_size_of_its_cell(cell: str, size: int) -> None:
    policy = make(settings=PolicySettings(hidden_sizes=(6,), memory_cell=cell, memory_state_size=4))
    assert policy.get_memory_state_size() == size
    policy.run_inference()
    assert policy.get_memory_state(0).shape == (size,)
    assert bool(policy.get_memory_state(0).any()) == (size > 0)


def test_memory_goes_on_from_step_to_step_and_ends_with_a_reset() -> None:
    policy = make()
    assert memory_of(policy) == [[0.0] * SIZE] * 2
    policy.run_inference()
    first = memory_of(policy)
    policy.run_inference()
    assert all(now != before for now, before in zip(memory_of(policy), first, strict=True))
    np.testing.assert_array_equal(policy.memory.before[:2], first)
    policy.manager.reset_agent(1)
    assert policy.get_memory_state(0).any()
    assert not policy.get_memory_state(1).any()


def test_a_newcomer_in_a_used_slot_remembers_nothing() -> None:
    policy = make()
    policy.run_inference()
    policy.manager.remove_agent(1)
    assert policy.manager.add_agent(Agent()) == 1
    assert not policy.get_memory_state(1).any()
    assert policy.get_memory_state(0).any()


def test_an_agent_that_is_not_evaluated_keeps_its_memory() -> None:
    policy = make(2, max_agents=3)
    policy.interactor.gather_observations()
    policy.manager.add_agent(Agent())  # in the middle of the step: it waits for the next one
    policy.set_memory_state([0.5] * SIZE, 2)
    policy.encode_observations()
    policy.evaluate_policy()
    assert policy.get_memory_state(2).tolist() == [0.5] * SIZE
    assert policy.get_memory_state(0).any()


def test_a_memory_state_that_is_set_is_what_the_next_evaluation_reads() -> None:
    policy, same = make(), make()
    for _ in range(2):
        policy.run_inference()
    same.interactor.time = policy.interactor.time
    for agent in range(2):
        same.set_memory_state(policy.get_memory_state(agent), agent)
    for each in (policy, same):
        each.run_inference(0.0)
    assert memory_of(policy) == memory_of(same)
    np.testing.assert_array_equal(policy.interactor.action_vectors, same.interactor.action_vectors)


def test_a_memory_state_of_another_size_or_not_finite_or_of_nobody_is_refused() -> None:
    policy = make()
    with pytest.raises(ValueMismatchError, match=r"memory state of agent 1: expected shape \(4,\), got shape \(3,\)"):
        policy.set_memory_state([1, 2, 3], 1)
    with pytest.raises(ValueMismatchError, match=r"memory state of agent 0: expected finite numbers, got .*nan"):
        policy.set_memory_state([0, np.nan, 0, 0], 0)
    with pytest.raises(AgentError):
        policy.set_memory_state([0] * SIZE, 2)
    assert memory_of(policy) == [[0.0] * SIZE] * 2


def test_what_is_remembered_is_a_copy_for_games() -> None:
    policy = make()
    policy.run_inference()
    state = policy.get_memory_state(0)
    before = state.copy()
    policy.run_inference()
    np.testing.assert_array_equal(state, before)


@pytest.mark.parametrize("removed", [[], [1, 3]])
def test_a_tick_allocates_no_memory_states(removed: list[int]) -> None:
    policy = make(5)
    policy.manager.remove_agents(removed)
    memory = policy.memory
    addresses = [array.__array_interface__["data"][0] for array in (memory.states, memory.before)]
    read = [memory.read(policy.manager.agent_ids) for _ in range(2)]
    assert np.shares_memory(*read)
    for _ in range(3):
        policy.run_inference()
    assert [array.__array_interface__["data"][0] for array in (memory.states, memory.before)] == addresses


# --- The critic


def critic_values(game: SeeingGame, critic: Critic, memory: np.ndarray) -> list[float]:
    """What the critic's network says of the present observations with these memory states."""
    buffer, settings = game.interactor.buffer, game.policy.settings
    spec = build_critic_spec(game.interactor.observation_schema_element, settings, critic.settings)
    network = NumpyNetwork(spec, len(memory))
    network.load(critic.snapshot().values)
    agents = slice(0, len(memory))
    (values,) = network.run(buffer.observation_vectors[agents], buffer.image_vectors[agents], memory)
    return values[:, 0].tolist()


def test_the_critic_reads_the_memory_that_belongs_to_the_observation_whenever_it_is_asked() -> None:
    game = SeeingGame((0, 1))
    policy, interactor = game.policy, game.interactor
    critic = Critic.make_critic(game.manager, interactor, policy, CriticSettings(hidden_sizes=(8,)))
    values = critic.snapshot().values
    noise = np.random.default_rng(1).normal(0.0, 0.5, values.shape).astype(np.float32)
    critic.apply_snapshot(WeightsSnapshot(critic.network_hash, 1, values + np.abs(noise)))
    policy.run_inference()
    before = policy.memory.states[:2].copy()

    def estimates() -> list[float]:
        critic.evaluate_critic()
        return [critic.get_estimated_discounted_return(agent) for agent in range(2)]

    interactor.gather_observations()
    expected = critic_values(game, critic, before)
    np.testing.assert_allclose(estimates(), expected, rtol=1e-5)
    policy.encode_observations()
    np.testing.assert_allclose(estimates(), expected, rtol=1e-5)
    policy.evaluate_policy()
    np.testing.assert_allclose(estimates(), expected, rtol=1e-5)
    policy.decode_and_sample_actions()
    interactor.perform_actions()
    np.testing.assert_allclose(estimates(), expected, rtol=1e-5)
    interactor.gather_observations()
    with_old_memory = critic_values(game, critic, before)
    assert not np.allclose(estimates(), with_old_memory, rtol=1e-5)
    np.testing.assert_allclose(estimates(), critic_values(game, critic, policy.memory.states[:2]), rtol=1e-5)


# --- Sharing networks


def test_policies_of_one_network_see_each_other_s_updates_and_remember_apart() -> None:
    first = make(2)
    manager = make_manager(3)
    second = Policy.make_policy(manager, SeeingInteractor.make_interactor(manager), networks_of=first)
    assert second.settings == first.settings
    assert second.snapshot() is first.snapshot()
    for policy, other in ((first, second), (second, first)):
        policy.apply_snapshot(changed(policy, policy.version + 1))
        assert other.version == policy.version
        assert other.has_learned
        assert other.snapshot() is policy.snapshot()
    first.run_inference(0.0)
    assert not second.memory.states.any()
    second.run_inference(0.0)
    np.testing.assert_array_equal(first.memory.states[:2], second.memory.states[:2])
    np.testing.assert_array_equal(first.interactor.action_vectors[:2], second.interactor.action_vectors[:2])


def test_policies_of_one_network_draw_different_random_numbers() -> None:
    first = make(2)
    manager = make_manager(2)
    second = Policy.make_policy(manager, SeeingInteractor.make_interactor(manager), networks_of=first)
    for policy in (first, second):
        policy.run_inference()
    assert (first.interactor.action_vectors != second.interactor.action_vectors).any()


def test_a_policy_that_is_gone_is_given_no_weights_any_more() -> None:
    first = make(2)
    manager = make_manager(2)
    second = Policy.make_policy(manager, SeeingInteractor.make_interactor(manager), networks_of=first)
    network = weakref.ref(second._network)
    del manager, second
    gc.collect()
    assert network() is None
    first.apply_snapshot(changed(first, 1))


def test_sharing_across_schemas_names_the_element_that_differs() -> None:
    class Gearless(SeeingInteractor):
        """Has two gears."""

        def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
            """A push and one of two gears."""
            push, gear = action_schema.continuous(2), action_schema.exclusive_discrete(2)
            return action_schema.struct({"push": push, "gear": gear})

    class Coarse(SeeingInteractor):
        """Reads its picture by other convolutions."""

        def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
            """The same picture."""
            picture = observation_schema.image(3, 2, filters=(3,), encoding_size=3)
            return observation_schema.struct(
                {"where": observation_schema.continuous(2, scale=10.0), "picture": picture}
            )

    first = make()

    def refusal(interactor_class: type[SeeingInteractor], settings: PolicySettings | None = None) -> str:
        manager = Manager(1)
        interactor = interactor_class.make_interactor(manager)
        with pytest.raises(LayoutMismatchError) as raised:
            Policy.make_policy(manager, interactor, settings, networks_of=first)
        return str(raised.value)

    assert (
        "Policy has other actions than Interactor: $.gear: expected exclusive_discrete(2), got exclusive_discrete(3)"
        in (refusal(Gearless))
    )
    encodings = refusal(Coarse)
    assert "other encodings of observations than this policy: $.picture: expected image(" in encodings
    assert "filters=[3]" in encodings
    other = PolicySettings(hidden_sizes=(6,), memory_cell="lstm", memory_state_size=4)
    assert "other policy settings than this policy: $.memory_cell: expected lstm, got gru" in (
        refusal(SeeingInteractor, other)
    )


def test_a_policy_file_carries_memory_and_images(tmp_path: Path) -> None:
    policy = make()
    policy.apply_snapshot(changed(policy, 3))
    policy.save_policy(tmp_path / "seer.policy")
    manager = make_manager(2)
    loaded = Policy.make_policy_from_file(
        manager, SeeingInteractor.make_interactor(manager), tmp_path / "seer.policy", name="seer"
    )
    assert loaded.settings == policy.settings
    for _ in range(3):
        for each in (policy, loaded):
            each.run_inference(0.0)
    assert memory_of(policy) == memory_of(loaded)
    np.testing.assert_array_equal(policy.interactor.action_vectors, loaded.interactor.action_vectors)
