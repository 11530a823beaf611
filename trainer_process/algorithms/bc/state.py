"""A cloning learner's state as a checkpoint holds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.errors import WeightsError
from trainer_process.algorithms.base import AlgorithmState
from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.algorithms.counted_algorithm import Counters
from trainer_process.errors import CheckpointError


def saved_state(
    algorithm: str,
    policy: ClonedPolicy,
    counters: Counters,
    generator: np.random.Generator,
) -> AlgorithmState:
    """Copies of everything that learning goes on from, but the demonstrations; an algorithm adds what else it has."""
    arrays: dict[str, npt.NDArray[np.generic]] = {"policy": policy.network.values(), **policy.optimizer_arrays()}
    if policy.statistics is not None:
        arrays |= policy.statistics.arrays("observations")
    values: dict[str, object] = {
        "algorithm": algorithm,
        "policy_network_hash": f"{policy.network.layout.hash:016x}",
        "counters": asdict(counters),
        "generator": generator.bit_generator.state,
    }
    return AlgorithmState(arrays, values)


def restored_state(
    state: AlgorithmState, algorithm: str, policy: ClonedPolicy, generator: np.random.Generator
) -> Counters:
    """Puts a saved state back in place and returns its counters.

    Raises:
        CheckpointError: the state is of another algorithm or network, or a part of it is missing.
    """
    for name, wanted in (("algorithm", algorithm), ("policy_network_hash", f"{policy.network.layout.hash:016x}")):
        received = state.values.get(name)
        if received != wanted:
            raise CheckpointError(
                f"checkpoint: expected {name} {wanted!r}, got {received!r}: it was made with other schemas or settings"
            )
    arrays: dict[str, Any] = dict(state.arrays)
    values: dict[str, Any] = dict(state.values)
    try:
        policy.network.load(arrays["policy"])
        policy.load_optimizer_arrays(arrays)
        if policy.statistics is not None:
            policy.statistics.load_arrays("observations", arrays)
        generator.bit_generator.state = values["generator"]
        return Counters(**values["counters"])
    except (KeyError, TypeError, ValueError, WeightsError) as error:
        raise CheckpointError(f"checkpoint: expected all parts of a {algorithm} state, got {error!r}") from error
