"""Hypothesis strategies for messages, read from the same rules that the codec follows."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from protocol.field_rule import (
    FIXED_SIZES,
    ArrayRule,
    ChoiceRule,
    FieldRule,
    FlagRule,
    IntegerRule,
    NamesRule,
    RealRule,
    TableRule,
    TextRule,
    TreeRule,
)
from protocol.message_table import TABLES, MessageTable
from protocol.messages import Message

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8, alphabet=st.characters(exclude_categories=["Cs"]))
)


def _texts(rule: TextRule) -> st.SearchStrategy[str]:
    alphabet = st.characters(exclude_categories=["Cs"])
    return st.text(alphabet, min_size=rule.min_bytes, max_size=min(rule.max_bytes // 4, 12))


_KEYS = st.text("abc", max_size=4)
_NODES = st.recursive(
    _LEAVES, lambda below: st.lists(below, max_size=2) | st.dictionaries(_KEYS, below, max_size=2), max_leaves=5
)
_TREES = st.dictionaries(_KEYS, _NODES, max_size=2)


def _values(rule: FieldRule) -> st.SearchStrategy[object]:
    match rule:
        case TextRule():
            return _texts(rule)
        case ChoiceRule():
            return st.sampled_from(rule.choices)
        case FlagRule():
            return st.booleans()
        case IntegerRule():
            return st.integers(rule.low, rule.high)
        case RealRule():
            return st.floats(rule.low, rule.high, allow_nan=False)
        case NamesRule():
            return st.lists(_texts(rule.item), max_size=4).map(tuple)
        case TableRule():
            return st.dictionaries(_texts(rule.key), _values(rule.item), max_size=4)
        case TreeRule():
            return _TREES
        case _:
            raise AssertionError(f"no strategy for {rule}")


@st.composite
def _arrays(draw: st.DrawFn, table: MessageTable) -> dict[str, np.ndarray | None]:
    letters = sorted({letter for _, rule in table.arrays for letter in rule.dimensions} - FIXED_SIZES.keys())
    sizes = {letter: draw(st.integers(0, 4)) for letter in letters} | FIXED_SIZES
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))

    def array(rule: ArrayRule) -> np.ndarray | None:
        if rule.is_optional and draw(st.booleans()):
            return None
        shape = tuple(sizes[letter] for letter in rule.dimensions)
        byte_count = int(np.prod(shape, dtype=int)) * np.dtype(rule.dtype).itemsize
        return np.frombuffer(generator.bytes(byte_count), rule.dtype).reshape(shape)

    return {name: array(rule) for name, rule in table.arrays}


@st.composite
def messages(draw: st.DrawFn, message_type: type[Message] | None = None) -> Message:
    """A message of one type, or of any; its arrays hold arbitrary bits."""
    table = TABLES[message_type] if message_type is not None else draw(st.sampled_from(list(TABLES.values())))
    scalars = {name: draw(_values(rule)) for name, rule in table.scalars}
    return table.message_type(**scalars, **draw(_arrays(table)))


def assert_same(first: Message, second: Message) -> None:
    """Equal field by field, arrays by their bits, dtype and shape."""
    assert type(first) is type(second)
    for name, value in vars(first).items():
        other = getattr(second, name)
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape) == (other.dtype, other.shape), name
            assert value.tobytes() == other.tobytes(), name
        else:
            assert value == other, name
