from __future__ import annotations

import random

import numpy as np
import torch

from trainer_process.seeding import derived_seed, numpy_generator, seed_global_generators, torch_generator


def test_equal_names_give_equal_seeds_and_others_others():
    assert derived_seed(1, "Walker", 2) == derived_seed(1, "Walker", 2)
    seeds = {derived_seed(seed, name, index) for seed in range(3) for name in ("a", "b") for index in range(3)}
    assert len(seeds) == 18


def test_seeds_are_the_same_on_every_machine():
    assert derived_seed(1234, "Walker") == 1982761390532504979


def test_streams_repeat_and_differ_by_name():
    assert numpy_generator(1, "a").random() == numpy_generator(1, "a").random()
    assert numpy_generator(1, "a").random() != numpy_generator(1, "b").random()
    first, second = (torch.rand(1, generator=torch_generator(1, "a")) for _ in range(2))
    assert torch.equal(first, second)


def test_global_generators_repeat():
    drawn = []
    for _ in range(2):
        seed_global_generators(2**40 + 5)
        drawn.append((random.random(), np.random.random(), float(torch.rand(1))))
    assert drawn[0] == drawn[1]
