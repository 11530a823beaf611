"""What a synchronous host seeds at the beginning of an iteration."""

from __future__ import annotations

from host_sdk.collection.iteration_seed import IterationSeeds


def begun(random_seed: int, *iterations: int) -> IterationSeeds:
    """Seeds of a host that has begun these iterations, one after the other."""
    seeds = IterationSeeds(random_seed)
    for iteration in iterations:
        seeds.begin(iteration)
    return seeds


def test_an_iteration_has_the_same_seeds_whatever_was_played_before_it() -> None:
    whole, resumed = begun(7, 0, 1, 2, 3), begun(7, 3)
    assert whole.noise == resumed.noise == (7, 3)
    assert whole.episodes == resumed.episodes


def test_iterations_and_hosts_have_seeds_of_their_own() -> None:
    all_seeds = [begun(seed, iteration) for seed in (7, 8) for iteration in range(50)]
    assert len({seeds.noise for seeds in all_seeds}) == 100
    assert len({seeds.episodes for seeds in all_seeds}) == 100
    assert all(0 <= seeds.episodes < 2**32 for seeds in all_seeds)


def test_an_iteration_that_is_played_again_is_played_otherwise_and_the_next_one_as_always() -> None:
    seeds = begun(7, 0, 1, 2)
    before = seeds.noise, seeds.episodes
    seeds.begin(2)
    assert seeds.noise != before[0]
    assert seeds.episodes != before[1]
    again = seeds.noise
    seeds.begin(2)
    assert seeds.noise != again
    seeds.begin(3)
    assert seeds.noise == (7, 3)
