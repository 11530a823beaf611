"""From an observation schema to the part of a network that encodes it.

Numbers, choices, structs of them and static arrays of them are passed on as they are. The others have operations of
their own, each under a name "encoder.<n>", where n counts them in tree order:

    image            scale, convolutions with their activation, one linear layer with its activation
    encoding         linear layers, each with its activation
    static array     of anything that has operations: split, the element, join
    set              split, the element, attention_pool; then the mean of the presence bits
    array            the same, with linear, slot_bias and tanh before the pooling
    exclusive union  a linear layer for each option, and the chosen one's output by gate_sum; then the one-hot
    inclusive union  a linear layer for each option, split, attention_pool; then the presence bits
"""

from __future__ import annotations

import math

from protocol.errors import SchemaError
from protocol.network_draft import HIDDEN_GAIN, NetworkDraft, Part
from protocol.schema import (
    EncodingObservation,
    ExclusiveUnionObservation,
    ImageObservation,
    InclusiveUnionObservation,
    NullObservation,
    ObservationElement,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.element import core_of

_LINEAR_GAIN = 1.0
"""Of layers that no activation follows."""


def encode_observation(
    draft: NetworkDraft, element: ObservationElement, observation: str, prefix: str, *, image_register: str = "image"
) -> Part:
    """Adds the encoder of a schema.

    Args:
        draft: whose inputs are there.
        element: the schema.
        observation: the register with the observation vector, normalised or not; passed over where it has no numbers.
        prefix: of the names of all parameters and registers.
        image_register: the register with the bytes of its images.

    Returns:
        The encoded observation.

    Raises:
        SchemaError: there is nothing to see.
    """
    parts = _Encoder(draft, prefix, image_register).encode(element, Part(observation, 0, element.vector_size))
    if not parts:
        raise SchemaError("$", "an observation with at least one number, choice or image", element.type_name)
    return draft.whole(draft.gathered(*parts, name="encoded"))


class _Encoder:
    """Walks a schema; what it yields for an element are the parts of its encoding, none for nothing."""

    def __init__(self, draft: NetworkDraft, prefix: str, image_register: str) -> None:
        self._draft = draft
        self._prefix = prefix
        self._image_register = image_register
        self._count = 0
        self._image_start = 0

    def encode(self, element: ObservationElement, source: Part) -> list[Part]:
        match core_of(element):
            case NullObservation():
                return []
            case StructObservation() as core:
                return self._struct(core, source)
            case StaticArrayObservation() as core:
                return self._static_array(core, source)
            case SetObservation() as core:
                return self._set(core, source)
            case ExclusiveUnionObservation() as core:
                return self._exclusive_union(core, source)
            case InclusiveUnionObservation() as core:
                return self._inclusive_union(core, source)
            case EncodingObservation() as core:
                return self._encoding(core, source)
            case ImageObservation() as core:
                return self._image(core)
            case _:
                return [source]

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}.{self._count - 1}"

    def _struct(self, core: StructObservation, source: Part) -> list[Part]:
        parts: list[Part] = []
        start = source.start
        for _, child in core.elements:
            stop = start + child.vector_size
            parts += self.encode(child, Part(source.register, start, stop))
            start = stop
        return parts

    def _static_array(self, core: StaticArrayObservation, source: Part) -> list[Part]:
        if not core.vector_size or is_passed_on(core.element):
            return [source] if core.vector_size else []
        name = self._name()
        encoded = self._of_slots(name, core.element, source, core.count)
        if encoded is None:
            return []
        size = self._size(encoded) * core.count
        return [self._draft.append("join", (encoded,), f"{name}.joined", size, count=core.count)]

    def _set(self, core: SetObservation, source: Part) -> list[Part]:
        name, count = self._name(), core.max_count
        slots, presence = _cut(source, count * core.element.vector_size)
        present = self._draft.gathered(presence)
        share = self._draft.append("mean", (present,), f"{name}.share", 1)
        encoded = self._of_slots(name, core.element, slots, count) if slots.size else None
        if encoded is None:
            return [share]
        if core.is_ordered:
            size = core.heads * core.value_size
            placed = self._draft.linear(f"{name}.place", self._draft.whole(encoded), size, HIDDEN_GAIN)
            bias = self._draft.parameter(f"{name}.place.of_slot", (count, size), 1.0)
            placed = self._draft.append("slot_bias", (placed.register,), f"{name}.placed", size, (bias,), count=count)
            encoded = self._draft.append(
                "activation", (placed.register,), f"{name}.placed.active", size, function="tanh"
            ).register
        return [self._pooled(name, core, encoded, present, count), share]

    def _exclusive_union(self, core: ExclusiveUnionObservation, source: Part) -> list[Part]:
        name = self._name()
        slots, choice = _cut(source, core.slot_size)
        gates: list[Part] = []
        encoded: list[str] = []
        for index, (_, option) in enumerate(core.elements):
            if not option.vector_size:
                continue
            gate = Part(choice.register, choice.start + index, choice.start + index + 1)
            used = Part(slots.register, slots.start, slots.start + option.vector_size)
            own = self._option(f"{name}.{index}", option, used, gate)
            if own:
                gates.append(gate)
                joined = self._draft.whole(self._draft.gathered(*own))
                layer = self._draft.linear(f"{name}.{index}.option", joined, core.encoding_size, _LINEAR_GAIN)
                encoded.append(layer.register)
        if not encoded:
            return [choice]
        gate_register = self._draft.gathered(*gates, name=f"{name}.gates")
        chosen = self._draft.append("gate_sum", (gate_register, *encoded), f"{name}.chosen", core.encoding_size)
        return [chosen, choice]

    def _option(self, name: str, option: ObservationElement, slots: Part, gate: Part) -> list[Part]:
        """Its slots hold another one's numbers where it isn't chosen; what isn't linear in them is given zeros."""
        if not is_passed_on(option):
            registers = (self._draft.gathered(gate), self._draft.gathered(slots))
            slots = self._draft.append("gate_sum", registers, f"{name}.own", slots.size)
        return self.encode(option, slots)

    def _inclusive_union(self, core: InclusiveUnionObservation, source: Part) -> list[Part]:
        name, draft = self._name(), self._draft
        options, presence = _cut(source, source.size - len(core.elements))
        rows: list[Part] = []
        start = options.start
        for index, (_, option) in enumerate(core.elements):
            stop = start + option.vector_size
            parts = self.encode(option, Part(options.register, start, stop)) if option.vector_size else []
            if not parts:
                parts = [Part(presence.register, presence.start + index, presence.start + index + 1)]
            joined = draft.whole(draft.gathered(*parts))
            rows.append(draft.linear(f"{name}.{index}.option", joined, core.encoding_size, _LINEAR_GAIN))
            start = stop
        side_by_side = draft.gathered(*rows, name=f"{name}.options")
        split = draft.append("split", (side_by_side,), f"{name}.split", core.encoding_size, count=len(rows))
        pooled = self._pooled(name, core, split.register, draft.gathered(presence), len(rows))
        return [pooled, presence]

    def _encoding(self, core: EncodingObservation, source: Part) -> list[Part]:
        name = self._name()
        parts = self.encode(core.element, source)
        if not parts:
            return []
        joined = self._draft.whole(self._draft.gathered(*parts))
        return [self._draft.layers(name, joined, (*core.hidden_sizes, core.encoding_size), core.activation)]

    def _image(self, core: ImageObservation) -> list[Part]:
        draft, name = self._draft, self._name()
        start, self._image_start = self._image_start, self._image_start + core.image_size
        pixels = draft.gathered(Part(self._image_register, start, self._image_start))
        source = draft.append("scale", (pixels,), f"{name}.scaled", core.image_size, factor=1.0 / core.scale)
        height, width, channels, kernel = core.height, core.width, core.channels, core.kernel_size
        padding = kernel // 2
        for index, filters in enumerate(core.filters):
            layer = f"{name}.convolution.{index}"
            weight = draft.parameter(f"{layer}.weight", (filters, kernel, kernel, channels), HIDDEN_GAIN)
            bias = draft.bias(f"{layer}.bias", (0.0,) * filters)
            sizes = {"height": height, "width": width, "stride": core.stride, "padding": padding}
            height = (height + 2 * padding - kernel) // core.stride + 1
            width = (width + 2 * padding - kernel) // core.stride + 1
            channels, size = filters, height * width * filters
            source = draft.append("convolution", (source.register,), layer, size, (weight, bias), **sizes)
            source = draft.append("activation", (layer,), f"{layer}.active", size, function=core.activation)
        return [draft.layers(name, source, (core.encoding_size,), core.activation)]

    def _of_slots(self, name: str, element: ObservationElement, slots: Part, count: int) -> str | None:
        """The register with one row for each slot, encoded; None where the element has nothing to encode."""
        size = element.vector_size
        split = self._draft.append("split", (self._draft.gathered(slots),), f"{name}.split", size, count=count)
        parts = self.encode(element, split)
        return self._draft.gathered(*parts) if parts else None

    def _pooled(
        self, name: str, core: SetObservation | InclusiveUnionObservation, elements: str, presence: str, count: int
    ) -> Part:
        draft, size = self._draft, self._size(elements)
        keys, values = core.heads * core.key_size, core.heads * core.value_size
        parameters: list[str] = []
        for what, outputs in (("query", keys), ("key", keys), ("value", values)):
            # Orthonormal columns of a tall matrix would leave its rows shorter than 1.
            gain = math.sqrt(max(1.0, outputs / size))
            parameters.append(draft.parameter(f"{name}.{what}.weight", (outputs, size), gain))
            parameters.append(draft.bias(f"{name}.{what}.bias", (0.0,) * outputs))
        return draft.append(
            "attention_pool",
            (elements, presence),
            f"{name}.pooled",
            values,
            tuple(parameters),
            heads=core.heads,
            count=count,
        )

    def _size(self, register: str) -> int:
        return self._draft.whole(register).size


def is_passed_on(element: ObservationElement) -> bool:
    """Whether the encoder adds nothing for an element."""
    match core_of(element):
        case StructObservation() as core:
            return all(is_passed_on(child) for _, child in core.elements)
        case StaticArrayObservation() as core:
            return is_passed_on(core.element)
        case SetObservation() | ExclusiveUnionObservation() | InclusiveUnionObservation():
            return False
        case EncodingObservation() | ImageObservation():
            return False
        case _:
            return True


def _cut(source: Part, size: int) -> tuple[Part, Part]:
    """The first `size` columns, and the others."""
    middle = source.start + size
    return Part(source.register, source.start, middle), Part(source.register, middle, source.stop)
