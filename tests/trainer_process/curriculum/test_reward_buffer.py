"""The newest returns, in order."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from trainer_process.curriculum.reward_buffer import RewardBuffer


@pytest.mark.parametrize("capacity", [1, 2, 7, 300, 1000])
def test_it_holds_the_newest_in_their_order_whatever_came_before(capacity: int) -> None:
    buffer, expected = RewardBuffer(capacity), deque[float](maxlen=capacity)
    for value in range(5 * capacity + 3):
        buffer.append(value)
        expected.append(value)
        if value % 97 == 0 or value > 5 * capacity:
            assert buffer.returns.tolist() == list(expected)


def test_what_was_cleared_is_gone() -> None:
    buffer = RewardBuffer(3)
    buffer.append(1.0)
    buffer.clear()
    assert not len(buffer.returns)
    buffer.append(2.0)
    assert buffer.returns.tolist() == [2.0]


def test_it_takes_back_what_it_held() -> None:
    buffer = RewardBuffer(2)
    buffer.append(9.0)
    buffer.restore([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(buffer.returns, [2.0, 3.0])
