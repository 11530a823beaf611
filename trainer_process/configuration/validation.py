"""What pydantic finds wrong, told with the place in the file and the nearest right thing."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Tag, ValidationError
from pydantic_core import ErrorDetails

from trainer_process.configuration.dialect import Dialect
from trainer_process.configuration.place import KeyPath
from trainer_process.configuration.problem import Problem, shown
from trainer_process.configuration.renamed_key import replacement_of
from trainer_process.configuration.value_tree import ValueTree, items_of
from trainer_process.settings import Settings

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "missing": "a value, since it has no default",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_pattern_mismatch": "cpu, cuda or cuda:1",
    "string_too_short": "text that isn't empty",
    "string_type": "text",
    "tuple_type": "a list",
}


_LIKELY = ("extrinsic", "hyperparameters", "network_settings")
"""Where a key that is known in several places is most often meant to be."""


def validated_dialect(tree: ValueTree) -> tuple[Dialect | None, list[Problem]]:
    """The models of what a tree holds, or all that is wrong with it."""
    try:
        return Dialect.model_validate(tree.root), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, [_problem(detail, tree) for detail in details if not _only_follows(detail)]


def _only_follows(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its items are wrong."""
    return detail["type"] == "too_short" and isinstance(detail["input"], list) and len(detail["input"]) > 0


def nearest(word: object, choices: Sequence[str]) -> str:
    """A question that names the choice most like a word; empty where none is like it."""
    found = get_close_matches(str(word).lower().replace("-", "_"), choices, n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else ""


def _problem(detail: ErrorDetails, tree: ValueTree) -> Problem:
    path = _path(detail, tree)
    if detail["type"] == "extra_forbidden":
        return _unknown_key(detail, path, tree)
    received = "nothing" if detail["type"] == "missing" else shown(detail["input"])
    hint = ""
    choices = [text.strip().strip("'") for text in _choices(detail)]
    if choices:
        wrong = detail["input"]
        if isinstance(wrong, dict):  # the kind of a sampler or a trainer
            key = "sampler_type" if detail["type"] == "sampler_type" else "trainer_type"
            path, wrong = (*path, key), wrong.get(key)
            received = f"the unknown {key} {shown(wrong)}" if wrong is not None else "none"
        hint = nearest(wrong, choices)
    return Problem(tree.place(path), path, expectation(detail), received, hint)


def _path(detail: ErrorDetails, tree: ValueTree) -> KeyPath:
    """Where an error is in the file: pydantic's location without the tags of unions."""
    path: list[str | int] = []
    value: object = tree.root
    for depth, part in enumerate(detail["loc"]):
        is_last = depth == len(detail["loc"]) - 1
        below = dict(items_of(value))
        if part in below:
            value = below[part]
        elif not (is_last and detail["type"] in ("missing", "extra_forbidden")):
            continue
        path.append(part)
    return tuple(path)


def expectation(detail: ErrorDetails) -> str:
    """What would have been right, as a phrase behind the word expected."""
    if detail["type"] in _EXPECTED:
        return _EXPECTED[detail["type"]]
    sentence = detail["msg"]
    for prefix in ("Input should be ", "Value error, ", "Value should be "):
        sentence = sentence.removeprefix(prefix)
    sentence = sentence[:1].lower() + sentence[1:]
    if sentence.startswith(("greater ", "less ")):
        return f"a number {sentence}"
    return "at least one" if detail["type"] == "too_short" else sentence


def _choices(detail: ErrorDetails) -> list[str]:
    if detail["type"] == "literal_error":
        return str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")
    if detail["type"] in ("sampler_type", "trainer_type"):
        return detail["msg"].partition(" ")[2].replace(" or ", ", ").split(",")
    return []


def _unknown_key(detail: ErrorDetails, path: KeyPath, tree: ValueTree) -> Problem:
    key = str(path[-1])
    siblings = _keys_at(detail["loc"][:-1])
    expected = f"one of {', '.join(siblings)}" if siblings else "no keys here"
    received = f"the unknown key {key!r:.60}"
    hint = replacement_of(key) or nearest(key, siblings) or _belongs(key)
    return Problem(tree.key_place(path), path, expected, received, hint)


def known_keys() -> set[str]:
    """Every key of the dialect."""
    return {*Dialect.model_fields, *(key for key, _ in _all_keys(Dialect, ()))}


def _belongs(key: str) -> str:
    """Where a key that is known elsewhere stands there."""
    places = {place for known, place in _all_keys(Dialect, ()) if known == key}
    if not places:
        return ""
    likeliest = min(places, key=lambda place: (place.rsplit(".", 1)[-1] not in _LIKELY, place))
    return f"it belongs in {likeliest}"


def _keys_at(location: Sequence[str | int]) -> list[str]:
    """The keys of the mapping there, sorted."""
    annotation: Any = Dialect
    for part in location:
        annotation = _inner(annotation, part)
    return sorted(_fields(annotation))


def _fields(annotation: Any) -> Mapping[str, Any]:
    """The fields of a model, or of the one model of an optional one."""
    if get_origin(annotation) is Annotated:
        return _fields(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return {name: field.annotation for name, field in annotation.model_fields.items()}
    for member in _members(annotation):
        if fields := _fields(member):
            return fields
    return {}


def _inner(annotation: Any, part: str | int) -> Any:
    """What pydantic looks at, one part of its location further in; None where that isn't known."""
    if get_origin(annotation) is Annotated:
        return _inner(get_args(annotation)[0], part)
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    members = _members(annotation)
    for member in members:
        if any(isinstance(mark, Tag) and mark.tag == part for mark in get_args(member)[1:]):
            return member
    for member in members:
        if (found := _inner(member, part)) is not None:
            return found
    return _fields(annotation).get(str(part))


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()


def _all_keys(annotation: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every key of the dialect, and what it stands in."""
    if get_origin(annotation) in (Annotated, tuple):
        yield from _all_keys(get_args(annotation)[0], path)
    elif get_origin(annotation) is dict:
        yield from _all_keys(get_args(annotation)[1], (*path[:-1], f"{path[-1]}.NAME") if path else path)
    elif members := _members(annotation):
        for member in members:
            yield from _all_keys(member, path)
    elif isinstance(annotation, type) and issubclass(annotation, Settings):
        for key, field in annotation.model_fields.items():
            if path:
                yield key, ".".join(path)
            yield from _all_keys(field.annotation, (*path, key))
