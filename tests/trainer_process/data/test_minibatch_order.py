from __future__ import annotations

import numpy as np

from trainer_process.data.minibatch_order import drawn_order


def test_rows_without_windows_come_in_any_order_once():
    order = drawn_order(10, 1, 4, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(10))
    assert order.tolist() != list(range(10))


def test_windows_stay_whole_and_go_through_time_within_a_minibatch():
    order = drawn_order(15, 3, 6, np.random.default_rng(0))
    first, second, last = order[:6], order[6:12], order[12:]
    for minibatch in (first, second, last):
        by_step = minibatch.reshape(3, -1)
        assert (by_step[0] % 3 == 0).all()
        np.testing.assert_array_equal(by_step[1], by_step[0] + 1)
        np.testing.assert_array_equal(by_step[2], by_step[0] + 2)
    assert sorted(order.tolist()) == list(range(15))
