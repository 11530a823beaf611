"""Writes modifiers of actions into modifier vectors, checking each against its schema element.

Rows are laid out as `protocol.action_layout` says: given numbers as the policy would have sampled them (u), flags of
which are given, and flags of what is masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from host_sdk.action_modifier_element import ANYTHING, ActionModifierElement, Array
from host_sdk.action_node import ActionNode, call_of
from host_sdk.errors import ValueMismatchError, name_agents
from host_sdk.interaction.action_sample import samples_of
from host_sdk.interaction.bound_element import Mismatch, first_index, names_of
from protocol.action_layout import ActionLayout
from protocol.vector_array import BoolArray, FloatArray

MAKER = "action_modifier."
"""What games make modifiers with."""


class ActionModifierWriter:
    """An action schema, and how its modifiers become rows of floats."""

    def __init__(self, root: ActionNode, layout: ActionLayout) -> None:
        self._root = root
        self._layout = layout
        self._size = layout.continuous_size
        choices = [leaf for leaf in layout.leaves if leaf.kind == "exclusive"]
        self._choice_sizes = np.array([leaf.size for leaf in choices], dtype=np.float32)
        self._choice_starts = np.array([leaf.action_offset - self._size for leaf in choices], dtype=np.intp)
        paths = {node.columns.start: node.path for node in _all_nodes(root) if node.size}
        self._choice_paths = [paths[leaf.action_offset] for leaf in choices]

    def write(
        self,
        modifier: ActionModifierElement,
        rows: FloatArray,
        given: FloatArray,
        agent_ids: Sequence[int] | npt.NDArray[np.int64],
        *,
        is_batched: bool,
    ) -> None:
        """Writes one modifier.

        Args:
            modifier: what a callback returned.
            rows: float32[n, M], written; n is 1 where the modifier is of one agent.
            given: float32[n, C], given numbers in the game's own units, written where there are any.
            agent_ids: whose they are; for the message of an error.
            is_batched: whether arrays may have a leading agent axis.

        Raises:
            ValueMismatchError: it doesn't fit the schema, or masks a whole choice; names the element and the agent.
        """
        rows[...] = 0.0
        try:
            _Writing(self._layout, rows, given, is_batched).write(self._root, modifier)
            self.check_choices(rows)
        except Mismatch as mismatch:
            at_fault = tuple(int(agent_id) for agent_id in agent_ids)
            if mismatch.index and len(at_fault) > 1:
                at_fault = (at_fault[mismatch.index[0]],)
            raise ValueMismatchError(
                mismatch.path, mismatch.expected, mismatch.received, name_agents(at_fault)
            ) from None

    def check_vector(self, vector: FloatArray, agent_id: int) -> None:
        """Refuses a finite vector, float32[M], that is no modifier. Raises ValueMismatchError."""
        size, whose = self._size, name_agents((agent_id,))
        flags = vector[size:]
        if not np.isin(flags, (0.0, 1.0)).all():
            wrong = flags[~np.isin(flags, (0.0, 1.0))][0]
            raise ValueMismatchError("action modifier vector", "flags that are 0 or 1", str(wrong), whose)
        try:
            self.check_choices(vector[np.newaxis])
        except Mismatch as mismatch:
            raise ValueMismatchError(mismatch.path, mismatch.expected, mismatch.received, whose) from None

    def check_choices(self, rows: FloatArray) -> None:
        """Refuses rows [n, M] that mask all options of a choice. Raises Mismatch."""
        if not self._choice_paths:
            return
        masks = rows[:, 2 * self._size : 2 * self._size + self._layout.exclusive_total]
        is_whole = np.add.reduceat(masks, self._choice_starts, axis=1) == self._choice_sizes
        if is_whole.any():
            row, choice = first_index(is_whole)
            expected = "an option that is left to choose"
            raise Mismatch(self._choice_paths[choice], expected, "masks of all of them", (row,))


def _all_nodes(node: ActionNode) -> list[ActionNode]:
    return [node, *(below for child in node.children.values() for below in _all_nodes(child))]


class _Writing:
    """The writing of one modifier into rows."""

    def __init__(self, layout: ActionLayout, rows: FloatArray, given: FloatArray, is_batched: bool) -> None:
        self._layout = layout
        self._size = layout.continuous_size
        self._rows = rows
        self._given = given
        self._is_batched = is_batched

    def write(self, node: ActionNode, modifier: object) -> None:
        """Writes the modifier of one element and of those below. Raises Mismatch."""
        if not isinstance(modifier, ActionModifierElement):
            received = f"{type(modifier).__name__} (make modifiers with the action_modifier that the callback is given)"
            raise Mismatch(node.path, node.called(MAKER), received)
        if modifier.kind == ANYTHING:
            return
        if modifier.kind != node.kind or modifier.tag != node.tag:
            raise Mismatch(node.path, node.called(MAKER), call_of(MAKER, modifier.kind, modifier.tag))
        for name, below in modifier.children.items():
            child = node.children.get(name)
            if child is None:
                raise Mismatch(node.path, f"modifiers of {names_of(node.children)}", f"one of {name!r}")
            self.write(child, below)
        if modifier.given is not None:
            self._give(node, modifier.given, modifier.is_given)
        if modifier.masked is not None:
            self._mask(node, modifier.masked)

    def _give(self, node: ActionNode, values: Array, is_given: Array | None) -> None:
        if values.dtype.kind not in "fiu":
            raise Mismatch(node.path, f"{node.kind} numbers", f"values of type {values.dtype}")
        columns, numbers = node.columns, self._for_agents(node, values, "numbers").astype(np.float64)
        flags = self._flags(node, is_given)
        with np.errstate(over="ignore"):
            delivered: FloatArray = numbers.astype(np.float32)
        expected = "scales that are finite and above 0" if node.kind == "scale" else "finite numbers"
        self._refuse(node, flags & ~np.isfinite(delivered), numbers, expected)
        low, high = self._layout.low[columns], self._layout.high[columns]
        bounds = f"numbers from {low.tolist()} to {high.tolist()}"
        self._refuse(node, flags & ((delivered < low) | (delivered > high)), numbers, bounds)
        samples = samples_of(self._layout, columns, numbers)
        self._refuse(
            node, flags & ~np.isfinite(samples), numbers, "numbers that float32 holds when divided by the scale"
        )
        self._rows[:, columns] = np.where(flags, samples, 0.0)
        self._rows[:, self._size + columns.start : self._size + columns.stop] = flags
        self._given[:, columns] = delivered

    def _mask(self, node: ActionNode, masked: Array | Mapping[str | int, Array]) -> None:
        columns = slice(self._size + node.columns.start, self._size + node.columns.stop)
        if isinstance(masked, Mapping):
            for option, flags in masked.items():
                self._rows[:, columns.start + _place_of(node, option)] = self._flags_of_option(node, option, flags)
        elif masked.dtype == np.bool_:
            self._rows[:, columns] = self._for_agents(node, masked, "true and false")
        elif masked.size:
            if masked.ndim != 1:
                raise Mismatch(node.path, "a list of places or names, or true and false", f"shape {masked.shape}")
            for option in masked.tolist():
                self._rows[:, columns.start + _place_of(node, option)] = 1.0

    def _flags_of_option(self, node: ActionNode, option: object, flags: Array) -> Array:
        """bool[n] or bool[]."""
        count = len(self._rows)
        if flags.dtype != np.bool_ or not (flags.ndim == 0 or (self._is_batched and flags.shape == (count,))):
            shape = f"true and false, one for each of {count} agents" if self._is_batched else "true or false"
            raise Mismatch(node.path, f"{shape}, for {option!r}", f"{flags.dtype} of shape {flags.shape}")
        return flags

    def _for_agents(self, node: ActionNode, values: Array, what: str) -> Array:
        """[n, size] of values of one agent or all, or of one for all."""
        count, size = len(self._rows), node.size
        if values.shape == (size,) or (self._is_batched and values.shape == (count, size)):
            return np.broadcast_to(values, (count, size))
        shape = f"({count}, {size}) or ({size},)" if self._is_batched else f"({size},)"
        raise Mismatch(node.path, f"{what} of shape {shape}", f"shape {values.shape}")

    def _flags(self, node: ActionNode, is_given: Array | None) -> BoolArray:
        """bool[n, size]."""
        shape = len(self._rows), node.size
        if is_given is None:
            return np.ones(shape, dtype=np.bool_)
        axes = 2 if self._is_batched else 1
        if is_given.dtype != np.bool_ or is_given.ndim > axes:
            received = f"{is_given.dtype} of shape {is_given.shape}"
            raise Mismatch(node.path, f"`is_given` as true and false of at most {axes} axes", received)
        try:
            return np.broadcast_to(is_given, shape).view(np.bool_)
        except ValueError:
            raise Mismatch(node.path, f"`is_given` of shape {shape}", f"shape {is_given.shape}") from None

    def _refuse(self, node: ActionNode, is_wrong: BoolArray, numbers: Array, expected: str) -> None:
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(node.path, expected, f"{numbers[index]}", index[:1])


def _place_of(node: ActionNode, option: object) -> int:
    if isinstance(option, str) and option in node.names:
        return node.names.index(option)
    if isinstance(option, int) and 0 <= option < node.size:
        return option
    named = f"one of {names_of(node.names)}" if node.names else "an option"
    raise Mismatch(node.path, f"{named}, or a place from 0 to {node.size - 1}", repr(option))
