"""A game says each step what its agents can't do; policies obey, and what is recorded tells of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from host_sdk.action_modifier import ActionModifier
from host_sdk.action_modifier_element import ActionModifierElement
from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.errors import DoubledCallError, MissingCallError, NotSetUpError, ValueMismatchError
from host_sdk.inference import ActionDistribution
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interactor_callbacks import ActionModifierElements
from host_sdk.policy import Policy
from host_sdk.policy_recording import PolicyRecording
from protocol.collection_contract import CollectionContract
from protocol.errors import LayoutMismatchError, SchemaError
from protocol.limits import MAX_ACTION_SIZE
from tests.host_sdk.small_game import SmallInteractor, make_manager

GIVEN = np.float32(0.1) + np.float32(0.2)
"""A number that squashing its inverse would miss by a bit."""


class FrozenGears(SmallInteractor):
    """Agents can only choose the gear that is their id by three, and the first half of their push is given. Batched."""

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        """As in the small game, but squashed."""
        return action_schema.struct(
            {
                "push": action_schema.continuous(2, bounding="squash", low=-1.0, high=1.0),
                "gear": action_schema.exclusive_discrete(3),
                "horn": action_schema.bool(),
            }
        )

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElements:
        """One batched modifier."""
        return action_modifier.struct(
            {
                "push": action_modifier.continuous([GIVEN, 0.0], [True, False]),
                "gear": action_modifier.exclusive_discrete(agent_ids[:, np.newaxis] % 3 != np.arange(3)),
            }
        )


class FrozenGearsOneByOne(FrozenGears):
    """The same, agent by agent."""

    def make_agent_action_modifier(self, action_modifier: ActionModifier, agent_id: int) -> ActionModifierElement:
        """One agent's modifier."""
        return action_modifier.struct(
            {
                "push": action_modifier.continuous([GIVEN, 0.0], [True, False]),
                "gear": action_modifier.exclusive_discrete([gear for gear in range(3) if gear != agent_id % 3]),
            }
        )

    make_agent_action_modifiers = SmallInteractor.make_agent_action_modifiers


@pytest.fixture(params=[FrozenGears, FrozenGearsOneByOne])
def interactor(request: pytest.FixtureRequest) -> FrozenGears:
    manager = make_manager(5, 8)
    manager.remove_agents([1])
    made: FrozenGears = request.param.make_interactor(manager)
    return made


@pytest.fixture
def policy(interactor: FrozenGears) -> Policy:
    return Policy.make_policy(interactor.manager, interactor)


@pytest.mark.parametrize("noise_scale", [0.0, 1.0])
def test_actions_obey_what_the_game_said(policy: Policy, noise_scale: float) -> None:
    interactor = policy.interactor
    assert isinstance(interactor, FrozenGears)
    layout = interactor.action_layout
    for _ in range(4):
        policy.run_inference(noise_scale)
        delivered = ActionDistribution(layout, 8).to_delivered(interactor.action_vectors[:1])[0, 0]
        assert delivered != GIVEN
        assert delivered == pytest.approx(GIVEN)
        for agent_id, (push, gear, _) in interactor.performed[-1].items():
            assert gear == agent_id % 3
            assert push[0] == GIVEN
    assert sorted(interactor.performed[-1]) == [0, 2, 3, 4]


def test_given_numbers_and_lone_options_add_nothing_to_log_probs(policy: Policy) -> None:
    policy.run_inference()
    ids, buffer = policy.manager.agent_ids, policy.interactor.buffer
    (distribution, *_) = policy._network.run(buffer.observation_vectors[ids])
    u, horn = buffer.action_vectors[ids][:, 1], buffer.action_vectors[ids][:, -1]
    mean, log_std, logit = distribution[:, 1], distribution[:, 3], distribution[:, -1]
    normal = -0.5 * ((u - mean) / np.exp(log_std)) ** 2 - log_std - 0.5 * np.log(2 * np.pi)
    expected = normal - np.log(1 - np.tanh(u) ** 2) - np.log1p(np.exp((1 - 2 * horn) * logit))
    np.testing.assert_allclose(policy.log_probs[ids], expected, rtol=1e-5)


