"""Where learning stands after an update, as the main thread, the hosts and the disk get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from protocol.experience import Float64Array
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import AlgorithmState, ConsumedBatch
from trainer_process.metrics import MetricsRow


@dataclass(frozen=True)
class LearnedUpdate:
    """Where learning stands after an update, or before the first: copies that no later update writes to.

    Attributes:
        iteration: updates so far.
        steps: agent-steps consumed so far.
        is_complete: whether all steps that the settings ask for were consumed.
        policy: the policy's weights.
        critic: the critic's, where the algorithm has one.
        state: everything a checkpoint holds.
        total_steps: agent-steps after which training is complete, as far as that is known; 0 where it isn't.
        files: contents of what else the folder shall have, by name.
        metrics: what was measured; empty before the first update.
        consumed: batches that need to be kept no longer.
        episode_returns: float64[E], of the episodes that ended in what was learnt from.
        row: of metrics, where this update ended one.
    """

    iteration: int
    steps: int
    is_complete: bool
    policy: WeightsSnapshot
    critic: WeightsSnapshot | None
    state: AlgorithmState
    total_steps: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    consumed: tuple[ConsumedBatch, ...] = ()
    episode_returns: Float64Array = field(default_factory=lambda: np.zeros(0))
    row: MetricsRow | None = None

    @property
    def byte_count(self) -> int:
        """What its arrays take."""
        snapshots = [snapshot.values.nbytes for snapshot in (self.policy, self.critic) if snapshot is not None]
        return sum(array.nbytes for array in self.state.arrays.values()) + sum(snapshots)


@dataclass(frozen=True)
class RelabelledPolicy:
    """The same weights, called by a higher version; fields as of `LearnedUpdate`."""

    policy: WeightsSnapshot
    critic: WeightsSnapshot | None
    state: AlgorithmState
