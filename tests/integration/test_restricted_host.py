"""A host whose agents choose among options that are not always there, trained by the real trainer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from host_sdk import (
    ActionModifier,
    ActionModifierElements,
    ActionObject,
    ActionObjectElements,
    ActionSchema,
    ActionSchemaElement,
    AgentIds,
    Communicator,
    CommunicatorSettings,
    Completion,
    Interactor,
    ObservationObject,
    ObservationObjectElements,
    ObservationSchema,
    ObservationSchemaElement,
    Policy,
    PolicySettings,
    PPOTrainer,
    PPOTrainingSettings,
    TrainerProcessSettings,
    TrainingEnvironment,
)
from tests.host_sdk.small_game import make_manager

from .real_trainer import HANG_S

AGENTS = 32
DOORS = 3


class DoorsInteractor(Interactor):
    """Each agent stands before three doors, one of which is locked; a step is a door, or a rest of some length.

    Attributes:
        locked: int64[AGENTS], which door.
        rewards: float32[AGENTS], of the last step.
        broken_rules: how often somebody went through a locked door or rested otherwise than said.
    """

    def __init__(self) -> None:
        self._generator = np.random.default_rng(1)
        self.locked = self._generator.integers(DOORS, size=AGENTS)
        self.rewards = np.zeros(AGENTS, np.float32)
        self.broken_rules = 0

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        return observation_schema.exclusive_discrete(DOORS)

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        rest = action_schema.struct({"length": action_schema.float(scale=2.0), "eyes": action_schema.bool(0.9)})
        return action_schema.exclusive_union(
            {"rest": action_schema.encoding(rest, 8), "door": action_schema.exclusive_discrete(DOORS)},
            {"rest": 0.75, "door": 0.25},
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        return observation_object.exclusive_discrete(self.locked[agent_ids])

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElements:
        is_locked = self.locked[agent_ids, np.newaxis] == np.arange(DOORS)
        rest = action_modifier.struct({"length": action_modifier.float(0.3)})
        doors = action_modifier.exclusive_discrete(is_locked)
        return action_modifier.exclusive_union(elements={"rest": action_modifier.encoding(rest), "door": doors})

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        names, options = action_object.get_exclusive_union(action_object_elements)
        door = action_object.get_exclusive_discrete(options["door"])
        rest = action_object.get_struct(action_object.get_encoding(options["rest"]))
        is_door, locked = names == "door", self.locked[agent_ids]
        self.broken_rules += int(np.count_nonzero(is_door & (door == locked)))
        self.broken_rules += int(
            np.count_nonzero(~is_door & (action_object.get_float(rest["length"]) != np.float32(0.3)))
        )
        self.rewards[agent_ids] = is_door & (door == (locked + 1) % DOORS)
        self.locked[agent_ids] = self._generator.integers(DOORS, size=len(agent_ids))


class DoorsEnvironment(TrainingEnvironment):
    """A step is an episode."""

    def __init__(self, interactor: DoorsInteractor) -> None:
        self._interactor = interactor
        self.recent: list[float] = []

    def gather_agent_rewards(self, agent_ids: AgentIds) -> np.ndarray:
        rewards = self._interactor.rewards[agent_ids]
        self.recent = [*self.recent[-19:], float(rewards.mean())]
        return rewards

    def gather_agent_completions(self, agent_ids: AgentIds) -> np.ndarray:
        return np.full(len(agent_ids), Completion.TERMINATION, np.uint8)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        """The next doors were drawn already."""


@pytest.fixture(params=[True, False], ids=["shared-memory", "socket"])
def communicator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Communicator]:
    process = TrainerProcessSettings(results_directory=tmp_path, low_priority=False, stop_timeout_s=10.0)
    settings = CommunicatorSettings(connect_timeout_s=HANG_S, shared_memory=request.param)
    made = Communicator.make_launched(process, settings)
    yield made
    made.close()


def test_it_learns_to_choose_among_what_is_left(communicator: Communicator) -> None:
    manager = make_manager(AGENTS)
    interactor = DoorsInteractor.make_interactor(manager)
    environment = DoorsEnvironment(interactor)
    environment.setup_training_environment(manager)
    policy = Policy.make_policy(manager, interactor, PolicySettings(hidden_sizes=(16,)))
    trainer = PPOTrainer.make_ppo_trainer(manager, interactor, environment, policy, None, communicator)
    settings = PPOTrainingSettings(
        steps_per_update=512,
        minibatch_size=128,
        epochs=4,
        learning_rate=0.01,
        entropy_coefficient=0.003,
        synchronous=True,
    )
    limit_s = time.monotonic() + HANG_S
    firsts: list[float] = []
    while len(environment.recent) < 20 or np.mean(environment.recent) < 0.95:
        assert time.monotonic() < limit_s, f"agents reach {np.mean(environment.recent):.2f} of 1"
        trainer.run_training(settings)
        assert not trainer.has_training_failed, str(trainer.training_failure)
        if policy.version == 0 and environment.recent:
            firsts.append(environment.recent[-1])
    trainer.end_training()
    assert np.mean(firsts) == pytest.approx(0.25 / 2, abs=0.06)  # a prior of a quarter, and two doors to choose from
    assert interactor.broken_rules == 0
