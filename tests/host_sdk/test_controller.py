"""A controller acts for agents as a policy does; what it does is checked, and told from what a policy did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from host_sdk.action_modifier import ActionModifier
from host_sdk.action_object import ActionObject
from host_sdk.controller import ActionValues, Controller
from host_sdk.errors import CallOrderError, HostError, MissingCallError, NotSetUpError, ValueMismatchError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interactor_callbacks import ActionModifierElements
from host_sdk.policy import Policy
from host_sdk.policy_controller import PolicyController
from host_sdk.policy_recording import PolicyRecording
from protocol.collection_contract import CollectionContract
from protocol.errors import LayoutMismatchError
from protocol.policy_settings import PolicySettings
from tests.host_sdk.scripted_controller import ControllerOfEach, ScriptedController
from tests.host_sdk.small_game import Agent, SmallInteractor, make_manager
from tests.host_sdk.test_modified_interaction import GIVEN, FrozenGears

SETTINGS = PolicySettings(hidden_sizes=(8,))


@pytest.mark.parametrize("class_", [ScriptedController, ControllerOfEach])
@pytest.mark.parametrize("removed", [[], [1]])
def test_agents_do_what_the_controller_says(class_: type[ScriptedController], removed: list[int]) -> None:
    manager = make_manager(4)
    interactor = SmallInteractor.make_interactor(manager)
    controller = Controller.make_controller(manager, interactor, class_, "driver")
    manager.remove_agents(removed)
    for _ in range(3):
        controller.run_controller()
    agents = manager.agent_ids.tolist()
    assert (controller.name, controller.interactor, controller.is_setup) == ("driver", interactor, True)
    assert interactor.performed == [
        {agent: ([agent / 16, time / 64], agent % 3, agent % 2 == 1) for agent in agents} for time in (1, 2, 3)
    ]
    assert manager.action_counts[agents].tolist() == [3] * len(agents)
    assert interactor.buffer.is_set_by_hand[agents].all()


def test_policies_and_controllers_take_turns() -> None:
    manager = make_manager(2)
    interactor = SmallInteractor.make_interactor(manager)
    policy = Policy.make_policy(manager, interactor, SETTINGS)
    controller = ScriptedController.make_controller(manager, interactor)
    reported: list[tuple[list[int], list[bool]]] = []
    policy.after_inference = lambda ids, _: reported.append(
        (ids.tolist(), interactor.buffer.is_set_by_hand[ids].tolist())
    )
    policy.run_inference()
    controller.run_controller()
    policy.run_inference()
    assert reported == [([0, 1], [False, False]), ([0, 1], [True, True]), ([0, 1], [False, False])]


def test_newcomers_wait_for_the_next_step() -> None:
    manager = make_manager(2, 3)
    interactor = SmallInteractor.make_interactor(manager)
    controller = ScriptedController.make_controller(manager, interactor)
    controller.run_controller()
    interactor.gather_observations()
    manager.add_agent(Agent())
    controller.evaluate_controller()
    interactor.perform_actions()
    assert set(interactor.performed[-1]) == {0, 1}
    controller.run_controller()
    assert set(interactor.performed[-1]) == {0, 1, 2}


def test_without_agents_nothing_is_asked() -> None:
    manager = make_manager(0, 2)
    controller = ScriptedController.make_controller(manager, SmallInteractor.make_interactor(manager))
    controller.run_controller()
    controller.evaluate_controller()
    assert controller.time == 0


def test_calls_out_of_order_are_named() -> None:
    manager = make_manager(1)
    interactor = SmallInteractor.make_interactor(manager)
    controller = ScriptedController.make_controller(manager, interactor)
    with pytest.raises(MissingCallError, match=r"evaluate_controller: gather_observations was not called"):
        controller.evaluate_controller()
    interactor.gather_observations()
    controller.evaluate_controller()
    with pytest.raises(CallOrderError, match="evaluate_controller"):
        controller.evaluate_controller()
    with pytest.raises(NotSetUpError, match="already set up"):
        controller.setup_controller(manager, interactor)


def test_a_label_sets_nothing() -> None:
    manager = make_manager(3)
    interactor = SmallInteractor.make_interactor(manager)
    controller = ScriptedController.make_controller(manager, interactor)
    interactor.gather_observations()
    labels = controller.label_actions(np.array([0, 2]))
    np.testing.assert_allclose(labels, [[0, 1 / 64, 1, 0, 0, 0], [2 / 16, 1 / 64, 0, 0, 1, 0]])
    assert not interactor.action_vectors.any()
    assert not interactor.has_action_vector(0)
    assert not interactor.buffer.is_set_by_hand.any()


def test_a_controller_that_says_nothing_is_told_what_to_override() -> None:
    manager = make_manager(1)
    controller = Controller.make_controller(manager, SmallInteractor.make_interactor(manager))
    with pytest.raises(HostError, match="Controller must override evaluate_agent_controller or"):
        controller.run_controller()


def test_values_that_are_too_few_or_wrong_are_refused() -> None:
    class Lazy(ScriptedController):
        def evaluate_agent_controllers(self, action_object: ActionObject, agent_ids: AgentIds) -> ActionValues:
            return self.answer(action_object)  # type: ignore[attr-defined, no-any-return]

    manager = make_manager(2)
    interactor = SmallInteractor.make_interactor(manager)
    controller = Lazy.make_controller(manager, interactor)
    for answer, message in (
        (
            lambda make: [make.null()],
            "expected a list of 2 values, one for each agent, or one batched value, got a list",
        ),
        (lambda make: None, "got NoneType"),
        (lambda make: [make.null()] * 2, r"action of agent 0: expected action_object\.struct, got action_object\.null"),
        (lambda make: make.null(), r"action of agents 0, 1: expected action_object\.struct"),
    ):
        controller.answer = answer  # type: ignore[attr-defined]
        with pytest.raises(ValueMismatchError, match=message):
            controller.run_controller()
        interactor.buffer.begin_agents(manager.agent_ids)


class HalfFrozen(FrozenGears):
    """As it is, but only the agents' own gears by three are left, and all but the first give one number."""

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElements:
        """One batched modifier."""
        is_given = np.stack([agent_ids > 0, np.zeros(len(agent_ids), np.bool_)], axis=1)
        return action_modifier.struct(
            {
                "push": action_modifier.continuous([GIVEN, 0.0], is_given),
                "gear": action_modifier.exclusive_discrete(agent_ids[:, np.newaxis] % 3 != np.arange(3)),
            }
        )


