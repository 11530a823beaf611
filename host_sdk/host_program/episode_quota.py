"""When enough episodes were played, without preferring the short ones."""

from __future__ import annotations

import numpy as np

from host_sdk.manager import AgentIds, Manager
from host_sdk.manager_listener import ManagerListener


class EpisodeQuota(ManagerListener):
    """Takes agents out of the game once they have played enough, each at the end of an episode.

    Were the first episodes to end taken, short ones would be preferred. So every agent plays a share of the episodes
    that is fixed beforehand, and where steps are asked for, it goes on until there are enough of them, and then to the
    end of the episode that it is in.
    """

    def __init__(self, manager: Manager, *, episode_count: int = 0, step_count: int = 0) -> None:
        """
        Args:
            manager: with all the agents that will play, at the beginning of their episodes.
            episode_count: at least so many; 0 where only steps count.
            step_count: at least so many; 0 where only episodes count.

        Raises:
            ValueError: neither is asked for.
        """
        super().__init__()
        if episode_count < 1 and step_count < 1:
            raise ValueError(f"expected episodes or steps to play, got {episode_count} and {step_count}")
        ids = manager.agent_ids
        self._step_count = step_count
        self._shares = np.zeros(manager.max_agent_count, np.int64)
        self._shares[ids] = [(episode_count + place) // len(ids) for place in reversed(range(len(ids)))]
        self._played = np.zeros(manager.max_agent_count, np.int64)
        self._has_ended = np.zeros(manager.max_agent_count, np.bool_)
        self._listen_to(manager)
        if not step_count:
            manager.remove_agents(ids[self._shares[ids] == 0])

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Only those that were there at the beginning have a share."""

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """An episode of these has ended."""
        self._played[agent_ids] += 1
        self._has_ended[agent_ids] = True

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """They play no longer."""

    def retire(self, step_count: int) -> bool:
        """Takes out the agents whose episode has just ended and that have played enough.

        Args:
            step_count: steps of the episodes that have ended so far, of all agents.

        Returns:
            Whether nobody is left.
        """
        if self._has_ended.any():
            ended = np.flatnonzero(self._has_ended)
            self._has_ended[:] = False
            if step_count >= self._step_count:
                self.manager.remove_agents(ended[self._played[ended] >= self._shares[ended]])
        return not self.manager.agent_ids.size
