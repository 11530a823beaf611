from __future__ import annotations

import dataclasses

import pytest

from protocol.field_rule import ArrayRule, shorten
from protocol.message_table import TABLES, TABLES_BY_NAME
from protocol.messages import BOTH_WAYS, MESSAGE_TYPES, TO_HOST, TO_TRAINER, Credit, Experience, Message


@pytest.mark.parametrize("message_type", MESSAGE_TYPES)
def test_every_field_has_a_rule(message_type: type[Message]) -> None:
    table = TABLES[message_type]
    ruled = [name for name, _ in (*table.scalars, *table.arrays)]
    assert sorted(ruled) == sorted(field.name for field in dataclasses.fields(message_type))


@pytest.mark.parametrize("message_type", MESSAGE_TYPES)
def test_every_message_is_frozen_and_explained_and_has_a_direction(message_type: type[Message]) -> None:
    assert message_type.__dataclass_params__.frozen
    assert message_type.__doc__
    assert message_type.direction in {TO_HOST, TO_TRAINER, BOTH_WAYS}


def test_every_message_class_is_in_the_list() -> None:
    assert set(MESSAGE_TYPES) == set(Message.__subclasses__())
    assert TABLES_BY_NAME.keys() == {message_type.__name__ for message_type in MESSAGE_TYPES}


def test_only_arrays_may_be_absent() -> None:
    defaults = {
        (message_type.__name__, field.name)
        for message_type in MESSAGE_TYPES
        for field in dataclasses.fields(message_type)
        if field.default is not dataclasses.MISSING
    }
    optional = {(table.name, name) for table in TABLES.values() for name, rule in table.arrays if rule.is_optional}
    experience = ("images", "action_modifiers", "memory", "initial_memory", "final_images", "final_memory")
    assert (
        defaults
        == optional
        == {
            ("Configure", "weights"),
            ("PolicyUpdate", "critic_weights"),
            *[("Experience", name) for name in experience],
            *[("Demonstrations", name) for name in ("images", "action_modifiers", "final_images")],
        }
    )


def test_a_message_can_not_be_changed() -> None:
    credit = Credit("b", 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        credit.batch_id = 2


def test_experience_shapes_are_spelled_with_the_letters_of_the_design() -> None:
    rules = dict(TABLES[Experience].arrays)
    assert rules["observations"].expectation == "float32[T, N, O]"
    assert rules["version_runs"].limits == (1_000_000, 3)


def test_a_letter_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError):
        ArrayRule("float32", "Z")


def test_a_text_too_long_keeps_its_end() -> None:
    assert shorten("short", 100) == "short"
    assert shorten("0123456789", 8) == "…56789"
    assert len(shorten("é" * 100, 64).encode()) <= 64
    assert shorten("\ud800", 100) == "?"
