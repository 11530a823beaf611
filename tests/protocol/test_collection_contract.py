from __future__ import annotations

import pytest

from protocol.collection_contract import CollectionContract


def make(**changes: object) -> CollectionContract:
    fields: dict[str, object] = {
        "steps_per_hand_off": 1,
        "horizon": 0,
        "buffer_count": 1,
        "required_fields": ("observations", "rewards"),
        "synchronous": False,
    }
    return CollectionContract(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_least_of_everything_is_allowed():
    assert make().steps_per_hand_off == 1


@pytest.mark.parametrize(("name", "value"), [("steps_per_hand_off", 0), ("horizon", -1), ("buffer_count", 0)])
def test_less_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"{name} must be at least {value + 1}, got {value}"):
        make(**{name: value})


def test_fields_that_no_step_has_are_refused():
    with pytest.raises(ValueError, match="got pictures"):
        make(required_fields=("observations", "pictures"))
