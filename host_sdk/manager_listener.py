"""What hears of a manager's agents."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from host_sdk.errors import NotSetUpError
from host_sdk.visual_logger import VisualLoggerObject

if TYPE_CHECKING:
    from host_sdk.manager import AgentIds, Manager


class ManagerListener:
    """Base of everything that keeps something for each agent: interactor, policy, critic, environment, trainer.

    A listener is set up with one manager and hears, after each change, whose agents came, went or began anew. Ids
    come as read-only arrays that never change afterwards, so that a listener may keep and compare them.
    """

    # On the class, so that a game's subclass may have an `__init__` of its own that doesn't call this one's.
    __manager: Manager | None = None
    __visual_logger_objects: dict[str, VisualLoggerObject] | None = None

    @property
    def is_setup(self) -> bool:
        """Whether this object has been set up."""
        return self.__manager is not None

    @property
    def manager(self) -> Manager:
        """The manager that this object listens to.

        Raises:
            NotSetUpError: before the setup.
        """
        if self.__manager is None:
            name = type(self).__name__
            raise NotSetUpError(
                f"{name} is not set up: make it with its make_… class method, or call its setup_… first"
            )
        return self.__manager

    @property
    def visual_logger_objects(self) -> Mapping[str, VisualLoggerObject]:
        """What this listener says about its agents, by name, for a game to draw; read-only."""
        return MappingProxyType(self.__visual_logger_objects or {})

    def get_or_add_visual_logger_object(self, name: str) -> VisualLoggerObject:
        """The visual logger object of this name, made where there is none."""
        if self.__visual_logger_objects is None:
            self.__visual_logger_objects = {}
        return self.__visual_logger_objects.setdefault(name, VisualLoggerObject(name))

    def get_agent(self, agent_id: int) -> object:
        """The object of an agent. Raises AgentError where there is none."""
        return self.manager.get_agent(agent_id)

    def get_agents(self, agent_ids: AgentIds) -> list[object]:
        """The objects of agents, in the order of `agent_ids`. Raises AgentError where one is missing."""
        return self.manager.get_agents(agent_ids)

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Hears that agents have been added."""

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """Hears that agents have been removed; their ids may be used again from now on."""

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """Hears that agents begin a new episode."""

    def on_manager_tick(self, agent_ids: AgentIds, delta_time_s: float) -> None:
        """Hears that the world has moved on by `delta_time_s` seconds."""

    def _listen_to(self, manager: Manager) -> None:
        """The common part of every setup: joins `manager`, once, and hears of the agents that it already has.

        Called when all the rest is in place, since the listener may hear at once.
        """
        if self.__manager is not None:
            raise NotSetUpError(f"{type(self).__name__} is already set up; make a new one for another manager")
        self.__manager = manager
        manager.add_listener(self)
        if manager.agent_count:
            self.on_agents_added(manager.agent_ids)
