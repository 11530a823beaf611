"""A policy that plays on: what hosts bring is counted and given credit for, and nothing is learnt of it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import ClassVar

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.recording import Episode
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import (
    Algorithm,
    AlgorithmState,
    BehaviorSpec,
    ConsumedBatch,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.row_size import check_row_sizes
from trainer_process.data.episode_window import EpisodeWindow

STEPS_PER_HAND_OFF = 1000
"""Where the algorithm itself takes no experience."""


class PlayedPolicy(Algorithm):
    """An algorithm's policy without the algorithm. Steps and iterations count what was played, for the metrics."""

    name: ClassVar[str] = "played_policy"

    def __init__(self, algorithm: Algorithm, behavior: BehaviorSpec) -> None:
        """
        Args:
            algorithm: placed where it is to play from.
            behavior: what it has learnt.
        """
        self._algorithm = algorithm
        self._behavior = behavior
        self._pending: list[tuple[int, ExperienceBatch]] = []
        self._lock = threading.Lock()
        self._episodes = EpisodeWindow()
        self._steps = algorithm.steps
        self._iteration = algorithm.iteration

    @property
    def version(self) -> int:
        return self._algorithm.version

    @property
    def iteration(self) -> int:
        """Rounds that were played, after the updates before."""
        return self._iteration

    @property
    def steps(self) -> int:
        """Steps that were played, after those that were learnt from."""
        return self._steps

    @property
    def total_steps(self) -> int:
        """Playing has no end."""
        return 0

    @property
    def is_complete(self) -> bool:
        """Never."""
        return False

    def collection_contract(self, host_count: int) -> CollectionContract:
        learning = self._algorithm.collection_contract(host_count)
        takes_experience = "rewards" in learning.required_fields
        return CollectionContract(
            steps_per_hand_off=learning.steps_per_hand_off if takes_experience else STEPS_PER_HAND_OFF,
            horizon=learning.horizon,
            buffer_count=2,
            required_fields=("rewards",),
            synchronous=False,
        )

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        check_row_sizes(self._behavior, batch, host_index)
        with self._lock:
            self._pending.append((host_index, batch))

    def add_demonstrations(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        """Looks at none of them."""

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """As soon as there is a batch."""
        return len(self._pending) > 0

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        """Counts what came, and gives it back."""
        with self._lock:
            taken, self._pending = self._pending, []
        report_progress()
        statistics = [batch.statistics for _, batch in taken]
        self._steps += sum(batch.step_count for _, batch in taken)
        self._iteration += 1
        metrics = {
            "episodes": float(self._episodes.add(statistics)),
            **self._episodes.metrics(),
            "unrecorded_steps": float(sum(counted.unrecorded_steps for counted in statistics)),
            "steps": float(self._steps),
            "iteration": float(self._iteration),
        }
        return UpdateReport(metrics, tuple(ConsumedBatch(host, batch.batch_id) for host, batch in taken))

    def policy_snapshot(self) -> WeightsSnapshot:
        return self._algorithm.policy_snapshot()

    def critic_snapshot(self) -> WeightsSnapshot | None:
        return self._algorithm.critic_snapshot()

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._algorithm.start_from(policy, critic)

    def raise_version(self, version: int) -> None:
        self._algorithm.raise_version(version)

    def state(self) -> AlgorithmState:
        """Of the algorithm; what was played is no part of it."""
        return self._algorithm.state()

    def restore(self, state: AlgorithmState) -> None:
        self._algorithm.restore(state)