def test_a_game_without_modifiers_has_none_and_needs_no_call() -> None:
    interactor = SmallInteractor.make_interactor(make_manager(2))
    policy = Policy.make_policy(interactor.manager, interactor)
    assert interactor.get_action_modifier_vector_size() == 0
    assert interactor.buffer.action_modifiers.shape == (2, 0)
    interactor.make_action_modifiers()
    policy.run_inference()
    assert not interactor.has_action_modifier_vector(0)
    assert interactor.action_modifier is None
    with pytest.raises(MissingCallError, match="override make_agent_action_modifiers"):
        interactor.get_action_modifier_vector(0)
    with pytest.raises(NotSetUpError, match="makes no action modifiers"):
        interactor.set_action_modifier_vector([], interactor.action_hash, 0)


def step_to(policy: Policy, *calls: Callable[[], None]) -> None:
    policy.interactor.gather_observations()
    for call in calls:
        call()
    policy.encode_observations()
    policy.evaluate_policy()


def test_sampling_without_modifiers_is_a_missing_call(policy: Policy) -> None:
    step_to(policy)
    with pytest.raises(MissingCallError, match="make_action_modifiers was not called before it") as raised:
        policy.decode_and_sample_actions()
    assert raised.value.agent_ids == (0, 2, 3, 4)


def test_making_modifiers_twice_in_a_step_is_a_doubled_call(policy: Policy) -> None:
    step_to(policy, policy.interactor.make_action_modifiers)
    with pytest.raises(DoubledCallError, match="make_action_modifiers was called twice"):
        policy.interactor.make_action_modifiers()


def test_making_modifiers_before_observing_is_a_missing_call(interactor: FrozenGears) -> None:
    with pytest.raises(MissingCallError, match="gather_observations"):
        interactor.make_action_modifiers()


def test_vectors_can_be_read_and_set_by_hand(policy: Policy) -> None:
    interactor = policy.interactor
    step_to(policy, interactor.make_action_modifiers)
    vector, its_hash = interactor.get_action_modifier_vector(3)
    assert its_hash == interactor.action_hash
    # push u | flags | gears | horn
    np.testing.assert_allclose(vector, [np.arctanh(0.3), 0, 1, 0, 0, 1, 1, 0], rtol=1e-6)
    vector[4:7] = [1, 1, 0]
    vector[:4] = [0.0, 0.5, 0.0, 1.0]
    interactor.set_action_modifier_vector(vector, its_hash, 3, increment_iteration=False)
    policy.decode_and_sample_actions()
    interactor.perform_actions()
    push, gear, _ = interactor.performed[-1][3]  # type: ignore[attr-defined]
    assert gear == 2
    assert push[1] == pytest.approx(np.tanh(0.5))
    with pytest.raises(MissingCallError, match="gather_observations"):
        interactor.set_action_modifier_vector(vector, its_hash, 3)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda vector: vector[:-1], ValueMismatchError, "expected 8 finite floats"),
        (lambda vector: vector * np.nan, ValueMismatchError, "not finite"),
        (lambda vector: vector + 0.5, ValueMismatchError, "flags that are 0 or 1"),
        (lambda vector: np.array([0, 0, 0, 0, 1, 1, 1, 0]), ValueMismatchError, r"action\.gear of agent 2"),
    ],
)
def test_a_vector_that_is_no_modifier_is_refused(
    policy: Policy, change: Callable[[object], object], error: type[Exception], message: str
) -> None:
    interactor = policy.interactor
    step_to(policy, interactor.make_action_modifiers)
    vector, its_hash = interactor.get_action_modifier_vector(2)
    with pytest.raises(error, match=message):
        interactor.set_action_modifier_vector(change(vector), its_hash, 2, increment_iteration=False)  # type: ignore[arg-type]
    with pytest.raises(LayoutMismatchError, match="another action schema"):
        interactor.set_action_modifier_vector(vector, its_hash + 1, 2)


