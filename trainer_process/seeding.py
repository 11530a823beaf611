"""Every stream of random numbers in the trainer comes from one seed."""

from __future__ import annotations

import random
from hashlib import blake2b

import numpy as np
import torch

MAX_SEED = 2**63 - 1


def derived_seed(seed: int, *names: str | int) -> int:
    """A seed in [0, 2^63) of its own for what `names` name; equal names give equal seeds on every machine."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") & MAX_SEED


def seed_global_generators(seed: int) -> None:
    """Seeds the process-wide generators of random, numpy and torch, for what draws from no stream of its own."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy stream of its own."""
    return np.random.Generator(np.random.PCG64(derived_seed(seed, *names)))


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """A torch stream of its own, on the CPU."""
    generator = torch.Generator()
    generator.manual_seed(derived_seed(seed, *names))
    return generator
