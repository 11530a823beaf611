"""Games get actions scaled, bounded and in their own shapes, for one agent and for all."""

from __future__ import annotations

import math

import numpy as np
import pytest

from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.action_decoder import ActionDecoder
from protocol.errors import SchemaError

READ = ActionObject()
SCHEMA = ActionSchema()
ELEMENT = SCHEMA.struct(
    {
        "gear": SCHEMA.exclusive_discrete(3),
        "push": SCHEMA.continuous(2, scale=10.0, bounding="clip", low=-5.0, high=[5.0, 8.0]),
        "arms": SCHEMA.static_array(SCHEMA.struct({"grip": SCHEMA.bool(), "reach": SCHEMA.float(scale=2.0)}), 2),
        "turn": SCHEMA.float(bounding="squash", low=-1.0, high=3.0),
        "lamps": SCHEMA.inclusive_discrete(2),
    }
)
# Blocks: push 2, reach 1, reach 1, turn 1 | gear 3 | grip 1, grip 1, lamps 2
VECTORS = np.array(
    [
        [0.1, 0.9, 3.0, 4.0, 0.0, 0, 1, 0, 1, 0, 0, 1],
        [-2.0, 0.2, -1.0, 0.5, 9.0, 1, 0, 0, 0, 1, 1, 1],
    ],
    dtype=np.float32,
)


def test_a_batched_element_gives_arrays_with_an_agent_axis() -> None:
    parts = READ.get_struct(ActionDecoder(ELEMENT).decode(VECTORS))
    np.testing.assert_allclose(READ.get_continuous(parts["push"]), [[1.0, 8.0], [-5.0, 2.0]])
    assert READ.get_exclusive_discrete(parts["gear"]).tolist() == [1, 0]
    assert READ.get_inclusive_discrete(parts["lamps"]).tolist() == [[False, True], [True, True]]
    np.testing.assert_allclose(READ.get_float(parts["turn"]), [1.0, -1.0 + 4.0 * (math.tanh(9.0) + 1) / 2], rtol=1e-6)
    arms = [READ.get_struct(arm) for arm in READ.get_static_array(parts["arms"])]
    assert [READ.get_float(arm["reach"]).tolist() for arm in arms] == [[6.0, -2.0], [8.0, 1.0]]
    assert [READ.get_bool(arm["grip"]).tolist() for arm in arms] == [[True, False], [False, True]]


def test_a_single_element_gives_plain_python_values() -> None:
    elements = ActionDecoder(ELEMENT).decode(VECTORS)
    parts = READ.get_struct(elements[1])
    assert READ.get_exclusive_discrete(parts["gear"]) == 0
    assert READ.get_continuous(parts["push"]).tolist() == [-5.0, 2.0]
    arm = READ.get_struct(READ.get_static_array(parts["arms"])[1])
    assert (READ.get_bool(arm["grip"]), READ.get_float(arm["reach"])) == (True, 1.0)
    assert [type(value) for value in (READ.get_bool(arm["grip"]), READ.get_float(arm["reach"]))] == [bool, float]
    assert len(elements) == 2
    assert [READ.get_exclusive_discrete(READ.get_struct(one)["gear"]) for one in elements] == [1, 0]


def test_what_a_game_keeps_is_not_changed_by_the_next_decoding() -> None:
    decoder = ActionDecoder(ELEMENT)
    vectors = VECTORS.copy()
    kept = READ.get_continuous(READ.get_struct(decoder.decode(vectors))["push"])
    before = kept.copy()
    vectors[:] = 0.0
    decoder.decode(vectors)
    np.testing.assert_array_equal(kept, before)


def test_reading_an_element_as_another_kind_names_both() -> None:
    parts = READ.get_struct(ActionDecoder(ELEMENT).decode(VECTORS))
    with pytest.raises(ValueMismatchError, match=r"action\.gear: expected get_exclusive_discrete, got get_float"):
        READ.get_float(parts["gear"])
    with pytest.raises(ValueMismatchError, match=r"action\.arms: expected get_static_array, got get_struct"):
        READ.get_struct(parts["arms"])


def test_bounds_that_do_not_go_with_the_bounding_are_refused() -> None:
    with pytest.raises(SchemaError, match="bound"):
        SCHEMA.continuous(2, low=0.0, high=1.0)
    with pytest.raises(SchemaError):
        SCHEMA.continuous(2, bounding="clip", low=1.0, high=0.0)