def test_given_numbers_win_to_the_last_bit() -> None:
    manager = make_manager(3)
    interactor = HalfFrozen.make_interactor(manager)
    controller = ScriptedController.make_controller(manager, interactor)
    controller.run_controller()
    pushes = [interactor.performed[-1][agent][0] for agent in range(3)]
    assert [push[0] for push in pushes[1:]] == [GIVEN, GIVEN]
    np.testing.assert_allclose([pushes[0][0], *(push[1] for push in pushes)], [0, 1 / 64, 1 / 64, 1 / 64], atol=1e-6)


def test_an_action_that_is_masked_is_refused_by_agent_and_element() -> None:
    manager = make_manager(3)
    interactor = FrozenGears.make_interactor(manager)
    controller = Controller.make_controller(manager, interactor, ScriptedController, gear_shift=1)
    message = r"action\.gear of agent 0: expected an action that the game's modifier allows, got the masked option 1"
    with pytest.raises(ValueMismatchError, match=message):
        controller.run_controller()


def test_modifiers_must_be_made_before_a_controller_decides() -> None:
    manager = make_manager(1)
    interactor = FrozenGears.make_interactor(manager)
    controller = ScriptedController.make_controller(manager, interactor)
    interactor.gather_observations()
    with pytest.raises(MissingCallError, match="make_action_modifiers was not called"):
        controller.evaluate_controller()


