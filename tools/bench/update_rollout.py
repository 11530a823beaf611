"""The random rollout that `bench update` learns from, ours and the peer alike; imports numpy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

AGENT_COUNT = 64
ROW_COUNT = 160
"""64 agents x 160 rows = 10,240 steps."""
OBSERVATION_SIZE = 64
ACTION_SIZE = 8
HIDDEN_SIZES = (128, 128)
EPOCHS = 10


@dataclass(frozen=True)
class RandomRollout:
    """float32: [T, N, O], [T, N, A], [T, N], [T, N] and [N, O]."""

    observations: npt.NDArray[np.float32]
    actions: npt.NDArray[np.float32]
    rewards: npt.NDArray[np.float32]
    log_probs: npt.NDArray[np.float32]
    final_observations: npt.NDArray[np.float32]


def make_rollout() -> RandomRollout:
    """Standard normal numbers, the same at every call; log-probabilities are those of a standard normal policy."""
    generator = np.random.default_rng(1234)

    def noise(*shape: int) -> npt.NDArray[np.float32]:
        return generator.standard_normal(shape, dtype=np.float32)

    actions = noise(ROW_COUNT, AGENT_COUNT, ACTION_SIZE)
    log_probs = -0.5 * (actions**2).sum(-1) - 0.5 * ACTION_SIZE * np.log(2.0 * np.pi)
    return RandomRollout(
        observations=noise(ROW_COUNT, AGENT_COUNT, OBSERVATION_SIZE),
        actions=actions,
        rewards=noise(ROW_COUNT, AGENT_COUNT),
        log_probs=log_probs.astype(np.float32),
        final_observations=noise(AGENT_COUNT, OBSERVATION_SIZE),
    )
