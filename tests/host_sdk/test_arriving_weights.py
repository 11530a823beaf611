"""Large weights are looked through over several ticks, and used only when all of them were seen."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.connection.arriving_weights import FLOATS_PER_LOOK, ArrivingWeights
from protocol.messages import PolicyUpdate


def make_update(policy_size: int, critic_size: int | None = None) -> PolicyUpdate:
    critic = None if critic_size is None else np.zeros(critic_size, np.float32)
    return PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(policy_size, np.float32), critic)


def test_small_weights_need_one_look() -> None:
    assert ArrivingWeights(make_update(100_000, 100_000)).look()


def test_large_weights_take_as_many_looks_as_they_have_parts() -> None:
    arriving = ArrivingWeights(make_update(2 * FLOATS_PER_LOOK, FLOATS_PER_LOOK // 2))
    assert [arriving.look() for _ in range(3)] == [False, False, True]
    assert arriving.is_finite


@pytest.mark.parametrize("place", [0, FLOATS_PER_LOOK, 2 * FLOATS_PER_LOOK])
def test_a_number_that_is_not_finite_is_found_wherever_it_lies(place: int) -> None:
    update = make_update(2 * FLOATS_PER_LOOK + 1)
    update.weights[place] = np.inf
    arriving = ArrivingWeights(update)
    while not arriving.look():
        pass
    assert not arriving.is_finite
