"""The leaves of an action schema: numbers, choices and bits, what they hang on, and the encodings above them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from protocol.errors import SchemaError
from protocol.policy_settings import Activation
from protocol.schema import (
    ActionElement,
    Bounding,
    ContinuousAction,
    EncodingAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    NullAction,
    StaticArrayAction,
    StructAction,
)
from protocol.schema.element import core_of
from protocol.vector_array import LeafKind


@dataclass(frozen=True)
class ActionLeaf:
    """One leaf of an action; the choice of an exclusive union and the bits of an inclusive one are leaves too.

    Attributes:
        path: as `$.steering`, or `$.weapon.choice` and `$.limbs.present` for those of a union.
        kind: "continuous", "exclusive" or "inclusive".
        size: floats in the action vector.
        action_offset: where they begin. In the distribution vector, means begin there too, log standard deviations at
            C + action_offset, and logits at C + action_offset.
        scale: 1 for discrete leaves.
        bounding: "none" for discrete leaves.
        low: `size` floats, −inf where unbounded; empty for discrete leaves.
        high: `size` floats, inf where unbounded; empty for discrete leaves.
        gate: the float of the action vector that must be 1 for this leaf to be acted: the entry for its option in the
            choice or the bits of the nearest union above it; None where it is always acted.
        prior_bias: `size` floats, where means and logits of a new policy should begin: log p of the options of a
            choice, log p / (1 − p) of bits, and 0 for numbers and where there is no prior.
        encoding: index of the nearest encoding above it in `ActionLayout.encodings`; None where there is none.
    """

    path: str
    kind: LeafKind
    size: int
    action_offset: int
    scale: float
    bounding: Bounding
    low: tuple[float, ...]
    high: tuple[float, ...]
    gate: int | None
    prior_bias: tuple[float, ...]
    encoding: int | None


@dataclass(frozen=True)
class ActionEncoding:
    """One encoding of an action.

    Attributes:
        path: as `$.arms[0]`.
        element: the schema's element; the same one for all elements of a static array.
        parent: index of the nearest encoding above it; None where there is none.
    """

    path: str
    element: EncodingAction
    parent: int | None

    @property
    def size(self) -> int:
        """Floats that what is above it yields for it."""
        return self.element.encoding_size

    @property
    def hidden_sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer from there to its leaves."""
        return self.element.hidden_sizes

    @property
    def activation(self) -> Activation:
        """After every layer but the last."""
        return self.element.activation


def walk_action(element: ActionElement) -> tuple[tuple[ActionLeaf, ...], tuple[ActionEncoding, ...]]:
    """The leaves and the encodings of a schema, both in tree order. Raises SchemaError for an unknown element."""
    walk = _Walk()
    walk.visit(element, "$", None, None)
    return walk.placed(), tuple(walk.encodings)


@dataclass(frozen=True)
class _Option:
    """An option of a union, by the index of the union's own leaf."""

    leaf: int
    number: int


@dataclass
class _Walk:
    leaves: list[ActionLeaf] = field(default_factory=list)
    options: list[_Option | None] = field(default_factory=list)
    encodings: list[ActionEncoding] = field(default_factory=list)

    def visit(self, element: ActionElement, path: str, option: _Option | None, encoding: int | None) -> None:
        """Adds the leaves of an element that is acted when `option` is."""
        match core_of(element):
            case NullAction():
                pass
            case ContinuousAction() as core:
                self._add_numbers(path, core, option, encoding)
            case ExclusiveDiscreteAction() as core:
                self._add_choice(path, core.size, core.prior_probabilities, option, encoding)
            case InclusiveDiscreteAction() as core:
                self._add_bits(path, core.size, core.prior_probabilities, option, encoding)
            case StructAction() as core:
                for name, child in core.elements:
                    self.visit(child, f"{path}.{name}", option, encoding)
            case StaticArrayAction() as core:
                for index in range(core.count):
                    self.visit(core.element, f"{path}[{index}]", option, encoding)
            case ExclusiveUnionAction() as core:
                count, priors = len(core.elements), core.prior_probabilities
                own = self._add_choice(f"{path}.choice", count, priors, option, encoding)
                for number, (name, child) in enumerate(core.elements):
                    self.visit(child, f"{path}.{name}", _Option(own, number), encoding)
            case InclusiveUnionAction() as core:
                count, priors = len(core.elements), core.prior_probabilities
                own = self._add_bits(f"{path}.present", count, priors, option, encoding)
                for number, (name, child) in enumerate(core.elements):
                    self.visit(child, f"{path}.{name}", _Option(own, number), encoding)
            case EncodingAction() as core:
                self.encodings.append(ActionEncoding(path, core, encoding))
                self.visit(core.element, path, option, len(self.encodings) - 1)
            case _:
                raise SchemaError(path, "an action element", type(element).__name__)

    def placed(self) -> tuple[ActionLeaf, ...]:
        """The leaves with their offsets and gates."""
        sizes = {"continuous": 0, "exclusive": 0, "inclusive": 0}
        for leaf in self.leaves:
            sizes[leaf.kind] += leaf.size
        next_offset = {
            "continuous": 0,
            "exclusive": sizes["continuous"],
            "inclusive": sizes["continuous"] + sizes["exclusive"],
        }
        placed: list[ActionLeaf] = []
        for leaf, option in zip(self.leaves, self.options, strict=True):
            gate = None if option is None else placed[option.leaf].action_offset + option.number
            placed.append(replace(leaf, action_offset=next_offset[leaf.kind], gate=gate))
            next_offset[leaf.kind] += leaf.size
        return tuple(placed)

    def _add(self, leaf: ActionLeaf, option: _Option | None) -> int:
        self.leaves.append(leaf)
        self.options.append(option)
        return len(self.leaves) - 1

    def _add_numbers(self, path: str, core: ContinuousAction, option: _Option | None, encoding: int | None) -> None:
        size, zeros = core.size, (0.0,) * core.size
        low, high = core.low or (-math.inf,) * size, core.high or (math.inf,) * size
        leaf = ActionLeaf(
            path, "continuous", size, 0, core.scale, core.bounding, low, high, None, zeros, encoding=encoding
        )
        self._add(leaf, option)

    def _add_choice(
        self, path: str, size: int, priors: tuple[float, ...] | None, option: _Option | None, encoding: int | None
    ) -> int:
        bias = tuple(math.log(prior) for prior in priors) if priors else (0.0,) * size
        return self._add(ActionLeaf(path, "exclusive", size, 0, 1.0, "none", (), (), None, bias, encoding), option)

    def _add_bits(
        self, path: str, size: int, priors: tuple[float, ...] | None, option: _Option | None, encoding: int | None
    ) -> int:
        bias = tuple(math.log(prior) - math.log1p(-prior) for prior in priors) if priors else (0.0,) * size
        return self._add(ActionLeaf(path, "inclusive", size, 0, 1.0, "none", (), (), None, bias, encoding), option)