def test_an_action_that_is_set_by_hand_is_delivered_as_it_is(policy: Policy) -> None:
    interactor = policy.interactor
    step_to(policy, interactor.make_action_modifiers)
    policy.decode_and_sample_actions()
    interactor.set_action_vector([1.0, 0, 0, 0, 1, 0], interactor.action_hash, 2, increment_iteration=False)
    interactor.perform_actions()
    push, gear, _ = interactor.performed[-1][2]  # type: ignore[attr-defined]
    assert (push[0], gear) == (pytest.approx(np.tanh(1.0)), 2)


def test_an_error_of_a_modifier_names_element_and_agent() -> None:
    class Stuck(FrozenGearsOneByOne):
        def make_agent_action_modifier(self, action_modifier: ActionModifier, agent_id: int) -> ActionModifierElement:
            masked = [0, 1, 2] if agent_id == 2 else [0]
            return action_modifier.struct({"gear": action_modifier.exclusive_discrete(masked)})

    interactor = Stuck.make_interactor(make_manager(3))
    interactor.gather_observations()
    with pytest.raises(ValueMismatchError, match=r"action\.gear of agent 2: expected an option that is left"):
        interactor.make_action_modifiers()


def test_a_list_of_another_length_is_refused() -> None:
    class Short(FrozenGears):
        def make_agent_action_modifiers(
            self, action_modifier: ActionModifier, agent_ids: AgentIds
        ) -> ActionModifierElements:
            return [action_modifier.none()]

    interactor = Short.make_interactor(make_manager(3))
    interactor.gather_observations()
    with pytest.raises(ValueMismatchError, match="a list of 3 modifiers"):
        interactor.make_action_modifiers()


def test_an_action_whose_modifier_would_be_too_large_is_refused_at_setup() -> None:
    class Huge(FrozenGears):
        def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
            return action_schema.continuous(MAX_ACTION_SIZE // 2 + 1)

    with pytest.raises(SchemaError, match="modifier"):
        Huge.make_interactor(make_manager(1))


def test_agents_that_begin_anew_have_no_modifier(policy: Policy) -> None:
    policy.run_inference()
    assert policy.interactor.has_action_modifier_vector(2)
    policy.manager.reset_agents([2])
    assert not policy.interactor.has_action_modifier_vector(2)


def test_modifiers_are_recorded_with_the_actions(policy: Policy) -> None:
    contract = CollectionContract(8, 4, 1, ("actions",), synchronous=False)
    recording = PolicyRecording(policy, contract)
    policy.after_inference = recording.begin_step
    ids = policy.manager.agent_ids
    for _ in range(2):
        policy.run_inference()
        recording.end_step(ids, np.ones(len(ids), np.float32), np.zeros(len(ids), np.uint8))
    batch = recording.take()
    assert batch is not None
    modifiers, actions = batch.action_modifiers, batch.actions
    assert modifiers.shape[-1] == policy.interactor.action_layout.distribution_size == 8
    is_step = modifiers[..., 2] == 1
    assert is_step.sum() == 8
    np.testing.assert_array_equal(actions[is_step][:, 0], modifiers[is_step][:, 0])
    assert not (actions[is_step][:, 2:] * modifiers[is_step][:, 4:]).any()


def test_a_hand_made_action_holds_nothing_that_was_not_chosen() -> None:
    class Optional(SmallInteractor):
        def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
            return action_schema.optional(action_schema.float())

    interactor = Optional.make_interactor(make_manager(1))
    interactor.gather_observations()
    interactor.set_action_vector([0.7, 1.0, 0.0], interactor.action_hash, 0)
    assert interactor.get_action_vector(0)[0].tolist() == [0.0, 1.0, 0.0]
