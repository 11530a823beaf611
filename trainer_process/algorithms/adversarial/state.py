"""A discriminator's state as a checkpoint holds it; demonstrations are not part of it, hosts bring them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainer_process.algorithms.adversarial.discriminator import Discriminator
from trainer_process.algorithms.base import AlgorithmState
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.data.transitions import TRANSITION_FIELDS, Transitions
from trainer_process.errors import CheckpointError

Arrays = dict[str, npt.NDArray[np.generic]]


def saved_discriminator(discriminator: Discriminator) -> AlgorithmState:
    """Copies of everything that it goes on from."""
    arrays: Arrays = {"reward.weights": _copied(discriminator.network.weights.values)}
    for name, part in discriminator.optimizer.state._asdict().items():
        arrays[f"reward.optimizer.{name}"] = _copied(part)
    for name, statistics in _statistics_of(discriminator).items():
        arrays |= statistics.arrays(f"reward.{name}")
    # The newest round is replaced by the next one before anything is drawn, where only one is kept.
    kept = list(discriminator.recent) if (discriminator.recent.maxlen or 0) > 1 else []
    for index, steps in enumerate(kept):
        for name in TRANSITION_FIELDS:
            arrays[f"reward.recent.{index}.{name}"] = getattr(steps, name).copy()
    values: dict[str, object] = {
        "networks": discriminator.network.hashes,
        "rounds": len(kept),
        "generator": discriminator.generator.bit_generator.state,
    }
    return AlgorithmState(arrays, values)


def restored_discriminator(state: AlgorithmState, discriminator: Discriminator, name: str) -> None:
    """Puts a saved state back in place.

    Args:
        state: of the whole algorithm.
        discriminator: of the same design.
        name: of the algorithm.

    Raises:
        CheckpointError: the state is of another algorithm or network, or a part of it is missing.
    """
    values: Any = state.values.get("discriminator")
    if state.values.get("algorithm") != name or not isinstance(values, dict):
        raise CheckpointError(f"checkpoint: expected algorithm {name!r}, got {state.values.get('algorithm')!r}")
    if values.get("networks") != (ours := discriminator.network.hashes):
        raise CheckpointError(
            f"checkpoint: expected reward networks {ours}, got {values.get('networks')}: it was made with other "
            "schemas or settings"
        )
    arrays: dict[str, Any] = dict(state.arrays)
    try:
        discriminator.network.weights.values.copy_(torch.from_numpy(arrays["reward.weights"]))
        for part_name, part in discriminator.optimizer.state._asdict().items():
            part.copy_(torch.from_numpy(arrays[f"reward.optimizer.{part_name}"]))
        for statistics_name, statistics in _statistics_of(discriminator).items():
            statistics.load_arrays(f"reward.{statistics_name}", arrays)
        discriminator.recent.clear()
        for index in range(values["rounds"]):
            kept = {field: arrays[f"reward.recent.{index}.{field}"] for field in TRANSITION_FIELDS}
            discriminator.recent.append(Transitions(**kept))
        discriminator.generator.bit_generator.state = values["generator"]
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"checkpoint: expected all parts of a {name} state, got {error!r}") from error


def _copied(tensor: torch.Tensor) -> npt.NDArray[np.generic]:
    copied: npt.NDArray[np.generic] = tensor.detach().cpu().numpy().copy()
    return copied


def _statistics_of(discriminator: Discriminator) -> dict[str, RunningStatistics]:
    normalizer = discriminator.network.normalizer
    return {"observations": normalizer.observations, "actions": normalizer.actions, "outputs": discriminator.outputs}
