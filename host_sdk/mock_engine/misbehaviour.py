"""Faults that the mock engine commits on request, each at one tick."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class MisbehaviourKind(StrEnum):
    """What goes wrong; the value's meaning stands beside it."""

    STALL = "stall"
    """The engine's thread stands still for value seconds, like a debugger or a level load."""
    NAN_OBSERVATION = "nan-observation"
    """The agent whose id is value observes a NaN on this tick."""
    NAN_REWARD = "nan-reward"
    """The agent whose id is value gets a NaN reward on this tick."""
    BURST = "burst"
    """So many agents as value says are removed, and as many new ones added."""


@dataclass(frozen=True)
class Misbehaviour:
    """One fault.

    Attributes:
        kind: what happens.
        tick: when, counted from 0.
        value: seconds, an agent id or a number of agents, by `kind`.
    """

    kind: MisbehaviourKind
    tick: int
    value: float

    def __post_init__(self) -> None:
        if self.tick < 0:
            raise ValueError(f"misbehaviour {self.kind}: the tick must not be negative, got {self.tick}")
        if not math.isfinite(self.value) or self.value < 0:
            raise ValueError(f"misbehaviour {self.kind}: the value must be finite and not negative, got {self.value}")

    @classmethod
    def parse(cls, text: str) -> Misbehaviour:
        """Read `KIND@TICK:VALUE`, as `stall@100:2.5` or `nan-reward@50:3`.

        Raises:
            ValueError: the text has another form; the message says which was expected.
        """
        kind_text, _, rest = text.partition("@")
        tick_text, _, value_text = rest.partition(":")
        try:
            return cls(MisbehaviourKind(kind_text), int(tick_text), float(value_text))
        except ValueError as error:
            kinds = ", ".join(MisbehaviourKind)
            raise ValueError(f"expected KIND@TICK:VALUE with KIND one of {kinds}, got {text!r}: {error}") from error


class MisbehavingEngine(Protocol):
    """What a fault does something to."""

    def stall(self, duration_s: float) -> None:
        """Stand still."""

    def poison_observation(self, agent_id: int) -> None:
        """Give this agent a NaN at the next gathering of observations."""

    def poison_reward(self, agent_id: int) -> None:
        """Give this agent a NaN at the next gathering of rewards."""

    def replace_agents(self, count: int) -> None:
        """Remove so many agents, and add as many."""


class MisbehaviourSchedule:
    """Faults in order of their ticks; each happens once."""

    def __init__(self, misbehaviours: tuple[Misbehaviour, ...] = ()) -> None:
        self._waiting = sorted(misbehaviours, key=lambda fault: fault.tick, reverse=True)

    def apply(self, tick: int, engine: MisbehavingEngine) -> None:
        """Commit every fault whose tick has come."""
        while self._waiting and self._waiting[-1].tick <= tick:
            fault = self._waiting.pop()
            match fault.kind:
                case MisbehaviourKind.STALL:
                    engine.stall(fault.value)
                case MisbehaviourKind.NAN_OBSERVATION:
                    engine.poison_observation(int(fault.value))
                case MisbehaviourKind.NAN_REWARD:
                    engine.poison_reward(int(fault.value))
                case MisbehaviourKind.BURST:
                    engine.replace_agents(int(fault.value))
