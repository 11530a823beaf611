"""Where two schemas, or the settings of two networks, differ: by name, for messages that help."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import takewhile

from protocol.policy_settings import PolicySettings
from protocol.schema.element import Element
from protocol.schema.wire import schema_fields

MAX_SHOWN_LENGTH = 200

_BEGINNINGS = frozenset({"seed", "initial_log_std", "initial_action_scale"})
"""Settings that say where weights start, which changes nothing about the network."""


@dataclass(frozen=True)
class Difference:
    """One place where two things differ.

    Attributes:
        path: as `$.enemies[].kind`.
        ours: what is there on this side, as `exclusive_discrete(3)`.
        theirs: and on the other.
    """

    path: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.ours}, got {self.theirs}"


def first_difference(
    ours: Element, theirs: Element, path: str = "$", *, with_encodings: bool = False
) -> Difference | None:
    """The first place, root first and in order of declaration, where two schemas differ in meaning.

    What the vector hash covers is compared: types, names and their order, sizes, scales; neither tags nor how a network
    reads an element.

    Args:
        ours: this side's schema.
        theirs: the other side's.
        path: of the root.
        with_encodings: whether the fields that shape a network are compared too, which the network hash covers.

    Returns:
        None where the schemas mean the same.
    """
    if not with_encodings:
        ours, theirs = _without_encoding(ours), _without_encoding(theirs)
    mine, others = (_content(element, with_encodings) for element in (ours, theirs))
    if mine != others:
        return Difference(path, *_shortened(_described(mine), _described(others)))
    if (difference := _name_difference(ours, theirs, path)) is not None:
        return difference
    for (suffix, child), (_, other) in zip(ours.children, theirs.children, strict=True):
        below = first_difference(child, other, path + suffix, with_encodings=with_encodings)
        if below is not None:
            return below
    return None


def first_settings_difference(ours: PolicySettings, theirs: PolicySettings, path: str = "$") -> Difference | None:
    """The first setting that makes other networks of the two; None where their networks are alike."""
    without_effect = _BEGINNINGS | (
        {"memory_state_size"} if ours.memory_cell == theirs.memory_cell == "none" else set()
    )
    for name in (field.name for field in fields(PolicySettings)):
        mine, other = getattr(ours, name), getattr(theirs, name)
        if name not in without_effect and mine != other:
            return Difference(f"{path}.{name}", str(mine), str(other))
    return None


def _without_encoding(element: Element) -> Element:
    while element.type_name == "encoding":
        ((_, element),) = element.children
    return element


def _content(element: Element, with_encodings: bool = False) -> tuple[str, dict[str, object]]:
    """The type, and the fields that count, save for the elements below."""
    counted = {
        key: getattr(element, key)
        for key in schema_fields(type(element))
        if key != "elements" and key not in element.child_keys and not key.startswith("prior_")
        if with_encodings or key not in element.encoding_keys
    }
    return element.type_name, counted


def _described(content: tuple[str, dict[str, object]]) -> str:
    """As `continuous(size=3, scale=2)`."""
    type_name, values = content
    if len(values) == 1:
        return f"{type_name}({_value(*values.values())})"
    inside = ", ".join(f"{key}={_value(value)}" for key, value in values.items())
    return f"{type_name}({inside})" if inside else type_name


def _value(value: object) -> str:
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return str(value)


def _shortened(ours: str, theirs: str) -> tuple[str, str]:
    """Both at most so long, around the first place where they differ."""
    if max(len(ours), len(theirs)) <= MAX_SHOWN_LENGTH:
        return ours, theirs
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False)))
    first = max(0, same - MAX_SHOWN_LENGTH // 4)
    mine, others = (text[first : first + MAX_SHOWN_LENGTH] for text in (ours, theirs))
    return (f"…{mine}", f"…{others}") if first else (mine, others)


def _name_difference(ours: Element, theirs: Element, path: str) -> Difference | None:
    """Whether the elements below have the same names, in the same order."""
    mine, others = dict(ours.children), dict(theirs.children)
    for suffix, child in mine.items():
        if suffix not in others:
            return Difference(path + suffix, _described(_content(child)), "nothing")
    for suffix, child in others.items():
        if suffix not in mine:
            return Difference(path + suffix, "nothing", _described(_content(child)))
    if list(mine) != list(others):
        orders = [", ".join(name.removeprefix(".") for name in names) for names in (mine, others)]
        return Difference(path, *_shortened(*(f"the order {order}" for order in orders)))
    return None
