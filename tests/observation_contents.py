"""Random contents of any observation schema, as a game might hold them, and the values and vectors to make of them.

A content is arrays with the same leading axes, agents first, in the tree of its schema; an index into those axes makes
it the content of one agent, or of one slot of all of them. What is not there holds what nobody may read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.geometry import Transform
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_value import LeafValue, ObservationObjectElement
from host_sdk.spline import Polyline
from protocol.schema import (
    BitmaskObservation,
    BoolObservation,
    ContinuousObservation,
    EitherObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
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
    ProportionAlongSplineObservation,
    SetObservation,
    StaticArrayObservation,
    StringTokenObservation,
    StructObservation,
    TransformObservation,
)
from protocol.schema.element import core_of
from protocol.string_token import string_token
from protocol.vector_array import BoolArray, FloatArray

Content: TypeAlias = Any
Index: TypeAlias = tuple[Any, ...]
ByteArray: TypeAlias = npt.NDArray[np.uint8]

MAKE = ObservationObject()
WORDS = np.array(["sword", "shield", "", "剣"], dtype=object)
_POINTS = [[0.0, 0.0, 0.0], [3.0, 0.0, 1.0], [3.0, 4.0, 2.0]]
PATHS = {False: Polyline(_POINTS), True: Polyline(_POINTS, is_closed_loop=True)}
_LAST_AXIS = {"rotation": 4, "float": 0, "count": 0, "time": 0, "angle": 0}


def random_content(
    element: ObservationElement,
    generator: np.random.Generator,
    lead: tuple[int, ...],
    is_there: BoolArray | None = None,
) -> Content:
    """A content with these leading axes; `is_there`, bool of that shape, tells what will be read."""
    there = np.ones(lead, dtype=np.bool_) if is_there is None else is_there
    match element:
        case NullObservation():
            return None
        case EncodingObservation():
            return random_content(element.element, generator, lead, there)
        case StructObservation():
            return {name: random_content(child, generator, lead, there) for name, child in element.elements}
        case PairObservation():
            return [random_content(child, generator, lead, there) for child in (element.key, element.value)]
        case StaticArrayObservation():
            return random_content(element.element, generator, *_slots(lead, element.count, there))
        case SetObservation() | MapObservation():
            return _random_set(element, generator, lead, there)
        case ExclusiveUnionObservation() | OptionalObservation() | EitherObservation():
            options = [child for _, child in _options(element)]
            chosen = np.where(there, generator.integers(0, len(options), lead), -1)
            return chosen, [random_content(one, generator, lead, chosen == i) for i, one in enumerate(options)]
        case InclusiveUnionObservation():
            present = generator.random((len(element.elements), *lead)) < 0.5
            options = [child for _, child in element.elements]
            return present, [
                random_content(one, generator, lead, there & flags) for one, flags in zip(options, present, strict=True)
            ]
        case _:
            return _random_leaf(element, generator, lead, there)


def _slots(lead: tuple[int, ...], count: int, there: BoolArray) -> tuple[tuple[int, ...], BoolArray]:
    return (*lead, count), np.repeat(there[..., np.newaxis], count, axis=-1)


def _random_set(
    element: SetObservation | MapObservation, generator: np.random.Generator, lead: tuple[int, ...], there: BoolArray
) -> Content:
    count = int(generator.integers(1, element.max_count + 1))
    slots, there = _slots(lead, count, there)
    present = generator.random(slots) < 0.6
    is_dense = bool(generator.random() < 0.5)
    if is_dense:
        present = np.sort(present, axis=-1)[..., ::-1]
    children = [element.key, element.value] if isinstance(element, MapObservation) else [element.element]
    return present, is_dense, [random_content(child, generator, slots, there & present) for child in children]


def _random_leaf(
    element: ObservationElement, generator: np.random.Generator, lead: tuple[int, ...], there: BoolArray
) -> Content:
    match element:
        case NamedExclusiveDiscreteObservation():
            places = generator.integers(0, len(element.names), lead)
            return np.where(there, np.array(element.names)[places], "no such name")
        case EnumObservation() | ExclusiveDiscreteObservation():
            return np.where(there, generator.integers(0, element.vector_size, lead), -7)
        case BitmaskObservation():
            return np.where(there, generator.integers(0, 1 << len(element.names), lead), 1 << 62)
        case StringTokenObservation():
            return np.where(there, WORDS[generator.integers(0, len(WORDS), lead)], None)
        case BoolObservation():
            return generator.random(lead) < 0.5
        case InclusiveDiscreteObservation() | NamedInclusiveDiscreteObservation():
            return generator.random((*lead, element.vector_size)) < 0.5
        case ImageObservation():
            return generator.integers(0, 256, (*lead, element.height, element.width, element.channels), dtype=np.uint8)
        case TransformObservation():
            return [_numbers(generator, lead, size, there) for size in (3, 4, 3)]
        case _ if element.type_name.endswith("_spline"):
            return _numbers(generator, lead, 0, there)
        case _:
            return _numbers(generator, lead, _LAST_AXIS.get(element.type_name, _core_size(element)), there)


def _core_size(element: ObservationElement) -> int:
    core = core_of(element)
    assert isinstance(core, ContinuousObservation)
    return core.size


def _numbers(
    generator: np.random.Generator, lead: tuple[int, ...], size: int, there: BoolArray
) -> npt.NDArray[np.float64]:
    numbers = generator.normal(0.0, 3.0, (*lead, size) if size else lead)
    numbers[~there] = generator.choice([np.nan, np.inf, 1e300])
    return numbers


def value_of(
    element: ObservationElement, content: Content, index: Index, is_together: Callable[[], bool]
) -> ObservationObjectElement:
    """The value that a game makes of a content.

    Args:
        element: the schema.
        content: of the schema.
        index: into its leading axes: (slice(None),) for the batched value, (3,) for that of agent 3.
        is_together: asked for each array and set whether its elements are given as one.
    """
    match element:
        case NullObservation():
            return MAKE.null(tag=element.tag)
        case EncodingObservation():
            return MAKE.encoding(value_of(element.element, content, index, is_together), tag=element.tag)
        case StructObservation():
            named = {name: value_of(child, content[name], index, is_together) for name, child in element.elements}
            return MAKE.struct(named, tag=element.tag)
        case PairObservation():
            key, value = zip((element.key, element.value), content, strict=True)
            return MAKE.pair(*(value_of(*part, index, is_together) for part in (key, value)), tag=element.tag)
        case StaticArrayObservation():
            if is_together():
                together = value_of(element.element, content, (*index, slice(None)), is_together)
                return MAKE.static_array(together, tag=element.tag)
            slots = [(*index, slot) for slot in range(element.count)]
            return MAKE.static_array(
                [value_of(element.element, content, slot, is_together) for slot in slots], tag=element.tag
            )
        case SetObservation() | MapObservation():
            return _set_value(element, content, index, is_together)
        case ExclusiveUnionObservation() | OptionalObservation() | EitherObservation():
            return _choice_value(element, content, index, is_together)
        case InclusiveUnionObservation():
            present, parts = content
            options = {
                name: (flags[index], value_of(child, part, index, is_together))
                for (name, child), flags, part in zip(element.elements, present, parts, strict=True)
            }
            if present[0][index].ndim == 0:
                return MAKE.inclusive_union({name: value for name, (flag, value) in options.items() if flag})
            flags_by_name = {name: flags for name, (flags, _) in options.items()}
            return MAKE.inclusive_union({name: value for name, (_, value) in options.items()}, flags_by_name)
        case _:
            return leaf_value(element, content, index)


def _set_value(
    element: SetObservation | MapObservation, content: Content, index: Index, is_together: Callable[[], bool]
) -> ObservationObjectElement:
    present, is_dense, parts = content
    is_map = isinstance(element, MapObservation)
    children = [element.key, element.value] if is_map else [element.element]
    flags = present[index]
    if is_together():
        every = (*index, slice(None))
        values = [value_of(child, part, every, is_together) for child, part in zip(children, parts, strict=True)]
        if is_map:
            return MAKE.map(values[0], values[1], flags, tag=element.tag)
        return (MAKE.array if element.type_name == "array" else MAKE.set)(values[0], flags, tag=element.tag)
    slots = range(present.shape[-1])
    is_listed = flags.ndim == 1 and is_dense
    if is_listed:
        slots = [slot for slot in slots if flags[slot]]
    each = [
        tuple(value_of(child, part, (*index, slot), is_together) for child, part in zip(children, parts, strict=True))
        for slot in slots
    ]
    present_or_all = None if is_listed else flags
    if is_map:
        return MAKE.map(each, present=present_or_all, tag=element.tag)
    make = MAKE.array if element.type_name == "array" else MAKE.set
    return make([one for (one,) in each], present_or_all, tag=element.tag)


def _options(element: ObservationElement) -> tuple[tuple[str, ObservationElement], ...]:
    core = core_of(element)
    assert isinstance(core, ExclusiveUnionObservation)
    return core.elements


def _choice_value(
    element: ObservationElement, content: Content, index: Index, is_together: Callable[[], bool]
) -> ObservationObjectElement:
    chosen, parts = content
    names = [name for name, _ in _options(element)]
    places = chosen[index]
    values = {
        name: value_of(child, part, index, is_together)
        for (name, child), part in zip(_options(element), parts, strict=True)
    }
    is_single = places.ndim == 0
    match element:
        case OptionalObservation():
            if is_single:
                return MAKE.optional(values["valid"] if places == 1 else None, tag=element.tag)
            return MAKE.optional(values["valid"], places == 1, tag=element.tag)
        case EitherObservation():
            if is_single:
                return (MAKE.either_a if places == 0 else MAKE.either_b)(values[names[places]], tag=element.tag)
            return MAKE.either(values["a"], values["b"], places == 0, tag=element.tag)
        case _:
            if is_single:
                return MAKE.exclusive_union(names[places], values[names[places]], tag=element.tag)
            return MAKE.exclusive_union(places, values, tag=element.tag)


def leaf_value(element: ObservationElement, content: Content, index: Index) -> ObservationObjectElement:
    """The value of an element that holds no other."""
    match element:
        case TransformObservation():
            return MAKE.transform(Transform(*(part[index] for part in content)), tag=element.tag)
        case ProportionAlongSplineObservation():
            return MAKE.proportion_along_spline(PATHS[element.is_closed_loop], content[index], tag=element.tag)
        case _ if element.type_name.endswith("_along_spline"):
            return getattr(MAKE, element.type_name)(PATHS[False], content[index], tag=element.tag)
        case _:
            return getattr(MAKE, element.type_name)(content[index], tag=element.tag)


def vectors_of(element: ObservationElement, content: Content, index: Index) -> tuple[FloatArray, ByteArray]:
    """float32[O] and uint8[I] of one agent, written down plainly from what the schema says."""
    images: list[ByteArray] = []
    floats = _floats(element, content, index, images)
    return np.array(floats, dtype=np.float32), np.concatenate([np.zeros(0, np.uint8), *images])


def _floats(element: ObservationElement, content: Content, index: Index, images: list[ByteArray]) -> list[float]:
    match element:
        case NullObservation():
            return []
        case ImageObservation():
            images.append(content[index].reshape(-1))
            return []
        case EncodingObservation():
            return _floats(element.element, content, index, images)
        case StructObservation():
            return [x for name, child in element.elements for x in _floats(child, content[name], index, images)]
        case PairObservation():
            key, value = content
            return [*_floats(element.key, key, index, images), *_floats(element.value, value, index, images)]
        case StaticArrayObservation():
            return [x for i in range(element.count) for x in _floats(element.element, content, (*index, i), images)]
        case SetObservation() | MapObservation():
            return _set_floats(element, content, index)
        case ExclusiveUnionObservation() | OptionalObservation() | EitherObservation():
            options = _options(element)
            place = int(content[0][index])
            floats = _floats(options[place][1], content[1][place], index, [])
            slot_size = element.vector_size - len(options)
            return [*floats, *[0.0] * (slot_size - len(floats)), *(float(place == i) for i in range(len(options)))]
        case InclusiveUnionObservation():
            present = [bool(flags[index]) for flags in content[0]]
            parts = zip(present, element.elements, content[1], strict=True)
            floats = [
                x
                for flag, (_, child), part in parts
                for x in (_floats(child, part, index, []) if flag else [0.0] * child.vector_size)
            ]
            return [*floats, *map(float, present)]
        case _:
            return _leaf_floats(element, content, index)


def _set_floats(element: SetObservation | MapObservation, content: Content, index: Index) -> list[float]:
    present, _, parts = content
    children = [element.key, element.value] if isinstance(element, MapObservation) else [element.element]
    size = sum(child.vector_size for child in children)
    floats: list[float] = []
    bits: list[float] = []
    for slot in range(element.max_count):
        flag = slot < present.shape[-1] and bool(present[(*index, slot)])
        bits.append(float(flag))
        if flag:
            for child, part in zip(children, parts, strict=True):
                floats += _floats(child, part, (*index, slot), [])
        else:
            floats += [0.0] * size
    return floats + bits


def _leaf_floats(element: ObservationElement, content: Content, index: Index) -> list[float]:
    size = element.vector_size
    match element:
        case NamedExclusiveDiscreteObservation():
            return [float(name == content[index]) for name in element.names]
        case EnumObservation() | ExclusiveDiscreteObservation():
            return [float(i == content[index]) for i in range(size)]
        case StringTokenObservation():
            return [float(i == string_token(content[index], size)) for i in range(size)]
        case BitmaskObservation():
            return [float(int(content[index]) >> bit & 1) for bit in range(size)]
        case BoolObservation() | InclusiveDiscreteObservation() | NamedInclusiveDiscreteObservation():
            return [float(flag) for flag in np.reshape(content[index], -1)]
        case TransformObservation():
            names = ("location", "rotation", "scale")
            return [
                x
                for (_, child), name, part in zip(element.core.elements, names, content, strict=True)
                for x in _scaled(child, getattr(MAKE, name)(part[index]))
            ]
        case _:
            return _scaled(element, leaf_value(element, content, index))


def _scaled(element: ObservationElement, value: ObservationObjectElement) -> list[float]:
    core = core_of(element)
    assert isinstance(core, ContinuousObservation)
    assert isinstance(value, LeafValue)
    return [float(x) for x in np.reshape(value.value, -1) / np.float32(core.scale)]
