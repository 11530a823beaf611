"""When, how often and as what a host launches its trainer again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host_sdk import FailureCode, TrainerProcessSettings
from host_sdk.connection.trainer_restart import PAUSE_S, TrainerRestarts
from host_sdk.errors import InvalidSettingsError
from host_sdk.failure import TrainingFailure

CRASH = TrainingFailure(FailureCode.CRASHED, "it ended", "start anew")
NOT_STARTED = replace(CRASH, code=FailureCode.LAUNCH_FAILED)
TWICE = TrainerProcessSettings(max_lifetime_restarts=2, restarts_rate_limit_n=1, restarts_rate_limit_period_s=60.0)


class Clock:
    """Tells the time that a test sets."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_without_the_settings_nothing_is_started_again() -> None:
    for process in (None, TrainerProcessSettings()):
        restarts = TrainerRestarts(process)
        assert restarts.take(CRASH) is CRASH
        assert restarts.count == 0


def test_a_lost_trainer_is_followed_as_often_and_as_fast_as_the_settings_allow() -> None:
    clock = Clock()
    restarts = TrainerRestarts(TWICE, clock)
    assert restarts.take(CRASH) is None
    assert (restarts.count, restarts.failure, restarts.is_due) == (1, CRASH, True)
    too_fast = restarts.take(CRASH)
    assert too_fast is not None
    assert "started again 1 times before, and no more: restarts_rate_limit_n 1" in too_fast.reason
    clock.now_s += 60.0
    assert restarts.take(CRASH) is None
    clock.now_s += 60.0
    too_often = restarts.take(CRASH)
    assert too_often is not None
    assert "max_lifetime_restarts 2" in too_often.reason


def test_only_a_restart_that_could_not_begin_is_tried_again_and_after_a_pause() -> None:
    clock = Clock()
    restarts = TrainerRestarts(replace(TWICE, restarts_rate_limit_n=-1), clock)
    assert restarts.take(NOT_STARTED) is NOT_STARTED, "the first one of all never will"
    assert restarts.take(CRASH) is None
    assert restarts.take(NOT_STARTED) is None
    assert not restarts.is_due
    clock.now_s += PAUSE_S
    assert restarts.is_due


@pytest.mark.parametrize("name", ["max_lifetime_restarts", "restarts_rate_limit_n", "restarts_rate_limit_period_s"])
def test_limits_below_minus_one_are_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f"TrainerProcessSettings.{name}"):
        replace(TWICE, **{name: -2})  # type: ignore[arg-type]
