"""How often the expert acts, round by round."""

from __future__ import annotations

from typing import Any

import pytest

from host_sdk.collection.mixing_schedule import MixingSchedule
from host_sdk.errors import InvalidSettingsError


def probabilities(schedule: MixingSchedule, count: int) -> list[float]:
    return [schedule.expert_probability(index) for index in range(count)]


def test_linear_falls_from_the_expert_alone_to_the_learner_alone() -> None:
    assert probabilities(MixingSchedule("linear", rounds=4), 6) == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]


def test_linear_may_begin_lower() -> None:
    assert probabilities(MixingSchedule("linear", beta=0.5, rounds=2), 3) == [0.5, 0.25, 0.0]


def test_linear_over_one_round_leaves_all_later_ones_to_the_learner() -> None:
    assert probabilities(MixingSchedule("linear", rounds=1), 3) == [1.0, 0.0, 0.0]


def test_exponential_multiplies_by_its_base_each_round() -> None:
    assert probabilities(MixingSchedule("exponential", beta=0.5), 4) == [1.0, 0.5, 0.25, 0.125]


def test_exponential_of_zero_is_the_expert_s_in_the_first_round_alone() -> None:
    assert probabilities(MixingSchedule("exponential", beta=0.0), 3) == [1.0, 0.0, 0.0]


def test_constant_stays() -> None:
    assert probabilities(MixingSchedule("constant", beta=0.3), 3) == [0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"kind": "cosine"}, "beta_schedule"), ({"rounds": 0}, "beta_rounds"), ({"beta": 1.5}, "beta: expected")],
)
def test_what_means_nothing_is_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSettingsError, match=named):
        MixingSchedule(**settings)
