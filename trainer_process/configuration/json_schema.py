"""The dialect as a JSON schema, by which editors complete and check files while they are written."""

from __future__ import annotations

import inspect
import re
from typing import Any

from trainer_process.configuration.dialect import Dialect
from trainer_process.configuration.hyperparameter import PPOHyperparameters
from trainer_process.settings import Settings

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXTS = {
    "trainer_type": "what learns; ppo unless another is named.",
    "hyperparameters": "how it learns.",
    "sampler_type": "how numbers are drawn.",
    "sampler_parameters": "of that sampler.",
    "curriculum": "lessons, one after the other.",
    "extrinsic": "the game's own rewards.",
    "gail": "rewards for what can't be told from demonstrations; refused beside the game's.",
    "curiosity": "rewards for what could not be foreseen; refused.",
    "rnd": "rewards for what was seldom seen; refused.",
}
"""Of keys whose models say it of themselves."""

_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_ATTRIBUTE = re.compile(r"^    (\w+): (.*)$")


def dialect_schema() -> dict[str, Any]:
    """The JSON schema; what every key means is told as its docstring tells it."""
    schema = Dialect.model_json_schema()
    described = {each.__name__: each for each in _model_classes(Settings)}
    _write_bounds(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        _describe(part, described.get(part.get("title", "")))
    return {"$schema": SCHEMA_DIALECT, **schema, "title": "A run of learning-bridge, in ML-Agents' dialect"}


def _write_bounds(part: Any) -> None:
    """Bounds that stand beside a validator of ours keep pydantic's names, which no schema knows."""
    inner = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else []
    for each in inner:
        _write_bounds(each)
    if isinstance(part, dict):
        for name, keyword in _BOUNDS.items():
            if isinstance(part.get(name), int | float):
                part[keyword] = part.pop(name)


def _model_classes(base: type[Settings]) -> list[type[Settings]]:
    found: list[type[Settings]] = []
    for each in base.__subclasses__():
        if each.__module__.startswith("trainer_process.configuration."):
            found.append(each)
        found += _model_classes(each)
    return found


def _describe(part: dict[str, Any], model: type[Settings] | None) -> None:
    """Moves what a docstring says of attributes to their keys."""
    part.pop("title", None)
    if model is None:
        return
    texts = dict(_TEXTS)
    for each in (PPOHyperparameters, *reversed(model.__mro__)):
        texts |= attribute_texts(each.__doc__ or "")
    part["description"] = inspect.cleandoc(model.__doc__ or "").split("\n\n")[0]
    for name, key in part.get("properties", {}).items():
        key.pop("title", None)
        if name in texts:
            key["description"] = texts[name]


def attribute_texts(docstring: str) -> dict[str, str]:
    """What a docstring says of each of its attributes."""
    _, _, section = inspect.cleandoc(docstring).partition("Attributes:\n")
    texts: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        match = _ATTRIBUTE.match(line)
        if match is not None:
            name = match[1]
            texts[name] = match[2]
        elif name and line.startswith("        "):
            texts[name] += f" {line.strip()}"
        elif line.strip():
            break
    return texts
