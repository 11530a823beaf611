"""Writes the actions that a controller made into action vectors, checking each against its schema element.

Rows are as a policy would have sampled them (u), and canonical: zeros for whatever was not chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from host_sdk.action_node import ActionNode
from host_sdk.errors import ValueMismatchError, name_agents
from host_sdk.interaction.action_rows import ActionRows
from host_sdk.interaction.bound_element import Mismatch, first_index
from protocol.action_layout import ActionLayout
from protocol.vector_array import FloatArray


class ActionWriter:
    """An action schema, and how what is made for it becomes rows of floats."""

    def __init__(self, root: ActionNode, layout: ActionLayout) -> None:
        self._root = root
        self._layout = layout

    def write(
        self,
        value: object,
        rows: FloatArray,
        agent_ids: Sequence[int] | npt.NDArray[np.int64],
        *,
        is_batched: bool,
    ) -> None:
        """Writes one action.

        Args:
            value: what a callback returned.
            rows: float32[n, A], written; n is 1 where the action is of one agent.
            agent_ids: whose they are; for the message of an error.
            is_batched: whether arrays may have a leading agent axis.

        Raises:
            ValueMismatchError: it doesn't fit the schema, or a number that is acted isn't finite; names the element
                and the agent.
        """
        rows[...] = 0.0
        try:
            ActionRows(self._layout, rows, is_batched).write(self._root, value, None)
        except Mismatch as mismatch:
            raise _for_agents(mismatch, agent_ids) from None

    def restrict(
        self, rows: FloatArray, modifiers: FloatArray, agent_ids: Sequence[int] | npt.NDArray[np.int64]
    ) -> None:
        """Puts in the numbers that the game itself gave, and refuses options that it masked.

        Args:
            rows: float32[n, A], canonical.
            modifiers: float32[n, M].
            agent_ids: whose they are.

        Raises:
            ValueMismatchError: a masked option was chosen; names the element and the agent.
        """
        layout, size = self._layout, self._layout.continuous_size
        is_wrong = (rows[:, size:] > 0.5) & (modifiers[:, 2 * size :] > 0.5)
        if is_wrong.any():
            row, column = first_index(is_wrong)
            node = _node_at(self._root, size + column)
            place = size + column - node.columns.start
            option = repr(node.names[place]) if node.names else f"option {place}"
            mismatch = Mismatch(node.path, "an action that the game's modifier allows", f"the masked {option}", (row,))
            raise _for_agents(mismatch, agent_ids)
        if size:
            np.copyto(rows[:, :size], modifiers[:, :size], where=modifiers[:, size : 2 * size] > 0.5)
            for floats, gates in layout.gated_levels:
                rows[:, floats] *= rows[:, gates]


def _for_agents(mismatch: Mismatch, agent_ids: Sequence[int] | npt.NDArray[np.int64]) -> ValueMismatchError:
    at_fault = tuple(int(agent_id) for agent_id in agent_ids)
    if mismatch.index and len(at_fault) > 1:
        at_fault = (at_fault[mismatch.index[0]],)
    return ValueMismatchError(mismatch.path, mismatch.expected, mismatch.received, name_agents(at_fault))


def _node_at(node: ActionNode, column: int) -> ActionNode:
    """The node that has this column of the action vector."""
    if node.columns.start <= column < node.columns.stop:
        return node
    below = (_node_at(child, column) for child in node.children.values())
    return next((found for found in below if found.size and found.columns.start <= column < found.columns.stop), node)
