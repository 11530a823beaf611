"""Controllers of the small game, which push by who and when."""

from __future__ import annotations

import numpy as np

from host_sdk.action_object import ActionObject
from host_sdk.action_value import ActionValue
from host_sdk.controller import ActionValues, Controller
from host_sdk.interaction.agent_selection import AgentIds


class ScriptedController(Controller):
    """Pushes by id and time, in a gear that the id gives. Batched."""

    def __init__(self, gear_shift: int = 0) -> None:
        self.time = 0
        self.gear_shift = gear_shift

    def evaluate_agent_controllers(self, action_object: ActionObject, agent_ids: AgentIds) -> ActionValues:
        """One batched value."""
        self.time += 1
        push = np.stack([agent_ids / 16.0, np.full(len(agent_ids), self.time / 64.0)], axis=1)
        return action_object.struct(
            {
                "push": action_object.continuous(push),
                "gear": action_object.exclusive_discrete((agent_ids + self.gear_shift) % 3),
                "horn": action_object.bool(agent_ids % 2 == 1),
            }
        )


class ControllerOfEach(ScriptedController):
    """The same, agent by agent."""

    def evaluate_agent_controllers(self, action_object: ActionObject, agent_ids: AgentIds) -> ActionValues:
        """As a game gets it that overrides only the singular callback."""
        self.time += 1
        return Controller.evaluate_agent_controllers(self, action_object, agent_ids)

    def evaluate_agent_controller(self, action_object: ActionObject, agent_id: int) -> ActionValue:
        """One agent's value."""
        return action_object.struct(
            {
                "push": action_object.continuous([agent_id / 16.0, self.time / 64.0]),
                "gear": action_object.exclusive_discrete((agent_id + self.gear_shift) % 3),
                "horn": action_object.bool(agent_id % 2 == 1),
            }
        )
