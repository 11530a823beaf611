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


def test_weights_are_copied_bit_by_bit_and_the_sender_s_memory_is_needed_until_all_are() -> None:
    size = 2 * FLOATS_PER_LOOK + 3
    update = make_update(size, 5)
    assert update.critic_weights is not None
    update.weights[:] = np.arange(size)
    update.critic_weights[:] = 7.0
    arriving = ArrivingWeights(update)
    assert not arriving.look()
    assert arriving.critic is not None
    assert (arriving.critic == 7.0).all()
    update.critic_weights[:] = -1.0
    taken = FLOATS_PER_LOOK - 5
    update.weights[:taken] = -1.0  # taken already
    while not arriving.look():
        pass
    update.weights[:] = -1.0
    np.testing.assert_array_equal(arriving.policy, np.arange(size, dtype=np.float32))
    assert (arriving.critic == 7.0).all()


def test_what_arrived_shares_no_memory_with_what_came() -> None:
    update = make_update(100, 10)
    arriving = ArrivingWeights(update)
    assert arriving.look()
    assert not np.shares_memory(arriving.policy, update.weights)
    assert arriving.critic is not None
    assert update.critic_weights is not None
    assert not np.shares_memory(arriving.critic, update.critic_weights)
    arriving.policy[:] = 3.0  # also where the update's own memory can't be written


def test_any_size_of_looks_takes_all_numbers_once() -> None:
    update = make_update(1000, 300)
    assert update.critic_weights is not None
    update.weights[:] = np.arange(1000)
    update.critic_weights[:] = np.arange(300)
    for count in (1, 7, 299, 300, 301, 1000, 1299, 1300, 5000):
        arriving = ArrivingWeights(update)
        looks = 1
        while not arriving.look(count):
            looks += 1
        assert looks == -(-1300 // count)
        np.testing.assert_array_equal(arriving.policy, update.weights)
        np.testing.assert_array_equal(arriving.critic, update.critic_weights)
