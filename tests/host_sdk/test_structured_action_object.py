"""Games read unions, names and what they hold: of one agent what was chosen, of many who chose what."""

from __future__ import annotations

from enum import Enum

import numpy as np
import pytest

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.action_decoder import ActionDecoder
from protocol.errors import SchemaError
from tests.host_sdk.structured_action import EVERYTHING, SCHEMA, Keys, Stance, sampled

READ = ActionObject()
COUNT = 40


@pytest.fixture(scope="module")
def parts() -> dict[str, ActionObjectElements]:
    return READ.get_struct(ActionDecoder(EVERYTHING).decode(sampled(COUNT)))


def test_an_exclusive_union_gives_the_chosen_option(parts):
    names, options = READ.get_exclusive_union(parts["weapon"])
    draws = READ.get_float(READ.get_struct(options["bow"])["draw"])
    stances = READ.get_enum(options["sword"], Stance, tag="stance")
    assert set(names.tolist()) == {"none", "bow", "sword"}
    for agent, element in enumerate(parts["weapon"]):
        name, option = READ.get_exclusive_union(element)
        assert name == names[agent]
        if name == "none":
            READ.get_null(option)
        elif name == "bow":
            assert READ.get_float(READ.get_struct(option)["draw"]) == draws[agent]
        else:
            assert READ.get_enum(option, Stance, tag="stance") is stances[agent]
            assert READ.get_enum(option, tag="stance") == stances[agent].name


def test_an_inclusive_union_gives_the_options_that_are_there(parts):
    present, options = READ.get_inclusive_union(parts["limbs"])
    angles, legs = READ.get_angle(options["arm"]), READ.get_bool(options["leg"])
    assert 0 < present["arm"].sum() < COUNT
    for agent, element in enumerate(parts["limbs"]):
        limbs = READ.get_inclusive_union(element)
        assert list(limbs) == [name for name in ("arm", "leg") if present[name][agent]]
        if "arm" in limbs:
            assert READ.get_angle(limbs["arm"]) == pytest.approx(float(angles[agent]))
        if "leg" in limbs:
            assert READ.get_bool(limbs["leg"]) == legs[agent]


def test_an_optional_gives_its_element_or_none(parts):
    is_valid, dropped = READ.get_optional(parts["drop"])
    names = READ.get_named_exclusive_discrete(dropped)
    assert 0 < is_valid.sum() < COUNT
    for agent, element in enumerate(parts["drop"]):
        one = READ.get_optional(element)
        assert (one is not None) == is_valid[agent]
        if one is not None:
            assert READ.get_named_exclusive_discrete(one) == names[agent]


def test_an_either_gives_one_of_both(parts):
    is_a, a, b = READ.get_either(parts["way"])
    locations, velocities = READ.get_location(a), READ.get_velocity(b)
    assert 0 < is_a.sum() < COUNT
    for agent, element in enumerate(parts["way"]):
        is_first, one = READ.get_either(element)
        assert is_first == is_a[agent]
        if is_first:
            np.testing.assert_array_equal(READ.get_location(one), locations[agent])
        else:
            np.testing.assert_array_equal(READ.get_velocity(one), velocities[agent])


def test_flags_and_names_are_read_as_such(parts):
    masks, perks = READ.get_bitmask(parts["keys"]), READ.get_named_inclusive_discrete(parts["perks"])
    assert masks.dtype == np.int64
    assert set(masks.tolist()) == set(range(8))
    for agent, (keys, names) in enumerate(zip(parts["keys"], parts["perks"], strict=True)):
        assert READ.get_bitmask(keys) == masks[agent]
        assert READ.get_bitmask(keys, Keys) == Keys(int(masks[agent]))
        assert READ.get_named_inclusive_discrete(names) == tuple(name for name in perks if perks[name][agent])


def test_pairs_arrays_and_encodings_give_what_they_hold(parts):
    direction, rotation = READ.get_pair(READ.get_encoding(parts["look"]))
    assert READ.get_direction(direction).shape == (COUNT, 3)
    assert READ.get_rotation(rotation).shape == (COUNT, 4)
    first, second = READ.get_static_array(parts["slots"])
    assert READ.get_exclusive_discrete(first).shape == (COUNT,)
    assert READ.get_exclusive_discrete(second[3]) == READ.get_exclusive_discrete(second)[3]


def test_an_element_that_was_specified_with_a_tag_is_read_with_it(parts):
    _, options = READ.get_exclusive_union(parts["weapon"])
    for tag, received in (("", "get_enum"), ("pose", "get_enum with the tag 'pose'")):
        with pytest.raises(ValueMismatchError) as raised:
            READ.get_enum(options["sword"], Stance, tag=tag)
        assert raised.value.path == "action.weapon.sword"
        assert (raised.value.expected, raised.value.received) == ("get_enum with the tag 'stance'", received)


def test_an_enumeration_of_other_members_is_refused(parts):
    class Other(Enum):
        LOW = 1
        MIDDLE = 2

    _, options = READ.get_exclusive_union(parts["weapon"])
    with pytest.raises(ValueMismatchError, match=r"action\.weapon\.sword: expected an enumeration of LOW, HIGH"):
        READ.get_enum(options["sword"], Other, tag="stance")


def test_reading_an_element_as_another_kind_names_both(parts):
    with pytest.raises(ValueMismatchError, match=r"action\.drop: expected get_optional, got get_either"):
        READ.get_either(parts["drop"])
    with pytest.raises(ValueMismatchError, match=r"action\.slots\[1\]: expected get_exclusive_discrete, got get_enum"):
        READ.get_enum(READ.get_static_array(parts["slots"])[1])


def test_priors_may_be_given_by_name():
    by_name = SCHEMA.named_exclusive_discrete(["a", "b"], {"b": 0.25, "a": 0.75})
    assert by_name == SCHEMA.named_exclusive_discrete(["a", "b"], [0.75, 0.25])
    with pytest.raises(SchemaError, match="a probability for each of"):
        SCHEMA.exclusive_union({"a": SCHEMA.null(), "b": SCHEMA.null()}, {"a": 1.0})


def test_a_wrong_element_is_named_as_it_is_made():
    with pytest.raises(SchemaError, match=r"either 'way'\.prior_probability_of_a"):
        SCHEMA.either(SCHEMA.bool(), SCHEMA.bool(), 1.0, tag="way")
    with pytest.raises(SchemaError, match="at most 63 flags"):
        SCHEMA.bitmask([f"flag {bit}" for bit in range(64)])
