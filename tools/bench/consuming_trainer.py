"""The real trainer with a learner that counts instead of learning, for as many hosts as come.

It takes the command line of `python -m trainer_process`. Everything but the arithmetic is at work: sessions, checks,
the hand-over between the threads, credit, and a policy published after every batch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.initial_weights import initial_weights
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms import registry
from trainer_process.algorithms.base import (
    Algorithm,
    AlgorithmSettings,
    AlgorithmState,
    BehaviorSpec,
    ConsumedBatch,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.cli import main
from trainer_process.data.pending_batches import PendingBatches


class Consumption(Algorithm):
    """Each update takes all batches that are there, and gives back the weights as they were."""

    name: ClassVar[str] = "ppo"

    def __init__(self, behavior: BehaviorSpec, settings: AlgorithmSettings) -> None:
        if not isinstance(settings, PPOSettings):
            raise TypeError(f"expected PPOSettings, got {type(settings).__name__}")
        self._settings = settings
        self._pending = PendingBatches()
        self._hash = behavior.policy_spec.hash
        self._weights = initial_weights(behavior.policy_spec, behavior.policy_settings.seed)
        self._iteration = 0
        self._steps = 0

    @property
    def version(self) -> int:
        return self._iteration

    @property
    def iteration(self) -> int:
        return self._iteration

    @property
    def steps(self) -> int:
        return self._steps

    @property
    def total_steps(self) -> int:
        return self._settings.total_steps

    @property
    def is_complete(self) -> bool:
        return False

    def collection_contract(self, host_count: int) -> CollectionContract:
        return CollectionContract(
            steps_per_hand_off=self._settings.steps_per_update,
            horizon=0,
            buffer_count=self._settings.buffer_count,
            required_fields=("observations", "actions", "rewards", "log_probs"),
            synchronous=False,
        )

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        self._pending.add(host_index, batch)

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        return len(self._pending) > 0

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        taken = self._pending.take_all()
        report_progress()
        self._iteration += 1
        self._steps += sum(batch.step_count for _, batch in taken)
        return UpdateReport({}, tuple(ConsumedBatch(host, batch.batch_id) for host, batch in taken))

    def policy_snapshot(self) -> WeightsSnapshot:
        return WeightsSnapshot(self._hash, self.version, self._weights.copy())

    def critic_snapshot(self) -> WeightsSnapshot | None:
        return None

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._weights = policy.values.copy()

    def raise_version(self, version: int) -> None:
        self._iteration = max(version, self._iteration)

    def state(self) -> AlgorithmState:
        return AlgorithmState()

    def restore(self, state: AlgorithmState) -> None:
        self._iteration = 0


if __name__ == "__main__":
    registry.ALGORITHMS = {Consumption.name: registry.AlgorithmEntry(PPOSettings, Consumption)}
    main()
