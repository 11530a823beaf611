"""Agents see and act through vectors that are all theirs, in calls that come in order."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from host_sdk.errors import (
    AgentError,
    DoubledCallError,
    HostError,
    MissingCallError,
    NotSetUpError,
    ValueMismatchError,
)
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.policy import Policy
from protocol.errors import LayoutMismatchError
from protocol.policy_settings import PolicySettings
from tests.host_sdk.small_game import Agent, SingularInteractor, SmallInteractor, make_manager

OBSERVATION_SIZE = 6
ACTION_SIZE = 6


def make(agents: int, max_agents: int | None = None) -> tuple[Manager, SmallInteractor, Policy]:
    manager = make_manager(agents, max_agents)
    interactor = SmallInteractor.make_interactor(manager)
    return manager, interactor, Policy.make_policy(manager, interactor, PolicySettings(hidden_sizes=(8,)))


def test_sizes_schemas_and_objects_are_there_after_setup() -> None:
    manager = Manager(3)
    interactor = Interactor.make_interactor(manager, SmallInteractor, "walker")
    assert isinstance(interactor, SmallInteractor)
    assert interactor.name == "walker"
    assert interactor.is_setup
    assert interactor.manager is manager
    assert interactor.get_observation_vector_size() == OBSERVATION_SIZE
    assert interactor.get_observation_encoded_vector_size() == OBSERVATION_SIZE
    assert interactor.get_action_vector_size() == ACTION_SIZE
    assert interactor.get_action_distribution_vector_size() == ACTION_SIZE + 2
    assert interactor.get_action_encoded_vector_size() == ACTION_SIZE + 2
    assert interactor.observation_vectors.shape == (3, OBSERVATION_SIZE)
    assert interactor.action_vectors.shape == (3, ACTION_SIZE)
    for name in ("observation_schema", "observation_object", "action_schema", "action_object"):
        assert getattr(interactor, name) is getattr(interactor, name)
    assert len(interactor.action_object_elements) == 0
    assert interactor.observation_object_elements == []


def test_using_an_interactor_before_its_setup_says_what_to_do() -> None:
    with pytest.raises(NotSetUpError, match="make it with its make_"):
        SmallInteractor().gather_observations()


def test_setting_up_twice_is_refused() -> None:
    interactor = SmallInteractor.make_interactor(Manager(1))
    with pytest.raises(NotSetUpError, match="already set up"):
        interactor.setup_interactor(Manager(1))


def test_an_interactor_that_overrides_neither_callback_says_which() -> None:
    class Blind(SingularInteractor):
        """Has neither."""

        gather_agent_observation = Interactor.gather_agent_observation

    interactor = Blind.make_interactor(make_manager(1))
    with pytest.raises(HostError, match="Blind must override gather_agent_observation or gather_agent_observations"):
        interactor.gather_observations()


@pytest.mark.parametrize("class_", [SmallInteractor, SingularInteractor])
@pytest.mark.parametrize("removed", [None, 1])
def test_each_agent_gets_its_own_numbers_in_whatever_slots_agents_are(
    class_: type[SmallInteractor], removed: int | None
) -> None:
    manager = make_manager(4)
    if removed is not None:
        manager.remove_agent(removed)
    interactor = class_.make_interactor(manager)
    policy = Policy.make_policy(manager, interactor)
    for time in range(3):
        policy.run_inference()
        for agent in manager.agent_ids.tolist():
            vector, schema_hash = interactor.get_observation_vector(agent)
            hand = [float((agent + time) % 4 == hand) for hand in range(4)]
            np.testing.assert_allclose(vector, [agent / 10, time / 10, *hand], rtol=1e-6)
            assert schema_hash == interactor.observation_hash
            sampled, action_hash = interactor.get_action_vector(agent)
            push, gear, horn = interactor.performed[-1][agent]
            np.testing.assert_allclose(push, np.clip(sampled[:2], -1, 1), rtol=1e-6)
            assert (sampled[2:5].argmax(), sampled[5] > 0.5) == (gear, horn)
            assert action_hash == interactor.action_hash


def test_batched_and_singular_callbacks_play_alike() -> None:
    played = []
    for class_ in (SmallInteractor, SingularInteractor):
        manager = make_manager(3)
        interactor = class_.make_interactor(manager)
        policy = Policy.make_policy(manager, interactor)
        for _ in range(4):
            policy.run_inference()
        played.append(interactor.performed)
    assert played[0] == played[1]


def test_gathering_twice_names_the_call_and_the_remedy_and_then_goes_on() -> None:
    _, interactor, policy = make(2)
    interactor.gather_observations()
    with pytest.raises(DoubledCallError, match=r"gather_observations was called twice in one step for agents 0, 1"):
        interactor.gather_observations()
    policy.run_inference()
    policy.run_inference()


def test_gathering_before_the_actions_were_performed_names_the_missing_call() -> None:
    _, interactor, policy = make(1)
    interactor.gather_observations()
    policy.encode_observations()
    policy.evaluate_policy()
    policy.decode_and_sample_actions()
    with pytest.raises(MissingCallError, match="perform_actions was not called before it for agent 0"):
        interactor.gather_observations()


def test_performing_without_actions_names_the_missing_call() -> None:
    _, interactor, policy = make(1)
    with pytest.raises(MissingCallError, match="perform_actions: decode_and_sample_actions was not called"):
        interactor.perform_actions()
    policy.run_inference()
    with pytest.raises(MissingCallError, match="perform_actions: decode_and_sample_actions was not called"):
        interactor.perform_actions()


def test_an_agent_that_comes_within_a_step_waits_for_the_next() -> None:
    manager, interactor, policy = make(1, 3)

    class Spawning(SmallInteractor):
        """Gets company while it looks around."""

        def gather_agent_observations(
            self, observation_object: ObservationObject, agent_ids: np.ndarray[tuple[int], np.dtype[np.int64]]
        ) -> object:
            """Adds an agent first."""
            if self.manager.agent_count < 3:
                self.manager.add_agent(Agent())
            return super().gather_agent_observations(observation_object, agent_ids)

    manager.remove_listener(interactor)
    manager.remove_listener(policy)
    spawning = Spawning.make_interactor(manager)
    policy = Policy.make_policy(manager, spawning)
    for _ in range(3):
        policy.run_inference()
    assert [sorted(step) for step in spawning.performed] == [[0], [0, 1], [0, 1, 2]]


def test_an_agent_that_is_removed_while_actions_are_performed_does_no_harm() -> None:
    manager, interactor, policy = make(3)

    class Deadly(SmallInteractor):
        """Loses an agent to its action."""

        def perform_agent_actions(self, action_object: object, elements: object, agent_ids: object) -> None:
            """Removes the last one."""
            super().perform_agent_actions(action_object, elements, agent_ids)
            if self.manager.agent_count > 1:
                self.manager.remove_agent(int(self.manager.agent_ids[-1]))

    deadly = Deadly.make_interactor(manager)
    policy = Policy.make_policy(manager, deadly)
    for _ in range(3):
        policy.run_inference()
    assert [sorted(step) for step in deadly.performed] == [[0, 1, 2], [0, 1], [0]]
    assert interactor.performed == []


def test_without_agents_a_step_does_nothing() -> None:
    _, interactor, policy = make(0, 2)
    policy.run_inference()
    assert interactor.performed == []


def test_an_observation_that_is_not_finite_is_named_once_held_as_zeros_and_marked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    manager, interactor, policy = make(3)
    interactor.poisoned = {1}
    with caplog.at_level(logging.WARNING):
        policy.run_inference()
        policy.run_inference()
    (message,) = [record.getMessage() for record in caplog.records]
    assert "observation.where[1] of agent 1 is nan" in message
    assert interactor.observation_vectors[1].tolist() == [0.0] * OBSERVATION_SIZE
    assert interactor.buffer.is_finite.tolist() == [True, False, True]
    assert np.isfinite(policy.log_probs).all()
    interactor.poisoned = set()
    policy.run_inference()
    assert interactor.buffer.is_finite.all()
    assert manager.agent_count == 3


def test_peeking_changes_no_vector_and_no_counter() -> None:
    _, interactor, policy = make(3)
    policy.run_inference()
    before = interactor.observation_vectors.copy()
    seen = interactor.peek_observations(np.array([2, 0]))
    np.testing.assert_allclose(seen[:, :2], [[0.2, 0.1], [0.0, 0.1]], rtol=1e-6)
    np.testing.assert_array_equal(interactor.observation_vectors, before)
    policy.run_inference()
    assert interactor.peek_observations(np.zeros(0, dtype=np.int64)).shape == (0, OBSERVATION_SIZE)


def test_an_action_set_by_hand_is_performed_and_marked() -> None:
    _, interactor, policy = make(2)
    interactor.gather_observations()
    policy.encode_observations()
    policy.evaluate_policy()
    policy.decode_and_sample_actions()
    interactor.set_action_vector([5.0, -0.5, 0, 0, 1, 1], interactor.action_hash, 1, increment_iteration=False)
    interactor.perform_actions()
    assert interactor.performed[0][1] == ([1.0, -0.5], 2, True)
    assert interactor.buffer.is_set_by_hand.tolist() == [False, True]
    policy.run_inference()
    assert interactor.buffer.is_set_by_hand.tolist() == [False, False]


def test_a_game_without_a_policy_can_set_both_vectors_by_hand() -> None:
    interactor = SmallInteractor.make_interactor(make_manager(1))
    interactor.set_observation_vector(np.arange(6), interactor.observation_hash, 0)
    interactor.set_action_vector([0, 0, 1, 0, 0, 0], interactor.action_hash, 0)
    interactor.perform_actions()
    assert interactor.performed == [{0: ([0.0, 0.0], 0, False)}]
    with pytest.raises(MissingCallError, match="set_action_vector: gather_observations was not called"):
        interactor.set_action_vector([0, 0, 1, 0, 0, 0], interactor.action_hash, 0)


def test_setting_a_vector_twice_in_a_step_asks_for_replacement() -> None:
    interactor = SmallInteractor.make_interactor(make_manager(1))
    vector = np.zeros(6)
    for setter, schema_hash in (
        (interactor.set_observation_vector, interactor.observation_hash),
        (interactor.set_action_vector, interactor.action_hash),
    ):
        setter(vector, schema_hash, 0)
        with pytest.raises(DoubledCallError, match="pass increment_iteration=False to replace"):
            setter(vector, schema_hash, 0)
        setter(vector + 1, schema_hash, 0, increment_iteration=False)
    assert interactor.get_observation_vector(0)[0].tolist() == [1.0] * 6


def test_a_vector_of_another_schema_or_size_or_that_is_not_finite_is_refused() -> None:
    interactor = SmallInteractor.make_interactor(make_manager(1))
    with pytest.raises(LayoutMismatchError, match=r"expected the hash 0x[0-9a-f]{16}, got 0x0000000000000001"):
        interactor.set_observation_vector(np.zeros(6), 1, 0)
    with pytest.raises(ValueMismatchError, match=r"observation vector of agent 0: expected 6 finite floats, got shape"):
        interactor.set_observation_vector(np.zeros(5), interactor.observation_hash, 0)
    with pytest.raises(ValueMismatchError, match="numbers that are not finite"):
        interactor.set_action_vector(np.full(6, np.inf), interactor.action_hash, 0)


def test_a_vector_of_another_interactor_of_this_process_is_refused_by_the_element_that_differs() -> None:
    class Farsighted(SmallInteractor):
        """Sees a clock of twelve hours."""

        def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
            """Twelve hands."""
            where, hand = observation_schema.continuous(2, scale=10.0), observation_schema.exclusive_discrete(12)
            return observation_schema.struct({"where": where, "hand": hand})

    interactor = SmallInteractor.make_interactor(make_manager(1))
    other = Farsighted.make_interactor(make_manager(1))
    with pytest.raises(LayoutMismatchError) as raised:
        interactor.set_observation_vector(np.zeros(14), other.observation_hash, 0)
    assert "$.hand: expected exclusive_discrete(4), got exclusive_discrete(12)" in str(raised.value)


def test_vectors_of_agents_that_are_not_there_or_have_none_are_refused() -> None:
    manager, interactor, policy = make(2)
    with pytest.raises(AgentError, match="no agent -1"):
        interactor.has_observation_vector()
    assert not interactor.has_observation_vector(0)
    assert not interactor.has_action_vector(0)
    with pytest.raises(MissingCallError, match="get_action_vector: decode_and_sample_actions was not called"):
        interactor.get_action_vector(0)
    policy.run_inference()
    assert interactor.has_observation_vector(0)
    assert interactor.has_action_vector(1)
    manager.reset_agent(0)
    assert not interactor.has_observation_vector(0)
    assert interactor.has_observation_vector(1)
    manager.remove_agent(1)
    manager.add_agent(Agent())
    assert not interactor.has_action_vector(1)


def test_a_list_of_the_wrong_length_is_refused() -> None:
    class Short(SingularInteractor):
        """Forgets the last agent."""

        def gather_agent_observations(self, observation_object: ObservationObject, agent_ids: object) -> object:
            """One too few."""
            elements = super().gather_agent_observations(observation_object, agent_ids)
            assert isinstance(elements, list)
            return elements[:-1]

    interactor = Short.make_interactor(make_manager(3))
    with pytest.raises(ValueMismatchError, match="a list of 3 elements, one for each agent, or one batched element"):
        interactor.gather_observations()
