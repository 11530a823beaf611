"""Behavioural cloning: a policy is fitted to what an expert did (Pomerleau 1991), with windows for its memory."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import numpy as np

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.recording import Episode
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import (
    AlgorithmState,
    BehaviorSpec,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.bc.early_stopping import EarlyStopping
from trainer_process.algorithms.bc.learner import CloningLearner
from trainer_process.algorithms.bc.settings import BCSettings
from trainer_process.algorithms.bc.state import restored_state, saved_state
from trainer_process.algorithms.counted_algorithm import CountedAlgorithm, Counters
from trainer_process.data.demonstrations import EpisodeSplit, split_episodes
from trainer_process.errors import CheckpointError, ExperienceError
from trainer_process.metrics import finite_metrics
from trainer_process.seeding import numpy_generator


class BC(CountedAlgorithm):
    """Behavioural cloning of one behavior; an update is an epoch."""

    name: ClassVar[str] = "bc"

    def __init__(self, behavior: BehaviorSpec, settings: BCSettings) -> None:
        """Starts fresh, from the initial weights that the host's policy has too."""
        self.settings = settings
        self._behavior = behavior
        self._learner = CloningLearner(behavior, settings, self.name)
        self._stopping = EarlyStopping(settings.patience)
        self._counters = Counters()
        self._lock = threading.Lock()
        self._pending: list[Sequence[Episode]] = []
        self._has_any = False
        self._is_closed = False
        self._split: EpisodeSplit | None = None
        self._restored_validation: list[int] | None = None

    @property
    def total_steps(self) -> int:
        if self.is_complete:
            return self.steps
        if self._split is None:
            return 0
        left = self.settings.epochs - self.iteration
        return self.steps + left * self._learner.steps_of_epoch(self._split.training)

    @property
    def is_complete(self) -> bool:
        return self.iteration >= self.settings.epochs or self._stopping.has_run_out

    def collection_contract(self, host_count: int) -> CollectionContract:
        if host_count < 1:
            raise ValueError(f"host_count must be at least 1, got {host_count}")
        return CollectionContract(1, horizon=0, buffer_count=2, required_fields=(), synchronous=False)

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        raise ExperienceError(
            f"behavior {self._behavior.name!r}, host {host_index}, batch {batch.batch_id}: bc learns from "
            "demonstrations, and takes no experience: clone first, then go on with ppo from the clone"
        )

    def add_demonstrations(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        with self._lock:
            if is_last and not self._has_any and len(episodes) == 0:
                raise ExperienceError(
                    f"behavior {self._behavior.name!r}: expected at least one demonstration, got an empty recording"
                )
            if len(episodes):
                self._pending.append(episodes)
                self._has_any = True
            self._is_closed |= is_last

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """Whether all demonstrations came, whatever hosts there are."""
        return self._is_closed and not self.is_complete

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        started = time.perf_counter()
        with self._learner.undone_when_diverged():
            split = self._take_in(report_progress)
            progress = self.iteration, self.settings.epochs
            metrics = self._learner.run_epoch(split.training, progress, report_progress)
        found = self._learner.evaluate(split.validation, report_progress)
        metrics |= {f"validation_{name}": value for name, value in found.items()}
        if found:
            self._stopping.add(found["score"], self._learner.policy.network.values())
            metrics["epochs_since_best"] = float(self._stopping.epochs_since)
        self._counters = self._counters.after_update(self._learner.steps_of_epoch(split.training))
        if self.is_complete and self._stopping.weights is not None:
            self._learner.policy.network.load(self._stopping.weights)
        metrics |= {
            "steps": float(self.steps),
            "iteration": float(self.iteration),
            "seconds_update": time.perf_counter() - started,
        }
        return UpdateReport(finite_metrics(metrics), ())

    def policy_snapshot(self) -> WeightsSnapshot:
        network = self._learner.policy.network
        return WeightsSnapshot(network.layout.hash, self.version, network.values())

    def critic_snapshot(self) -> None:
        return None

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._learner.policy.load(policy)
        self._counters = Counters(version=policy.version)
        self._stopping = EarlyStopping(self.settings.patience)

    def state(self) -> AlgorithmState:
        state = saved_state(self.name, self._learner.policy, self._counters, self._learner.generator)
        if self._split is not None:
            state.arrays["validation"] = np.array(self._split.validation, np.int64)
        if self._stopping.weights is not None:
            state.arrays["best"] = self._stopping.weights.copy()
        score = self._stopping.score
        state.values["best_score"] = score if math.isfinite(score) else None
        state.values["epochs_since_best"] = self._stopping.epochs_since
        return state

    def restore(self, state: AlgorithmState) -> None:
        self._counters = restored_state(state, self.name, self._learner.policy, self._learner.generator)
        values: dict[str, Any] = state.values
        arrays: dict[str, Any] = state.arrays
        try:
            score, best = values["best_score"], arrays.get("best")
            self._stopping = EarlyStopping(
                self.settings.patience,
                math.inf if score is None else float(score),
                None if best is None else best.copy(),
                int(values["epochs_since_best"]),
            )
            self._restored_validation = arrays["validation"].tolist() if "validation" in arrays else None
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"checkpoint: expected all parts of a bc state, got {error!r}") from error
        self._split = None

    def _take_in(self, report_progress: ReportProgress) -> EpisodeSplit:
        """Reads what came; episodes that come after the first epoch are learnt from, and none of them validated on."""
        with self._lock:
            pending, self._pending = self._pending, []
        for episodes in pending:
            self._learner.add(episodes, report_progress)
        count = len(self._learner.demonstrations)
        if self._split is None:
            self._split = self._first_split(count)
        elif pending:
            kept_back = set(self._split.validation)
            training = [index for index in range(count) if index not in kept_back]
            self._split = EpisodeSplit(training, self._split.validation)
        statistics = self._learner.policy.statistics
        if statistics is not None and statistics.count == 0:
            self._learner.count_observations(self._split.training)
        return self._split

    def _first_split(self, count: int) -> EpisodeSplit:
        if self._restored_validation is None:
            settings = self.settings
            generator = numpy_generator(settings.seed, self._behavior.name, self.name, "split")
            return split_episodes(count, settings.validation_fraction, generator, settings.min_validation_episodes)
        validation = [index for index in self._restored_validation if index < count]
        kept_back = set(validation)
        return EpisodeSplit([index for index in range(count) if index not in kept_back], validation)
