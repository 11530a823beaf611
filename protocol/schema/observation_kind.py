"""Derived observation elements for single numbers, names and pairs: what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from protocol.limits import MAX_HIDDEN_SIZE, MAX_OBSERVATION_SIZE
from protocol.schema.observation_element import ObservationElement, check_inner, check_observation_tree
from protocol.schema.observation_group import ExclusiveUnionObservation, SetObservation, StructObservation
from protocol.schema.observation_leaf import (
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    InclusiveDiscreteObservation,
    NullObservation,
)
from protocol.schema.validation import as_flag, as_scale, as_size, check_names


@dataclass(frozen=True)
class DerivedObservation(ObservationElement):
    """An observation that is made of another, its `core`."""

    @cached_property  # each core asks its inner elements twice, which would double with every level
    def vector_size(self) -> int:
        return self.core.vector_size


@dataclass(frozen=True)
class FloatObservation(DerivedObservation):
    """One number, divided by `scale` in the vector."""

    type_name = "float"
    encoding_keys = frozenset({"normalize"})

    scale: float = 1.0
    normalize: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "scale", as_scale(self.scale))
        as_flag(self.normalize, "normalize")

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(1, self.scale, self.normalize)


@dataclass(frozen=True)
class _Scaled(DerivedObservation):
    """One number, divided by `scale` in the vector."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "scale", as_scale(self.scale))


@dataclass(frozen=True)
class CountObservation(_Scaled):
    """A number of things, divided by `scale` in the vector; the running normaliser leaves it alone."""

    type_name = "count"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(1, self.scale, normalize=False)


@dataclass(frozen=True)
class TimeObservation(_Scaled):
    """Seconds, divided by `scale` in the vector."""

    type_name = "time"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(1, self.scale)


@dataclass(frozen=True)
class BoolObservation(DerivedObservation):
    """0 or 1."""

    type_name = "bool"

    @property
    def core(self) -> ObservationElement:
        return InclusiveDiscreteObservation(1)


@dataclass(frozen=True)
class _Named(DerivedObservation):
    """Options that have names.

    Raises:
        SchemaError: no names, or a bad or doubled one.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(self.names)


@dataclass(frozen=True)
class NamedExclusiveDiscreteObservation(_Named):
    """One of the named options, as a one-hot."""

    type_name = "named_exclusive_discrete"

    @property
    def core(self) -> ObservationElement:
        return ExclusiveDiscreteObservation(len(self.names))


@dataclass(frozen=True)
class NamedInclusiveDiscreteObservation(_Named):
    """Any of the named options at once, as a multi-hot."""

    type_name = "named_inclusive_discrete"

    @property
    def core(self) -> ObservationElement:
        return InclusiveDiscreteObservation(len(self.names))


@dataclass(frozen=True)
class EnumObservation(_Named):
    """A member of an enumeration, as a one-hot."""

    type_name = "enum"

    @property
    def core(self) -> ObservationElement:
        return ExclusiveDiscreteObservation(len(self.names))


@dataclass(frozen=True)
class BitmaskObservation(_Named):
    """The flags of a bitmask, the lowest bit first, as a multi-hot."""

    type_name = "bitmask"

    @property
    def core(self) -> ObservationElement:
        return InclusiveDiscreteObservation(len(self.names))


@dataclass(frozen=True)
class StringTokenObservation(DerivedObservation):
    """A text as one of `vocabulary_size` tokens, by its hash (see `string_token`), as a one-hot."""

    type_name = "string_token"

    vocabulary_size: int = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.vocabulary_size, "vocabulary_size", MAX_OBSERVATION_SIZE)

    @property
    def core(self) -> ObservationElement:
        return ExclusiveDiscreteObservation(self.vocabulary_size)


@dataclass(frozen=True)
class PairObservation(DerivedObservation):
    """Two elements: a struct of "key" and "value"."""

    type_name = "pair"
    child_keys = ("key", "value")

    key: ObservationElement
    value: ObservationElement

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner(self.key, "key", may_hold_images=True)
        check_inner(self.value, "value", may_hold_images=True)
        check_observation_tree(self)

    @property
    def core(self) -> ObservationElement:
        return StructObservation((("key", self.key), ("value", self.value)))

    @property
    def image_size(self) -> int:
        return self.key.image_size + self.value.image_size

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return ((".key", self.key), (".value", self.value))


@dataclass(frozen=True)
class MapObservation(DerivedObservation):
    """Up to `max_count` pairs of a key and a value: a set of structs of "key" and "value"."""

    type_name = "map"
    encoding_keys = SetObservation.encoding_keys
    child_keys = ("key", "value")

    key: ObservationElement
    value: ObservationElement
    max_count: int
    heads: int = SetObservation.heads
    key_size: int = SetObservation.key_size
    value_size: int = SetObservation.value_size

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner(self.key, "key")
        check_inner(self.value, "value")
        check_observation_tree(self)

    @property
    def core(self) -> ObservationElement:
        pair = StructObservation((("key", self.key), ("value", self.value)))
        return SetObservation(pair, self.max_count, self.heads, self.key_size, self.value_size)

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return ((".key", self.key), (".value", self.value))


@dataclass(frozen=True)
class OptionalObservation(DerivedObservation):
    """An element that may be missing: an exclusive union of "null" and "valid"."""

    type_name = "optional"
    encoding_keys = frozenset({"encoding_size"})
    child_keys = ("element",)

    element: ObservationElement
    encoding_size: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner(self.element, "element")
        as_size(self.encoding_size, "encoding_size", MAX_HIDDEN_SIZE)
        check_observation_tree(self)

    @property
    def core(self) -> ObservationElement:
        return ExclusiveUnionObservation((("null", NullObservation()), ("valid", self.element)), self.encoding_size)

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return ((".valid", self.element),)


@dataclass(frozen=True)
class EitherObservation(DerivedObservation):
    """One of two elements: an exclusive union of "a" and "b"."""

    type_name = "either"
    encoding_keys = frozenset({"encoding_size"})
    child_keys = ("a", "b")

    a: ObservationElement
    b: ObservationElement
    encoding_size: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner(self.a, "a")
        check_inner(self.b, "b")
        as_size(self.encoding_size, "encoding_size", MAX_HIDDEN_SIZE)
        check_observation_tree(self)

    @property
    def core(self) -> ObservationElement:
        return ExclusiveUnionObservation((("a", self.a), ("b", self.b)), self.encoding_size)

    @property
    def children(self) -> tuple[tuple[str, ObservationElement], ...]:
        return ((".a", self.a), (".b", self.b))
