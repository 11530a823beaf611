"""Actions that are read and made again, whatever their schema."""

from __future__ import annotations

from typing import Any

import numpy as np

from host_sdk.action_element import ActionObjectElement, ActionObjectElements, AnyElement
from host_sdk.action_object import ActionObject
from host_sdk.action_value import ActionValue
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.action_writer import ActionWriter
from protocol.schema import ActionElement
from protocol.vector_array import FloatArray

ACTIONS = ActionObject()


def written(element: ActionElement, value: object, agent_ids: tuple[int, ...] | None = None) -> FloatArray:
    """float32[n, A]; of one agent, 7, where no ids are given."""
    decoder = ActionDecoder(element)
    rows = np.full((len(agent_ids or (7,)), decoder.layout.vector_size), np.nan, dtype=np.float32)
    writer = ActionWriter(decoder.node, decoder.layout)
    writer.write(value, rows, agent_ids or (7,), is_batched=agent_ids is not None)
    return rows


def remade(element: AnyElement) -> ActionValue:
    """What `get_…` gives, put into the maker of the same name."""
    kind, tag = element.node.kind, element.node.tag
    got: Any = getattr(ACTIONS, f"get_{kind}")(element, tag=tag)
    maker = getattr(ACTIONS, kind)
    is_batched = isinstance(element, ActionObjectElements)
    match kind:
        case "null":
            return maker(tag=tag)
        case "struct":
            return maker({name: remade(child) for name, child in got.items()}, tag=tag)
        case "pair":
            return maker(remade(got[0]), remade(got[1]), tag=tag)
        case "static_array":
            return maker([remade(child) for child in got], tag=tag)
        case "encoding":
            return maker(remade(got), tag=tag)
        case "exclusive_union" | "inclusive_union" | "optional" | "either" if is_batched:
            return _remade_union(kind, got, tag)
        case "exclusive_union":
            return maker(got[0], remade(got[1]), tag=tag)
        case "inclusive_union":
            return maker({name: remade(child) for name, child in got.items()}, tag=tag)
        case "optional":
            return maker(None if got is None else remade(got), tag=tag)
        case "either":
            return (ACTIONS.either_a if got[0] else ACTIONS.either_b)(remade(got[1]), tag=tag)
        case _:
            return maker(got, tag=tag)


def _remade_union(kind: str, got: Any, tag: str) -> ActionValue:
    match kind:
        case "exclusive_union":
            chosen, options = got
            return ACTIONS.exclusive_union(chosen, {name: remade(child) for name, child in options.items()}, tag=tag)
        case "inclusive_union":
            present, options = got
            elements = {name: remade(child) for name, child in options.items()}
            return ACTIONS.inclusive_union(elements, present, tag=tag)
        case "optional":
            is_valid, element = got
            return ACTIONS.optional(remade(element), is_valid, tag=tag)
        case _:
            is_a, a, b = got
            return ACTIONS.either(remade(a), remade(b), is_a, tag=tag)


def decoded(element: ActionElement, vectors: FloatArray) -> ActionObjectElements:
    """As a game gets them."""
    return ActionDecoder(element).decode(vectors)


def single(elements: ActionObjectElements, agent: int) -> ActionObjectElement:
    """One agent's."""
    return elements[agent]