@pytest.mark.parametrize("settings", [SETTINGS, PolicySettings(hidden_sizes=(8,), memory_cell="gru")])
@pytest.mark.parametrize("from_file", [False, True])
def test_a_trained_expert_acts_as_its_own_policy_would(
    settings: PolicySettings, from_file: bool, tmp_path: Path
) -> None:
    other = make_manager(3)
    twin = Policy.make_policy(other, SmallInteractor.make_interactor(other), settings)
    manager = make_manager(3)
    interactor = SmallInteractor.make_interactor(manager)
    learner = Policy.make_policy(manager, interactor, PolicySettings(hidden_sizes=(4,), seed=9))
    twin.save_policy(tmp_path / "expert.lbp")
    expert = tmp_path / "expert.lbp" if from_file else Policy.make_policy(manager, interactor, settings)
    controller = PolicyController.make_policy_controller(manager, interactor, expert)
    reported: list[int] = []
    learner.after_inference = lambda ids, _: reported.append(len(ids))
    for _ in range(4):
        twin.run_inference(0.0)
        interactor.gather_observations()
        labels = controller.label_actions(manager.agent_ids)
        np.testing.assert_array_equal(controller.label_actions(manager.agent_ids), labels)
        controller.evaluate_controller()
        interactor.perform_actions()
        np.testing.assert_array_equal(interactor.action_vectors, twin.interactor.action_vectors)
    assert reported == [3] * 4
    np.testing.assert_array_equal(controller.policy.memory.states, twin.memory.states)


def test_an_expert_obeys_the_games_modifiers() -> None:
    manager = make_manager(4)
    interactor = FrozenGears.make_interactor(manager)
    expert = Policy.make_policy(manager, interactor, SETTINGS)
    controller = PolicyController.make_policy_controller(manager, interactor, expert, action_noise_scale=1.0)
    for _ in range(5):
        controller.run_controller()
        assert [interactor.performed[-1][agent][1] for agent in range(4)] == [0, 1, 2, 0]
        assert [interactor.performed[-1][agent][0][0] for agent in range(4)] == [GIVEN] * 4


def test_an_expert_of_another_interactor_is_refused(tmp_path: Path) -> None:
    other = make_manager(1)
    policy = Policy.make_policy(other, SmallInteractor.make_interactor(other), SETTINGS)
    manager = make_manager(1)
    with pytest.raises(HostError, match="save it and make the controller from its file"):
        PolicyController.make_policy_controller(manager, SmallInteractor.make_interactor(manager), policy)
    policy.save_policy(tmp_path / "expert.lbp")
    with pytest.raises(LayoutMismatchError, match="push"):
        PolicyController.make_policy_controller(manager, FrozenGears.make_interactor(manager), tmp_path / "expert.lbp")


def test_trainers_are_told_which_steps_were_not_the_policys() -> None:
    manager = make_manager(2)
    interactor = SmallInteractor.make_interactor(manager)
    policy = Policy.make_policy(manager, interactor, SETTINGS)
    controller = ScriptedController.make_controller(manager, interactor)
    recording = PolicyRecording(policy, CollectionContract(16, 8, 1, ("actions",), synchronous=False))
    policy.after_inference = recording.begin_step
    for run in (policy.run_inference, controller.run_controller, controller.run_controller, policy.run_inference):
        run()
        recording.end_step(manager.agent_ids, np.ones(2, np.float32), np.zeros(2, np.uint8))
    batch = recording.take()
    assert batch is not None
    told = sorted(zip(batch.segments.is_on_policy.tolist(), batch.segments.length.tolist(), strict=True))
    assert told == [(0, 2), (0, 2), (1, 1), (1, 1), (1, 1), (1, 1)]
