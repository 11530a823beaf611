"""The JSON schema for editors agrees with what is loaded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.trainer_process.configuration.configured import FILES
from tests.trainer_process.configuration.json_schema_check import disagreements
from trainer_process.configuration.document import parse_document, read_document
from trainer_process.configuration.json_schema import attribute_texts, dialect_schema

SCHEMA = dialect_schema()
LOADABLE = sorted(path.name for path in FILES.glob("*.yaml") if path.stem not in ("pyramids", "soccer", "worm_sac"))


@pytest.mark.parametrize("name", LOADABLE)
def test_files_that_load_agree_with_the_schema(name: str) -> None:
    assert [*disagreements(read_document(FILES / name).root, SCHEMA, SCHEMA)] == []


@pytest.mark.parametrize(
    "text",
    [
        "behaviors: {W: {max_step: 3}}",
        "behaviors: {W: {max_steps: 0}}",
        "behaviors: {W: {trainer_type: pop}}",
        "behaviors: {W: {trainer_type: ppo, hyperparameters: {tau: 0.1}}}",
        "environment_parameters: {g: {sampler_type: uniform, sampler_parameters: {mean: 3}}}",
        "environment_parameters: {g: {curriculum: []}}",
        "torch_settings: {device: mps}",
        "debug: 3",
        "metrics_settings: {writers: [paper]}",
    ],
)
def test_what_is_wrong_disagrees_with_the_schema(text: str) -> None:
    assert [*disagreements(parse_document(text.encode(), "c.yaml").root, SCHEMA, SCHEMA)] != []


def test_the_schema_is_json_and_says_what_every_key_means() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    silent = [
        f"{name}.{key}"
        for name, part in [("top", SCHEMA), *SCHEMA["$defs"].items()]
        for key, value in part.get("properties", {}).items()
        if "description" not in value
    ]
    assert silent == []


def test_texts_of_attributes_are_read_over_several_lines() -> None:
    text: Any = """One line.

    Attributes:
        first: is
            long.
        second: is short.

    Raises:
        Error: never.
    """
    assert attribute_texts(text) == {"first": "is long.", "second": "is short."}
