"""From an action schema to sizes and offsets in the action, distribution and modifier vectors.

The action vector is in blocks, so that each kind of number is one slice: all continuous numbers (tree order), then the
one-hots of every exclusive choice, then all inclusive bits.

    action        [ continuous C | exclusive one-hots ΣE | inclusive bits I ]                         A = C + ΣE + I
    distribution  [ means C | log standard deviations C | exclusive logits ΣE | inclusive logits I ]  D = 2C + ΣE + I
    modifier      [ given numbers C | is-given flags C | masked options ΣE | masked bits I ]          D

An exclusive union is a choice, an inclusive union is bits, and both have the leaves of all their options. Such a leaf
has a gate: the float of the action vector that must be 1 for it to be acted. Floats of other leaves are 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from protocol.action_tree import ActionEncoding, ActionLeaf, walk_action
from protocol.errors import SchemaError
from protocol.schema import ActionElement
from protocol.vector_array import BoolArray, FloatArray, frozen, path_of

NO_GATE = -1
"""Stands where a float has no gate."""

IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ActionLayout:
    """Where each leaf of an action lies in the vector of A floats.

    Attributes:
        leaves: in tree order, which is not the order of the vector; a union's own leaf comes before its options'.
        encodings: in tree order, so that an outer one comes before those within it.
        continuous_size: C.
        exclusive_sizes: the options of each exclusive choice, in tree order.
        inclusive_size: I.
    """

    leaves: tuple[ActionLeaf, ...]
    encodings: tuple[ActionEncoding, ...]
    continuous_size: int
    exclusive_sizes: tuple[int, ...]
    inclusive_size: int

    @classmethod
    def of(cls, element: ActionElement) -> ActionLayout:
        """The layout of a schema. Raises SchemaError where there is nothing to do in it."""
        leaves, encodings = walk_action(element)
        if not leaves:
            raise SchemaError("$", "an action with at least one number or choice", element.type_name)
        return cls(
            leaves,
            encodings,
            continuous_size=sum(leaf.size for leaf in leaves if leaf.kind == "continuous"),
            exclusive_sizes=tuple(leaf.size for leaf in leaves if leaf.kind == "exclusive"),
            inclusive_size=sum(leaf.size for leaf in leaves if leaf.kind == "inclusive"),
        )

    # --- Sizes -----------------------------------------------------------------------------------------------------

    @property
    def exclusive_total(self) -> int:
        """ΣE, the options of all exclusive choices together."""
        return sum(self.exclusive_sizes)

    @property
    def vector_size(self) -> int:
        """A."""
        return self.continuous_size + self.exclusive_total + self.inclusive_size

    @property
    def distribution_size(self) -> int:
        """D."""
        return self.vector_size + self.continuous_size

    @property
    def modifier_size(self) -> int:
        """M of a game that makes modifiers: D. That of a game which makes none is 0."""
        return self.distribution_size

    # --- Continuous numbers ----------------------------------------------------------------------------------------

    @cached_property
    def squashed(self) -> BoolArray:
        """bool[C], true where the number goes through tanh."""
        is_squashed = [leaf.bounding == "squash" for leaf in self._continuous]
        return frozen(np.repeat(is_squashed, self._sizes).astype(np.bool_))

    @cached_property
    def clipped(self) -> BoolArray:
        """bool[C], true where the delivered number is clipped."""
        is_clipped = [leaf.bounding == "clip" for leaf in self._continuous]
        return frozen(np.repeat(is_clipped, self._sizes).astype(np.bool_))

    @cached_property
    def scale(self) -> FloatArray:
        """float32[C]."""
        return frozen(np.repeat([leaf.scale for leaf in self._continuous], self._sizes).astype(np.float32))

    @cached_property
    def low(self) -> FloatArray:
        """float32[C], −inf where unbounded."""
        return frozen(np.array([low for leaf in self._continuous for low in leaf.low], dtype=np.float32))

    @cached_property
    def high(self) -> FloatArray:
        """float32[C], inf where unbounded."""
        return frozen(np.array([high for leaf in self._continuous for high in leaf.high], dtype=np.float32))

    # --- Gates -----------------------------------------------------------------------------------------------------

    @cached_property
    def is_gated(self) -> bool:
        """Whether some leaf is acted only when an option above it is chosen."""
        return any(leaf.gate is not None for leaf in self.leaves)

    @cached_property
    def gates(self) -> IndexArray:
        """intp[A], the float of the action vector that must be 1 for this one to be acted; NO_GATE where none must."""
        gates = np.full(self.vector_size, NO_GATE, dtype=np.intp)
        for leaf in self.leaves:
            if leaf.gate is not None:
                gates[leaf.action_offset : leaf.action_offset + leaf.size] = leaf.gate
        gates.flags.writeable = False
        return gates

    @cached_property
    def gated_levels(self) -> tuple[tuple[IndexArray, IndexArray], ...]:
        """(floats, their gates) below one gate, below two, and so on: a gate's own level comes before its floats'."""
        levels: list[tuple[IndexArray, IndexArray]] = []
        is_reached = self.gates == NO_GATE
        while not is_reached.all():
            floats = np.flatnonzero(~is_reached & is_reached[self.gates])
            levels.append((floats, self.gates[floats]))
            is_reached[floats] = True
        return tuple(levels)

    @cached_property
    def prior_bias(self) -> FloatArray:
        """float32[A], the means and logits that a new policy's output should begin at."""
        bias = np.zeros(self.vector_size, dtype=np.float32)
        for leaf in self.leaves:
            bias[leaf.action_offset : leaf.action_offset + leaf.size] = leaf.prior_bias
        return frozen(bias)

    def path_of(self, index: int) -> str:
        """The leaf that holds float `index` of the action vector."""
        return path_of(index, [(leaf.path, leaf.action_offset, leaf.size) for leaf in self.leaves])

    @property
    def _continuous(self) -> list[ActionLeaf]:
        return [leaf for leaf in self.leaves if leaf.kind == "continuous"]

    @property
    def _sizes(self) -> IndexArray:
        return np.array([leaf.size for leaf in self._continuous], dtype=np.intp)
