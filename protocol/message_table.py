"""What the codec knows about each message type, read from the annotations of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_args, get_origin, get_type_hints

from protocol.array_plan import ArrayPlans
from protocol.field_rule import ArrayRule, FieldRule
from protocol.messages import MESSAGE_TYPES, Message


@dataclass(frozen=True)
class MessageTable:
    """One message type.

    Attributes:
        name: the type as it stands in a header.
        message_type: the class.
        scalars: (field, rule) of what travels in the header, in the order of declaration.
        arrays: (field, rule) of what travels in frames, in the order of declaration.
        scalar_names: the fields of `scalars`.
        absent: each array that may be absent -> None.
        array_plans: for the arrays that are there, what is right about them together.
    """

    name: str
    message_type: type[Message]
    scalars: tuple[tuple[str, FieldRule], ...]
    arrays: tuple[tuple[str, ArrayRule], ...]
    scalar_names: frozenset[str]
    absent: Mapping[str, None]
    array_plans: ArrayPlans

    def make(self, values: Mapping[str, object]) -> Message:
        """The message of these fields, already checked; a frozen class's own way sets each by a call."""
        message = object.__new__(self.message_type)
        attributes = vars(message)
        attributes.update(self.absent)
        attributes.update(values)
        return message


def _table(message_type: type[Message]) -> MessageTable:
    hints = get_type_hints(message_type, include_extras=True)
    rules = {name: get_args(hint)[1] for name, hint in hints.items() if get_origin(hint) is Annotated}
    arrays = tuple((name, rule) for name, rule in rules.items() if isinstance(rule, ArrayRule))
    scalars = tuple((name, rule) for name, rule in rules.items() if isinstance(rule, FieldRule))
    return MessageTable(
        name=message_type.__name__,
        message_type=message_type,
        scalars=scalars,
        arrays=arrays,
        scalar_names=frozenset(name for name, _ in scalars),
        absent={name: None for name, rule in arrays if rule.is_optional},
        array_plans=ArrayPlans(arrays),
    )


TABLES: Mapping[type[Message], MessageTable] = {message_type: _table(message_type) for message_type in MESSAGE_TYPES}
TABLES_BY_NAME: Mapping[str, MessageTable] = {table.name: table for table in TABLES.values()}
