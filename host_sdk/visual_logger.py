"""What a listener has to say about its agents, for a game to draw beside them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


class VisualLoggerObject:
    """The latest words of one listener under one name, for each agent; a game reads them and draws them."""

    def __init__(self, name: str) -> None:
        """
        Args:
            name: what it is about, as `distance to goal`.
        """
        self.name = name
        self._words: dict[int, str] = {}

    @property
    def words(self) -> Mapping[int, str]:
        """The latest words by agent id; a live, read-only view."""
        return MappingProxyType(self._words)

    def log(self, agent_id: int, words: str) -> None:
        """Replaces what is said about an agent."""
        self._words[agent_id] = words

    def forget(self, agent_id: int) -> None:
        """Says nothing about an agent any more."""
        self._words.pop(agent_id, None)
