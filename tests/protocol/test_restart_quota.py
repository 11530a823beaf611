"""Restarts, counted by hand."""

from __future__ import annotations

import pytest

from protocol.restart_quota import RestartQuota


def test_as_many_restarts_are_left_as_a_life_has() -> None:
    quota = RestartQuota(max_lifetime=2, rate_limit_n=-1)
    assert [quota.try_take(0.0), quota.try_take(0.0), quota.try_take(0.0)] == [True, True, False]
    assert quota.used == 2
    assert quota.reason(1e9) == "max_lifetime_restarts 2 is used up"


def test_a_restart_leaves_the_period_when_it_is_exactly_so_old() -> None:
    quota = RestartQuota(max_lifetime=10, rate_limit_n=1, rate_limit_period_s=60.0)
    assert quota.try_take(100.0)
    assert not quota.try_take(159.999)
    assert "restarts_rate_limit_n 1 within restarts_rate_limit_period_s 60 is used up" in quota.reason(159.999)
    assert quota.try_take(160.0)
    assert not quota.try_take(219.0)
    assert quota.used == 2


def test_the_period_slides() -> None:
    quota = RestartQuota(max_lifetime=-1, rate_limit_n=2, rate_limit_period_s=10.0)
    taken = [now_s for now_s in (0.0, 4.0, 9.0, 10.0, 13.9, 14.0, 19.9, 20.0) if quota.try_take(now_s)]
    # 9: 0 and 4 count; 10: 0 has left; 13.9: 4 and 10 count; 14: 4 has left; 19.9: 10 and 14 count; 20: 10 has left
    assert taken == [0.0, 4.0, 10.0, 14.0, 20.0]


def test_a_restart_that_was_refused_counts_for_nothing() -> None:
    quota = RestartQuota(rate_limit_n=1, rate_limit_period_s=10.0)
    assert quota.try_take(0.0)
    assert not quota.try_take(9.0)
    assert quota.try_take(10.0)


@pytest.mark.parametrize(("rate_limit_n", "period_s"), [(-1, 60.0), (1, -1.0), (1, 0.0)])
def test_the_pace_has_no_limit_where_that_is_asked_for(rate_limit_n: int, period_s: float) -> None:
    quota = RestartQuota(-1, rate_limit_n, period_s)
    assert all(quota.try_take(0.0) for _ in range(100))
    assert quota.reason(0.0) == ""


def test_no_restart_at_all_is_a_limit_too() -> None:
    assert not RestartQuota(max_lifetime=0).try_take(0.0)
    assert not RestartQuota(rate_limit_n=0).try_take(0.0)


@pytest.mark.parametrize("limits", [(-2, 1, 60.0), (10, -3, 60.0), (10, 1, -0.5), (10, 1, float("nan"))])
def test_a_limit_below_none_is_an_error(limits: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="expected 0 or more, or -1 for no limit"):
        RestartQuota(*limits)
