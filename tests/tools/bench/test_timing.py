"""Medians, spreads, and pairs measured in turn."""

from __future__ import annotations

from tools.bench.timing import Spread, alternate, repeat


def test_warming_up_does_not_count() -> None:
    values = iter([100.0, 3.0, 1.0, 2.0])
    assert repeat(lambda: next(values), 3) == Spread(2.0, 1.0, 3.0)


def test_both_sides_take_turns_in_going_first() -> None:
    order: list[str] = []
    alternate(lambda: float(len(order.append("ours") or order)), lambda: float(len(order.append("peer") or order)), 2)
    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]


def test_ratios_are_taken_pair_by_pair() -> None:
    ours, peer = iter([9.0, 2.0, 4.0, 6.0]), iter([9.0, 1.0, 2.0, 1.0])
    compared = alternate(lambda: next(ours), lambda: next(peer), 3)
    assert compared.ratio == Spread(2.0, 2.0, 6.0)
    assert compared.ours.median == 4.0
    assert compared.peer.median == 1.0
