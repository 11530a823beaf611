"""An algorithm that learns nothing: every update adds one to each weight. For tests of what is around it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import ClassVar

import numpy as np

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.initial_weights import initial_weights
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import (
    Algorithm,
    AlgorithmSettings,
    AlgorithmState,
    BehaviorSpec,
    ConsumedBatch,
    ExperienceSettings,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.registry import AlgorithmEntry
from trainer_process.errors import CheckpointError, DivergedError
from trainer_process.settings import Settings


class InnerSettings(Settings):
    """Settings below settings."""

    depth: int = 1


class CountingSettings(ExperienceSettings):
    """What the tests turn.

    Attributes:
        steps_per_update: agent-steps of one update.
        synchronous: as PPO's.
        fails_at: the iteration whose update raises an error, 0 never.
        diverges_at: the iteration whose update diverges, 0 never.
        overflows_at: the iteration after which the weights are infinite, unnoticed by the algorithm; 0 never.
        blocks_at: the iteration whose update waits for `Gate.opened`, 0 never.
        inner: nested.
    """

    steps_per_update: int = 4
    synchronous: bool = False
    fails_at: int = 0
    diverges_at: int = 0
    overflows_at: int = 0
    blocks_at: int = 0
    inner: InnerSettings = InnerSettings()


class Gate:
    """Where updates that block wait."""

    opened = threading.Event()
    reached = threading.Event()

    @classmethod
    def shut(cls) -> None:
        cls.opened, cls.reached = threading.Event(), threading.Event()


class CountingAlgorithm(Algorithm):
    """Counts batches and steps."""

    name: ClassVar[str] = "counting"

    def __init__(self, behavior: BehaviorSpec, settings: CountingSettings) -> None:
        self._behavior = behavior
        self._settings = settings
        self._pending: list[tuple[int, ExperienceBatch]] = []
        seed = behavior.policy_settings.seed
        self._policy = initial_weights(behavior.policy_spec, seed)
        self._critic = initial_weights(behavior.critic_spec, seed)
        self._version = self._iteration = self._steps = 0

    @property
    def version(self) -> int:
        return self._version

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
        return self._steps >= self._settings.total_steps

    def collection_contract(self, host_count: int) -> CollectionContract:
        steps = -(-self._settings.steps_per_update // host_count)
        return CollectionContract(steps, 0, 2, ("observations", "actions", "rewards"), self._settings.synchronous)

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        self._pending.append((host_index, batch))

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        if self._settings.synchronous:
            return bool(live_host_indices) and set(live_host_indices) <= {host for host, _ in self._pending}
        return sum(batch.step_count for _, batch in self._pending) >= self._settings.steps_per_update

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        report_progress()
        iteration = self._iteration + 1
        if iteration == self._settings.fails_at:
            raise ZeroDivisionError("a fault in the algorithm")
        if iteration == self._settings.diverges_at:
            raise DivergedError("policy weights", f"iteration {iteration}")
        if iteration == self._settings.blocks_at:
            Gate.reached.set()
            Gate.opened.wait(30)
        taken, self._pending = self._pending, []
        self._steps += sum(batch.step_count for _, batch in taken)
        self._version += 1
        self._iteration = iteration
        self._policy += np.float32(np.inf if iteration == self._settings.overflows_at else 1)
        self._critic += np.float32(2)
        consumed = tuple(ConsumedBatch(host, batch.batch_id) for host, batch in taken)
        return UpdateReport({"return_mean": float(iteration), "nothing_yet": float("nan")}, consumed)

    def policy_snapshot(self) -> WeightsSnapshot:
        return WeightsSnapshot(self._behavior.policy_spec.hash, self._version, self._policy.copy())

    def critic_snapshot(self) -> WeightsSnapshot:
        return WeightsSnapshot(self._behavior.critic_spec.hash, self._version, self._critic.copy())

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._policy, self._version = policy.values.copy(), policy.version

    def raise_version(self, version: int) -> None:
        self._version = max(version, self._version)

    def state(self) -> AlgorithmState:
        values: dict[str, object] = {"version": self._version, "iteration": self._iteration, "steps": self._steps}
        return AlgorithmState({"policy": self._policy.copy(), "critic": self._critic.copy()}, values)

    def restore(self, state: AlgorithmState) -> None:
        if state.arrays["policy"].shape != self._policy.shape:
            raise CheckpointError(f"expected {self._policy.size} weights, got {state.arrays['policy'].size}")
        self._policy = np.asarray(state.arrays["policy"], np.float32).copy()
        self._critic = np.asarray(state.arrays["critic"], np.float32).copy()
        self._version, self._iteration, self._steps = (
            int(str(state.values[name])) for name in ("version", "iteration", "steps")
        )


def _make(behavior: BehaviorSpec, settings: AlgorithmSettings) -> Algorithm:
    assert isinstance(settings, CountingSettings)
    return CountingAlgorithm(behavior, settings)


COUNTING = AlgorithmEntry(CountingSettings, _make)
