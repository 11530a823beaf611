"""How agents are made to act by a person or a script: for demonstrations, and for whatever needs no policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np

from host_sdk.action_object import ActionObject
from host_sdk.action_value import ActionValue
from host_sdk.errors import HostError, ValueMismatchError
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.action_writer import ActionWriter
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from protocol.vector_array import FloatArray

ActionValues: TypeAlias = ActionValue | Sequence[ActionValue]
_Controller = TypeVar("_Controller", bound="Controller")


class Controller(ManagerListener):
    """Decides in place of a policy: from a gamepad, a behaviour tree, a planner.

    A game's subclass says what an agent does (`evaluate_agent_controller`) or what all of them do at once
    (`evaluate_agent_controllers`, which with batched values touches no Python per agent), with the makers of the action
    object. It may look at the game, or at what agents see: `self.interactor.observation_vectors`.

        class Driver(Controller):
            def evaluate_agent_controller(self, action_object, agent_id):
                return action_object.struct({"steer": action_object.float(stick.x), "horn": action_object.bool(key.h)})

        driver = Driver.make_controller(manager, interactor)
        ...
        driver.run_controller()  # each tick, in the place of Policy.run_inference

    What it decides passes through the interactor as what a policy does, so that everything that watches agents goes on
    as usual; its steps are marked as set by hand, and PPO doesn't train on them.
    """

    # --- What a game overrides -------------------------------------------------------------------------------------

    def evaluate_agent_controller(self, action_object: ActionObject, agent_id: int) -> ActionValue:
        """What one agent is to do, of the structure that the interactor specified."""
        raise HostError(
            f"{type(self).__name__} must override evaluate_agent_controller or evaluate_agent_controllers to act for "
            f"agent {agent_id}"
        )

    def evaluate_agent_controllers(self, action_object: ActionObject, agent_ids: AgentIds) -> ActionValues:
        """What all given agents are to do.

        Returns:
            Either a list with one value for each id, or **one** batched value, whose leaves have a leading agent axis
            in the order of `agent_ids`. By default the list of `evaluate_agent_controller`.
        """
        return [self.evaluate_agent_controller(action_object, agent_id) for agent_id in agent_ids.tolist()]

    # --- Making ----------------------------------------------------------------------------------------------------

    @classmethod
    def make_controller(
        cls: type[_Controller],
        manager: Manager,
        interactor: Interactor,
        class_: type[_Controller] | None = None,
        name: str = "Controller",
        **arguments: object,
    ) -> _Controller:
        """Constructs a controller and sets it up.

        Args:
            manager: whose agents it acts for.
            interactor: how they see and act.
            class_: the game's subclass; this class itself where it is left away.
            name: for people.
            arguments: handed to the constructor of the class.
        """
        controller = (class_ or cls)(**arguments)
        controller.name = name
        controller.setup_controller(manager, interactor)
        return controller

    def setup_controller(self, manager: Manager, interactor: Interactor) -> None:
        """Prepares the writing of actions. Raises NotSetUpError when done twice."""
        self.name = getattr(self, "name", type(self).__name__)
        self.__interactor = interactor
        decoder = ActionDecoder(interactor.action_schema_element)
        self.__writer = ActionWriter(decoder.node, decoder.layout)
        self._listen_to(manager)

    # --- The calls of a step ---------------------------------------------------------------------------------------

    def run_controller(self) -> None:
        """One whole step of all agents: observes, decides and acts; in the place of `Policy.run_inference`.

        Raises:
            CallOrderError: the last step isn't through.
            ValueMismatchError: an observation or an action doesn't fit the schema, or breaks the game's own modifier.
        """
        interactor = self.__interactor
        interactor.gather_observations()
        if interactor.buffer.agent_ids.size:
            if interactor.buffer.modifier_size:
                interactor.make_action_modifiers()
            self.evaluate_controller()
            interactor.perform_actions()

    def evaluate_controller(self) -> None:
        """Decides for all agents that await an action, into the interactor's action vectors.

        Raises:
            MissingCallError: without `Interactor.gather_observations` before it, or without `make_action_modifiers`
                where the game makes modifiers.
            ValueMismatchError: as `label_actions`.
        """
        buffer = self.__interactor.buffer
        buffer.select(self.manager.agent_ids)
        if buffer.agent_ids.size:
            agent_ids = buffer.action_due_agents("evaluate_controller")
            agents = buffer.selector if agent_ids is buffer.agent_ids else agent_ids
            buffer.set_actions(agents, self.label_actions(agent_ids))

    def label_actions(self, agent_ids: AgentIds) -> FloatArray:
        """What the controller would do at what agents see now, without doing it.

        Args:
            agent_ids: int64[n].

        Returns:
            float32[n, A], action vectors as a policy samples them. Numbers that the game's own modifier gives are in
            them.

        Raises:
            ValueMismatchError: an action doesn't fit the schema, or is one that the game's modifier masks; names the
                element and the agent.
            MissingCallError: the game makes modifiers, and `make_action_modifiers` was not called.
        """
        interactor = self.__interactor
        values = self.evaluate_agent_controllers(interactor.action_object, agent_ids)
        rows: FloatArray = np.empty((len(agent_ids), interactor.get_action_vector_size()), dtype=np.float32)
        self.__write(values, rows, agent_ids)
        modifiers = interactor.buffer.modifiers_of(agent_ids, "evaluate_controller")
        if modifiers is not None:
            self.__writer.restrict(rows, modifiers, agent_ids)
        return rows

    @property
    def interactor(self) -> Interactor:
        """How the agents see and act."""
        return self.__interactor

    def __write(self, values: ActionValues, rows: FloatArray, agent_ids: AgentIds) -> None:
        if isinstance(values, ActionValue):
            self.__writer.write(values, rows, agent_ids, is_batched=True)
            return
        if not isinstance(values, Sequence) or len(values) != len(agent_ids):
            received = f"a list of {len(values)}" if isinstance(values, Sequence) else type(values).__name__
            raise ValueMismatchError(
                "evaluate_agent_controllers",
                f"a list of {len(agent_ids)} values, one for each agent, or one batched value",
                received,
            )
        for index, (value, agent_id) in enumerate(zip(values, agent_ids.tolist(), strict=True)):
            self.__writer.write(value, rows[index : index + 1], (agent_id,), is_batched=False)
