"""Where more agents or hosts bring little, and why."""

from __future__ import annotations

import pytest

from tools.bench.scaling import rows_of
from tools.bench.scaling_point import Point, Sample, describe, explain, where_it_stops


def point(axis: str, x: int, rate: float, *, cpu: float = 0.5, hosts: int = 1, machine: float = 1.0) -> Point:
    """A second in which each host's thread worked for `cpu` seconds."""
    steps = round(rate)
    sample = Sample(steps, steps, 1.0, (cpu,) * hosts, 0.1, 0.05, machine, core_count=2)
    return Point(axis, x, f"{x} {axis}", (sample,))


def test_a_curve_stops_where_doubling_brings_less_than_a_quarter() -> None:
    curve = [point("agents", 1, 100), point("agents", 2, 190), point("agents", 4, 200), point("agents", 8, 210)]
    assert where_it_stops(curve) == 1


def test_a_jump_over_several_doublings_is_judged_by_each_of_them() -> None:
    # 1.25 four times over is 2.44
    assert where_it_stops([point("agents", 1, 100), point("agents", 16, 240)]) == 0
    assert where_it_stops([point("agents", 1, 100), point("agents", 16, 250)]) is None


@pytest.mark.parametrize(
    ("cpu", "hosts", "machine", "limit"),
    [
        (0.95, 2, 2.0, "all 2 cores are busy with it"),
        (0.3, 2, 1.95, "all 2 cores are busy, with other programs too"),
        (0.95, 1, 1.1, "the host's one thread is busy all the time"),
        (0.5, 1, 1.0, "nothing is busy all the time"),
    ],
)
def test_what_has_no_time_left_is_named(cpu: float, hosts: int, machine: float, limit: str) -> None:
    assert point("hosts", hosts, 100, cpu=cpu, hosts=hosts, machine=machine).limit.startswith(limit)


def test_costs_are_told_for_each_step() -> None:
    text = describe(point("agents", 64, 100_000, cpu=0.95))
    assert text.startswith("host 9.50 and trainer 1.00 µs of processor a step")


def test_steps_that_went_unrecorded_are_told() -> None:
    sample = Sample(75, 100, 1.0, (0.5,), 0.1, 0.1, 1.0, core_count=2)
    assert "25 % unrecorded" in describe(Point("agents", 1, "1 agent", (sample,)))


def test_the_row_at_which_it_stops_says_why() -> None:
    curve = [point("agents", 1, 10_000, cpu=0.95), point("agents", 2, 11_000, cpu=0.95)]
    first, second = rows_of(curve)
    assert explain(curve, 0) in first.note
    assert "bring little" not in second.note
    assert (second.axis, second.x) == ("agents", 2.0)
