"""The errors of the host SDK; all of them are `BridgeError`s.

HostError
├── AgentError              agents that aren't there, are there already, or are too many
├── NotSetUpError           an object is used before its setup
├── CallOrderError          the calls of one tick came in an order that means nothing
│   ├── MissingCallError
│   └── DoubledCallError
├── ValueMismatchError      a value that a callback gave doesn't fit its schema element
├── CollectionError         experience can't be collected as the trainer asks
├── InvalidSettingsError    a setting is out of its range
├── StatisticError          a number for the metrics can't be taken
└── LaunchError             the trainer process can't be started
"""

from __future__ import annotations

from protocol.errors import BridgeError


class HostError(BridgeError):
    """Root of every error that the host SDK raises on purpose."""


class AgentError(HostError):
    """Agents that aren't there, are there already, or are too many."""


class NotSetUpError(HostError):
    """An object is used before its setup."""


class CallOrderError(HostError):
    """The calls of one tick came in an order that means nothing.

    Attributes:
        call: the call that was refused, as `gather_observations`.
        agent_ids: whose calls are out of order.
    """

    def __init__(self, message: str, call: str, agent_ids: tuple[int, ...]) -> None:
        super().__init__(message)
        self.call = call
        self.agent_ids = agent_ids


class MissingCallError(CallOrderError):
    """A call that must come first is missing."""

    def __init__(self, call: str, missing: str, agent_ids: tuple[int, ...], remedy: str) -> None:
        """
        Args:
            call: the call that was refused.
            missing: the call that should have come before it.
            agent_ids: for whom.
            remedy: what to do.
        """
        super().__init__(
            f"{call}: {missing} was not called before it for {name_agents(agent_ids)}; {remedy}", call, agent_ids
        )
        self.missing = missing


class DoubledCallError(CallOrderError):
    """A call came twice where it must come once."""

    def __init__(self, call: str, agent_ids: tuple[int, ...], remedy: str) -> None:
        """
        Args:
            call: the call that came twice.
            agent_ids: for whom.
            remedy: what to do.
        """
        super().__init__(f"{call} was called twice in one step for {name_agents(agent_ids)}; {remedy}", call, agent_ids)


class ValueMismatchError(HostError):
    """A value that a callback gave doesn't fit its schema element.

    Attributes:
        path: which element, as `observation.enemies[3].kind`.
        expected: what would have been right.
        received: what came.
    """

    def __init__(self, path: str, expected: str, received: str, whose: str = "") -> None:
        """
        Args:
            path: which element.
            expected: what would have been right.
            received: what came.
            whose: the agent or agents, as `agent 7`; empty where no agent is meant.
        """
        super().__init__(f"{path}{f' of {whose}' if whose else ''}: expected {expected}, got {received}")
        self.path = path
        self.expected = expected
        self.received = received


class CollectionError(HostError):
    """Experience can't be collected as the trainer asks, or the recorder is used out of order."""


class InvalidSettingsError(HostError):
    """A setting is out of its range."""


class StatisticError(HostError):
    """A number that the game adds to the metrics can't be taken."""


class LaunchError(HostError):
    """The trainer process can't be started."""


def name_agents(agent_ids: tuple[int, ...], shown: int = 8) -> str:
    """`agent 7`, or `agents 1, 2, 3`; with more than `shown`, the rest as a count."""
    if len(agent_ids) == 1:
        return f"agent {agent_ids[0]}"
    names = ", ".join(str(agent_id) for agent_id in agent_ids[:shown])
    rest = len(agent_ids) - shown
    return f"agents {names}{f' and {rest} more' if rest > 0 else ''}"
