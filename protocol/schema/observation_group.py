"""Core observation elements that are made of others.

struct           its elements one after the other, in the order of declaration
static array     `count` times its element
exclusive union  the chosen option, in as many floats as the largest takes, then the choice as a one-hot
inclusive union  all options, absent ones as zeros, then which are present
set, array       `max_count` elements, absent ones as zeros, then which are present
encoding         its element
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from protocol.limits import MAX_ATTENTION_HEADS, MAX_HIDDEN_SIZE, MAX_OBSERVATION_SIZE
from protocol.policy_settings import Activation
from protocol.schema.observation_element import ObservationElement, check_inner, check_observation_tree
from protocol.schema.validation import as_size, check_activation, check_elements, check_sizes

Named = tuple[tuple[str, ObservationElement], ...]


@dataclass(frozen=True)
class StructObservation(ObservationElement):
    """Named elements in the order of declaration, which is part of the schema's identity.

    Raises:
        SchemaError: no elements, a bad or doubled name, or a tree that is too deep or too large.
    """

    type_name = "struct"

    elements: Named

    def __post_init__(self) -> None:
        super().__post_init__()
        check_elements(self.elements, ObservationElement)
        check_observation_tree(self)

    @property
    def vector_size(self) -> int:
        return sum(element.vector_size for _, element in self.elements)

    @property
    def image_size(self) -> int:
        return sum(element.image_size for _, element in self.elements)

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return tuple((f".{name}", element) for name, element in self.elements)


@dataclass(frozen=True)
class StaticArrayObservation(ObservationElement):
    """`count` times the same element, whose network they share."""

    type_name = "static_array"
    child_keys = ("element",)

    element: ObservationElement
    count: int

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.count, "count", MAX_OBSERVATION_SIZE)
        check_inner(self.element, "element")
        check_observation_tree(self)

    @property
    def vector_size(self) -> int:
        return self.count * self.element.vector_size

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return (("[]", self.element),)


@dataclass(frozen=True)
class _Union(ObservationElement):
    """Named options, of which some are there.

    Attributes:
        encoding_size: what the linear layer of each option makes of it.

    Raises:
        SchemaError: no options, a bad or doubled name, an image in one of them, or too deep or too large a tree.
    """

    elements: Named
    encoding_size: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        check_elements(self.elements, ObservationElement)
        for name, element in self.elements:
            check_inner(element, name)
        as_size(self.encoding_size, "encoding_size", MAX_HIDDEN_SIZE)
        check_observation_tree(self)

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return tuple((f".{name}", element) for name, element in self.elements)


@dataclass(frozen=True)
class ExclusiveUnionObservation(_Union):
    """One of several named options."""

    type_name = "exclusive_union"
    encoding_keys = frozenset({"encoding_size"})

    @property
    def slot_size(self) -> int:
        """Floats that the chosen option lies in: those of the largest."""
        return max(element.vector_size for _, element in self.elements)

    @property
    def vector_size(self) -> int:
        return self.slot_size + len(self.elements)


@dataclass(frozen=True)
class InclusiveUnionObservation(_Union):
    """Any of several named options: none, some or all of them, which attention pools.

    Attributes:
        heads: of the attention.
        key_size: floats of a query and a key, of one head.
        value_size: floats that one head yields.
    """

    type_name = "inclusive_union"
    encoding_keys = frozenset({"encoding_size", "heads", "key_size", "value_size"})

    heads: int = 4
    key_size: int = 8
    value_size: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_attention(self)

    @property
    def vector_size(self) -> int:
        return sum(element.vector_size for _, element in self.elements) + len(self.elements)


@dataclass(frozen=True)
class SetObservation(ObservationElement):
    """Up to `max_count` elements in no order, which attention pools; whatever their order, the policy does the same.

    Attributes:
        heads: of the attention.
        key_size: floats of a query and a key, of one head.
        value_size: floats that one head yields.
    """

    type_name = "set"
    encoding_keys = frozenset({"heads", "key_size", "value_size"})
    child_keys = ("element",)
    is_ordered: ClassVar[bool] = False
    """Whether the place of an element means something."""

    element: ObservationElement
    max_count: int
    heads: int = 4
    key_size: int = 8
    value_size: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.max_count, "max_count", MAX_OBSERVATION_SIZE)
        check_inner(self.element, "element")
        _check_attention(self)
        check_observation_tree(self)

    @property
    def vector_size(self) -> int:
        return self.max_count * (self.element.vector_size + 1)

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return (("[]", self.element),)


@dataclass(frozen=True)
class ArrayObservation(SetObservation):
    """Up to `max_count` elements whose order matters: each place has a learnt bias, beside what attention pools."""

    type_name = "array"
    is_ordered = True


@dataclass(frozen=True)
class EncodingObservation(ObservationElement):
    """An element seen through a small network of its own: hidden layers, then one of `encoding_size`.

    The vector is the element's, and so is its hash: a recording stays usable when encodings come or go.

    Attributes:
        activation: after every layer.
    """

    type_name = "encoding"
    encoding_keys = frozenset({"encoding_size", "hidden_sizes", "activation"})
    child_keys = ("element",)

    element: ObservationElement
    encoding_size: int = 128
    hidden_sizes: tuple[int, ...] = ()
    activation: Activation = "elu"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner(self.element, "element", may_hold_images=True)
        as_size(self.encoding_size, "encoding_size", MAX_HIDDEN_SIZE)
        check_sizes(self.hidden_sizes, "hidden_sizes", MAX_HIDDEN_SIZE)
        check_activation(self.activation)
        check_observation_tree(self)

    @property
    def vector_size(self) -> int:
        return self.element.vector_size

    @property
    def image_size(self) -> int:
        return self.element.image_size

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return (("", self.element),)


def _check_attention(element: InclusiveUnionObservation | SetObservation) -> None:
    as_size(element.heads, "heads", MAX_ATTENTION_HEADS)
    as_size(element.key_size, "key_size", MAX_HIDDEN_SIZE)
    as_size(element.value_size, "value_size", MAX_HIDDEN_SIZE)
