"""The agents of one tick as an index into arrays of agent slots."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

AgentIds: TypeAlias = npt.NDArray[np.int64]
Selector: TypeAlias = slice | AgentIds


def selector_of(agent_ids: AgentIds) -> Selector:
    """The cheapest index for these slots: a slice (a view, no copy) where they are an unbroken run, else themselves."""
    count = len(agent_ids)
    if count == 0:
        return slice(0, 0)
    first = int(agent_ids[0])
    if int(agent_ids[-1]) - first + 1 == count and (count < 3 or bool((np.diff(agent_ids) == 1).all())):
        return slice(first, first + count)
    return agent_ids
