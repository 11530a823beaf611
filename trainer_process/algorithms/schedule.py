"""How a coefficient changes over a run."""

from __future__ import annotations

from typing import Literal, TypeAlias

ScheduleKind: TypeAlias = Literal["constant", "linear"]


def scheduled(initial: float, kind: ScheduleKind, steps: float, total_steps: float, final: float = 0.0) -> float:
    """The coefficient after `steps` of `total_steps`; "linear" goes to `final` at the end and stays there.

    An update counts the steps that it learns from, as Stable-Baselines3 does.
    """
    if kind == "constant":
        return initial
    return final + (initial - final) * max(0.0, 1.0 - steps / total_steps)
