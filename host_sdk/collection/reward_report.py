"""Saying whose rewards can't be used, once for each agent."""

from __future__ import annotations

import logging

from host_sdk.interaction.agent_selection import AgentIds

_logger = logging.getLogger(__name__)


class RewardReporter:
    """Warns of rewards that are not finite."""

    def __init__(self) -> None:
        self._reported: set[int] = set()

    def report(self, agent_ids: AgentIds) -> None:
        """Logs those agents that it hasn't named before."""
        for agent_id in agent_ids.tolist():
            if agent_id not in self._reported:
                self._reported.add(agent_id)
                _logger.warning(
                    "the reward of agent %d is not finite; that step is not recorded, and its trajectory is cut "
                    "before it (said once for each agent)",
                    agent_id,
                )
