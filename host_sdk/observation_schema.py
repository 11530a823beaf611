"""What a game says its observations are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, Flag
from typing import TypeAlias

from host_sdk.schema_making import as_names, make_element, names_of_enum, names_of_flags
from host_sdk.spatial_observation_schema import SpatialObservationSchema
from protocol.policy_settings import Activation
from protocol.schema import (
    ArrayObservation,
    BitmaskObservation,
    BoolObservation,
    ContinuousObservation,
    CountObservation,
    EitherObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    FloatObservation,
    ImageObservation,
    InclusiveDiscreteObservation,
    InclusiveUnionObservation,
    MapObservation,
    NamedExclusiveDiscreteObservation,
    NamedInclusiveDiscreteObservation,
    NullObservation,
    ObservationElement,
    OptionalObservation,
    PairObservation,
    SetObservation,
    StaticArrayObservation,
    StringTokenObservation,
    StructObservation,
    TimeObservation,
)

ObservationSchemaElement: TypeAlias = ObservationElement
# Methods of the schema are called as these types are, and would be taken for them inside the class.
_Number: TypeAlias = float
_Truth: TypeAlias = bool


class ObservationSchema(SpatialObservationSchema):
    """Makes the elements that `Interactor.specify_agent_observation` builds an observation of.

    Every method takes a `tag`, a word of the game's own that values of the element must then have too, and raises
    SchemaError, naming the element, where an argument is out of its range. `encoding_size`, `heads`, `key_size`,
    `value_size` and what else says how a network reads an element change nothing about its values.
    """

    # --- Leaves ----------------------------------------------------------------------------------------------------

    def null(self, *, tag: str = "") -> ObservationSchemaElement:
        """Nothing: an option of a union that says all by being chosen."""
        return make_element(NullObservation, tag)

    def continuous(
        self, size: int, scale: _Number = 1.0, *, normalize: _Truth = True, tag: str = ""
    ) -> ObservationSchemaElement:
        """`size` numbers; what they usually reach is `scale`, by which they are divided.

        Args:
            size: how many.
            scale: in the game's own units.
            normalize: whether the policy's running normaliser may touch them.
            tag: see above.
        """
        return make_element(ContinuousObservation, tag, size=size, scale=scale, normalize=normalize)

    def float(self, scale: _Number = 1.0, *, normalize: _Truth = True, tag: str = "") -> ObservationSchemaElement:
        """One number; otherwise as `continuous`."""
        return make_element(FloatObservation, tag, scale=scale, normalize=normalize)

    def count(self, scale: _Number = 1.0, *, tag: str = "") -> ObservationSchemaElement:
        """A number of things, divided by `scale`."""
        return make_element(CountObservation, tag, scale=scale)

    def time(self, scale: _Number = 1.0, *, tag: str = "") -> ObservationSchemaElement:
        """Seconds, divided by `scale`."""
        return make_element(TimeObservation, tag, scale=scale)

    def bool(self, *, tag: str = "") -> ObservationSchemaElement:
        """True or false."""
        return make_element(BoolObservation, tag)

    def exclusive_discrete(self, size: int, *, tag: str = "") -> ObservationSchemaElement:
        """One choice out of `size`."""
        return make_element(ExclusiveDiscreteObservation, tag, size=size)

    def inclusive_discrete(self, size: int, *, tag: str = "") -> ObservationSchemaElement:
        """Any of `size` choices: none, some or all."""
        return make_element(InclusiveDiscreteObservation, tag, size=size)

    def named_exclusive_discrete(self, names: Sequence[str], *, tag: str = "") -> ObservationSchemaElement:
        """One of the names."""
        return make_element(NamedExclusiveDiscreteObservation, tag, names=as_names(names))

    def named_inclusive_discrete(self, names: Sequence[str], *, tag: str = "") -> ObservationSchemaElement:
        """Any of the names: none, some or all."""
        return make_element(NamedInclusiveDiscreteObservation, tag, names=as_names(names))

    def enum(self, names: type[Enum] | Sequence[str], *, tag: str = "") -> ObservationSchemaElement:
        """A member of an enumeration: a Python Enum, or names in the order of declaration."""
        return make_element(EnumObservation, tag, names=names_of_enum(names))

    def bitmask(self, names: type[Flag] | Sequence[str], *, tag: str = "") -> ObservationSchemaElement:
        """Any flags of a bitmask: a Python Flag of 1, 2, 4 and so on, or names, that of the lowest bit first."""
        return make_element(BitmaskObservation, tag, names=names_of_flags(names))

    def string_token(self, vocabulary_size: int = 64, *, tag: str = "") -> ObservationSchemaElement:
        """A text, by its hash: texts share one of `vocabulary_size` tokens rarely where that is large."""
        return make_element(StringTokenObservation, tag, vocabulary_size=vocabulary_size)

    def image(
        self,
        height: int,
        width: int,
        channels: int = 1,
        scale: _Number = 255.0,
        *,
        filters: Sequence[int] = ImageObservation.filters,
        kernel_size: int = ImageObservation.kernel_size,
        stride: int = ImageObservation.stride,
        encoding_size: int = ImageObservation.encoding_size,
        activation: Activation = ImageObservation.activation,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """A picture of bytes, read by convolutions. It stands in structs, pairs and encodings, once for each agent.

        Args:
            height: rows of pixels.
            width: pixels of a row.
            channels: bytes of a pixel.
            scale: what bytes are divided by.
            filters: channels of each convolution, one after the other.
            kernel_size: rows and columns that a convolution looks at.
            stride: by which each convolution makes the image smaller.
            encoding_size: what the last layer makes of it.
            activation: after each layer.
            tag: see above.
        """
        return make_element(
            ImageObservation,
            tag,
            height=height,
            width=width,
            channels=channels,
            scale=scale,
            filters=tuple(filters),
            kernel_size=kernel_size,
            stride=stride,
            encoding_size=encoding_size,
            activation=activation,
        )

    def grid(
        self,
        height: int,
        width: int,
        channels: int = 1,
        *,
        filters: Sequence[int] = ImageObservation.filters,
        kernel_size: int = ImageObservation.kernel_size,
        stride: int = ImageObservation.stride,
        encoding_size: int = ImageObservation.encoding_size,
        activation: Activation = ImageObservation.activation,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """A grid of small numbers or of flags: an image whose bytes are taken as they are."""
        return self.image(
            height,
            width,
            channels,
            scale=1.0,
            filters=filters,
            kernel_size=kernel_size,
            stride=stride,
            encoding_size=encoding_size,
            activation=activation,
            tag=tag,
        )

    # --- Groups ----------------------------------------------------------------------------------------------------

    def struct(self, elements: Mapping[str, ObservationSchemaElement], *, tag: str = "") -> ObservationSchemaElement:
        """Named elements; their order is part of the schema."""
        return make_element(StructObservation, tag, elements=tuple(elements.items()))

    def pair(
        self, key: ObservationSchemaElement, value: ObservationSchemaElement, *, tag: str = ""
    ) -> ObservationSchemaElement:
        """Two elements."""
        return make_element(PairObservation, tag, key=key, value=value)

    def static_array(self, element: ObservationSchemaElement, count: int, *, tag: str = "") -> ObservationSchemaElement:
        """Always `count` elements of one kind."""
        return make_element(StaticArrayObservation, tag, element=element, count=count)

    def encoding(
        self,
        element: ObservationSchemaElement,
        encoding_size: int = EncodingObservation.encoding_size,
        hidden_sizes: Sequence[int] = EncodingObservation.hidden_sizes,
        activation: Activation = EncodingObservation.activation,
        *,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """An element seen through a small network of its own: hidden layers, then one of `encoding_size`."""
        return make_element(
            EncodingObservation,
            tag,
            element=element,
            encoding_size=encoding_size,
            hidden_sizes=tuple(hidden_sizes),
            activation=activation,
        )

    def set(
        self,
        element: ObservationSchemaElement,
        max_count: int,
        *,
        heads: int = SetObservation.heads,
        key_size: int = SetObservation.key_size,
        value_size: int = SetObservation.value_size,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """Up to `max_count` elements in no order, pooled by attention.

        Args:
            element: what they are.
            max_count: how many there can be.
            heads: of the attention.
            key_size: floats of a query and a key, of one head.
            value_size: floats that one head yields.
            tag: see above.
        """
        sizes = {"heads": heads, "key_size": key_size, "value_size": value_size}
        return make_element(SetObservation, tag, element=element, max_count=max_count, **sizes)

    def array(
        self,
        element: ObservationSchemaElement,
        max_count: int,
        *,
        heads: int = SetObservation.heads,
        key_size: int = SetObservation.key_size,
        value_size: int = SetObservation.value_size,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """Up to `max_count` elements whose order matters; otherwise as `set`."""
        sizes = {"heads": heads, "key_size": key_size, "value_size": value_size}
        return make_element(ArrayObservation, tag, element=element, max_count=max_count, **sizes)

    def map(
        self,
        key: ObservationSchemaElement,
        value: ObservationSchemaElement,
        max_count: int,
        *,
        heads: int = SetObservation.heads,
        key_size: int = SetObservation.key_size,
        value_size: int = SetObservation.value_size,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """Up to `max_count` pairs of a key and a value; otherwise as `set`."""
        sizes = {"heads": heads, "key_size": key_size, "value_size": value_size}
        return make_element(MapObservation, tag, key=key, value=value, max_count=max_count, **sizes)

    # --- Choices ---------------------------------------------------------------------------------------------------

    def exclusive_union(
        self,
        elements: Mapping[str, ObservationSchemaElement],
        encoding_size: int = ExclusiveUnionObservation.encoding_size,
        *,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """One of the named elements; their order is part of the schema."""
        named = tuple(elements.items())
        return make_element(ExclusiveUnionObservation, tag, elements=named, encoding_size=encoding_size)

    def inclusive_union(
        self,
        elements: Mapping[str, ObservationSchemaElement],
        encoding_size: int = InclusiveUnionObservation.encoding_size,
        *,
        heads: int = InclusiveUnionObservation.heads,
        key_size: int = InclusiveUnionObservation.key_size,
        value_size: int = InclusiveUnionObservation.value_size,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """Any of the named elements, pooled by attention as a `set`; their order is part of the schema."""
        sizes = {"encoding_size": encoding_size, "heads": heads, "key_size": key_size, "value_size": value_size}
        return make_element(InclusiveUnionObservation, tag, elements=tuple(elements.items()), **sizes)

    def optional(
        self,
        element: ObservationSchemaElement,
        encoding_size: int = OptionalObservation.encoding_size,
        *,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """An element or nothing."""
        return make_element(OptionalObservation, tag, element=element, encoding_size=encoding_size)

    def either(
        self,
        a: ObservationSchemaElement,
        b: ObservationSchemaElement,
        encoding_size: int = EitherObservation.encoding_size,
        *,
        tag: str = "",
    ) -> ObservationSchemaElement:
        """One of two elements."""
        return make_element(EitherObservation, tag, a=a, b=b, encoding_size=encoding_size)
