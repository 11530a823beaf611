"""The agents of one kind in a game: who they are, and who listens to their coming and going."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import AgentError
from host_sdk.manager_listener import ManagerListener
from protocol.limits import MAX_AGENTS

AgentIds: TypeAlias = npt.NDArray[np.int64]
AgentIdsLike: TypeAlias = AgentIds | Sequence[int]


class Manager:
    """Gives each agent a small id, and tells its listeners of every change.

    An id is a slot from 0 to `max_agent_count - 1` and is used again after its agent was removed; all buffers of the
    SDK are allocated once for `max_agent_count` slots. Each occupation of a slot has a serial that is never used
    again, by which an agent can be told from its successor.

    Agents are any objects; they are told apart by identity, not by equality.
    """

    def __init__(self, max_agent_count: int = 1) -> None:
        """
        Args:
            max_agent_count: how many agents there can be at once, 1 to 4096.

        Raises:
            AgentError: the count is out of that range.
        """
        if not 1 <= max_agent_count <= MAX_AGENTS:
            raise AgentError(f"max_agent_count: expected 1 to {MAX_AGENTS}, got {max_agent_count}")
        self._max_agent_count = int(max_agent_count)
        self._agents: dict[int, object] = {}
        self._free_slots = list(range(self._max_agent_count))
        self._id_of: dict[int, int] = {}
        self._serials: npt.NDArray[np.int64] = np.full(self._max_agent_count, -1, dtype=np.int64)
        self._next_serial = 0
        self._agent_ids = _frozen(())
        self._listeners: list[ManagerListener] = []
        self._notices: deque[Callable[[ManagerListener], None]] = deque()
        self._is_notifying = False
        self._has_ticked = False
        self._action_counts: npt.NDArray[np.uint64] = np.zeros(self._max_agent_count, dtype=np.uint64)

    @property
    def max_agent_count(self) -> int:
        """How many agents there can be at once."""
        return self._max_agent_count

    @property
    def agent_count(self) -> int:
        """How many agents there are now."""
        return len(self._agents)

    @property
    def agent_ids(self) -> AgentIds:
        """int64[N], the ids of all agents, rising. Read-only; the same array object until agents come or go."""
        return self._agent_ids

    @property
    def action_counts(self) -> npt.NDArray[np.uint64]:
        """uint64[max], how often each agent has acted since it was added or reset, live; counted by interactors."""
        return self._action_counts

    @property
    def has_ticked(self) -> bool:
        """Whether `tick` was ever called."""
        return self._has_ticked

    def add_agent(self, agent: object) -> int:
        """Adds one agent and returns its id. Raises AgentError as `add_agents` does."""
        return int(self.add_agents([agent])[0])

    def add_agents(self, agents: Iterable[object]) -> AgentIds:
        """Adds agents, all or none, and returns their ids in the given order: the lowest free ones.

        Raises:
            AgentError: there would be more than `max_agent_count`, or one of them is an agent already.
        """
        newcomers = list(agents)
        self._check_newcomers(newcomers)
        ids = [heappop(self._free_slots) for _ in newcomers]
        for slot, agent in zip(ids, newcomers, strict=True):
            self._agents[slot] = agent
            self._id_of[id(agent)] = slot
            self._serials[slot] = self._next_serial
            self._next_serial += 1
        return self._announce_change(ids, ManagerListener.on_agents_added)

    def remove_agent(self, agent_id: int) -> None:
        """Removes one agent. Raises AgentError where there is none."""
        self.remove_agents([agent_id])

    def remove_agents(self, agent_ids: AgentIdsLike) -> None:
        """Removes agents, all or none. Raises AgentError where one is missing or named twice."""
        ids = self._checked_ids(agent_ids)
        for slot in ids:
            del self._id_of[id(self._agents.pop(slot))]
            self._serials[slot] = -1
            heappush(self._free_slots, slot)
        self._announce_change(ids, ManagerListener.on_agents_removed)

    def remove_all_agents(self) -> None:
        """Removes every agent."""
        self.remove_agents(self._agent_ids)

    def reset_agent(self, agent_id: int) -> None:
        """Begins a new episode for one agent. Raises AgentError where there is none."""
        self.reset_agents([agent_id])

    def reset_agents(self, agent_ids: AgentIdsLike) -> None:
        """Begins new episodes for agents: listeners forget what they kept for the old ones.

        The training environment, as a listener, calls `reset_agent_episodes`, in which the game puts them in place.

        Raises:
            AgentError: one is missing or named twice.
        """
        ids = self._checked_ids(agent_ids)
        if ids:
            self._action_counts[ids] = 0
            self._notify(_frozen(ids), ManagerListener.on_agents_reset)

    def reset_all_agents(self) -> None:
        """Begins new episodes for every agent."""
        self.reset_agents(self._agent_ids)

    def tick(self, delta_time_s: float) -> None:
        """Tells the listeners that the world has moved on; episode times are the sum of these steps.

        Args:
            delta_time_s: simulated seconds since the last call, at least 0.

        Raises:
            AgentError: the time is negative or not finite.
        """
        if not 0.0 <= delta_time_s < np.inf:
            raise AgentError(f"tick: expected delta_time_s to be a finite number of at least 0, got {delta_time_s}")
        self._has_ticked = True
        ids = self._agent_ids
        self._deliver(lambda listener: listener.on_manager_tick(ids, delta_time_s))

    def get_agent(self, agent_id: int) -> object:
        """The object of an agent. Raises AgentError where there is none."""
        try:
            return self._agents[int(agent_id)]
        except KeyError:
            raise self._missing(agent_id) from None

    def get_agents(self, agent_ids: AgentIdsLike) -> list[object]:
        """The objects of agents, in the order of `agent_ids`. Raises AgentError where one is missing."""
        return [self.get_agent(int(agent_id)) for agent_id in agent_ids]

    def get_all_agents(self) -> list[object]:
        """The objects of all agents, in the order of `agent_ids`."""
        return [self._agents[slot] for slot in self._agent_ids.tolist()]

    def get_agent_id(self, agent: object) -> int:
        """The id of an agent's object. Raises AgentError where it is no agent of this manager."""
        try:
            return self._id_of[id(agent)]
        except KeyError:
            raise AgentError(f"{agent!r} is no agent of this manager (objects are compared by identity)") from None

    def get_agent_ids(self, agents: Iterable[object]) -> AgentIds:
        """int64[n], the ids of agents' objects. Raises AgentError where one is no agent of this manager."""
        return _frozen([self.get_agent_id(agent) for agent in agents])

    def get_agent_serial(self, agent_id: int) -> int:
        """The serial of the slot's present occupation, never used again. Raises AgentError where it is empty."""
        self.get_agent(agent_id)
        return int(self._serials[agent_id])

    def has_agent(self, agent_id: int) -> bool:
        """Whether there is an agent with this id."""
        return agent_id in self._agents

    def has_agent_object(self, agent: object) -> bool:
        """Whether this very object is an agent."""
        return id(agent) in self._id_of

    def add_listener(self, listener: ManagerListener) -> None:
        """Adds a listener at the end of the row; one that is there already stays where it is."""
        if not any(known is listener for known in self._listeners):
            self._listeners.append(listener)

    def remove_listener(self, listener: ManagerListener) -> None:
        """Takes a listener out of the row; one that isn't there is no matter."""
        self._listeners = [known for known in self._listeners if known is not listener]

    def _check_newcomers(self, newcomers: list[object]) -> None:
        wanted = len(self._agents) + len(newcomers)
        if wanted > self._max_agent_count:
            raise AgentError(
                f"add_agents: {len(newcomers)} more would make {wanted} agents, and max_agent_count is "
                f"{self._max_agent_count}; make the Manager with a larger max_agent_count, or remove agents first"
            )
        seen: set[int] = set()
        for agent in newcomers:
            if id(agent) in self._id_of or id(agent) in seen:
                raise AgentError(f"add_agents: {agent!r} is an agent already; each object can be added once")
            seen.add(id(agent))

    def _checked_ids(self, agent_ids: AgentIdsLike) -> list[int]:
        ids = [int(agent_id) for agent_id in agent_ids]
        for slot in ids:
            if slot not in self._agents:
                raise self._missing(slot)
        if len(set(ids)) != len(ids):
            raise AgentError(f"expected every agent once, got {ids}")
        return ids

    def _missing(self, agent_id: int) -> AgentError:
        return AgentError(
            f"there is no agent {agent_id}; the {self.agent_count} present are {self._agent_ids.tolist()}"
        )

    def _announce_change(self, ids: list[int], hear: Callable[[ManagerListener, AgentIds], None]) -> AgentIds:
        changed = _frozen(ids)
        if ids:
            self._action_counts[ids] = 0
            self._agent_ids = _frozen(np.flatnonzero(self._serials >= 0))
            self._notify(changed, hear)
        return changed

    def _notify(self, ids: AgentIds, hear: Callable[[ManagerListener, AgentIds], None]) -> None:
        name = hear.__name__
        self._deliver(lambda listener: getattr(listener, name)(ids))

    def _deliver(self, notice: Callable[[ManagerListener], None]) -> None:
        """Tells every listener in turn. A change made by a listener is told after this one has reached them all.

        A listener that raises keeps nobody else from hearing; the first error is raised when all have heard.
        """
        self._notices.append(notice)
        if self._is_notifying:
            return
        self._is_notifying = True
        first_error: Exception | None = None
        try:
            while self._notices:
                notice = self._notices.popleft()
                for listener in tuple(self._listeners):
                    try:
                        notice(listener)
                    except Exception as error:
                        first_error = first_error or error
        finally:
            self._notices.clear()
            self._is_notifying = False
        if first_error is not None:
            raise first_error


def _frozen(ids: AgentIdsLike) -> AgentIds:
    array = np.array(ids, dtype=np.int64)
    array.flags.writeable = False
    return array
