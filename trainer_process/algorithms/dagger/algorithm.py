"""DAgger (Ross, Gordon and Bagnell 2011, arXiv:1011.0686): the learner acts, the expert says what it would have done.

Hosts collect and label; here the episodes of all rounds add up, and the policy is fitted to all of them after each
round, from where the round before left it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any, ClassVar

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.recording import Episode
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import AlgorithmState, BehaviorSpec, ReportProgress, UpdateReport
from trainer_process.algorithms.bc.learner import CloningLearner
from trainer_process.algorithms.bc.state import restored_state, saved_state
from trainer_process.algorithms.counted_algorithm import CountedAlgorithm, Counters
from trainer_process.algorithms.dagger.settings import DAggerSettings
from trainer_process.errors import CheckpointError, ExperienceError
from trainer_process.metrics import finite_metrics


class DAgger(CountedAlgorithm):
    """Dataset aggregation on one behavior; an update is a round's learning.

    Each end of demonstrations (`is_last`) closes a round. After an interruption the episodes of the rounds that were
    learnt from come back first, and close none; they are learnt from with the next round's.
    """

    name: ClassVar[str] = "dagger"

    def __init__(self, behavior: BehaviorSpec, settings: DAggerSettings) -> None:
        """Starts fresh, from the initial weights that the host's policy has too."""
        self.settings = settings
        self._behavior = behavior
        self._learner = CloningLearner(behavior, settings, self.name)
        self._counters = Counters()
        self._lock = threading.Lock()
        self._counts_observations = self._has_nothing_counted()
        self._expected_old = "", 0
        self._old: list[Sequence[Episode]] = []
        self._open_round: list[Sequence[Episode]] = []
        self._closed_rounds: deque[list[Sequence[Episode]]] = deque()

    @property
    def steps(self) -> int:
        """Steps that the expert labelled and that were learnt from, each counted once."""
        return super().steps

    @property
    def total_steps(self) -> int:
        """As far as it is known: rounds that are to come are taken to have as many as they are asked for."""
        return self.steps + max(0, self.settings.rounds - self.iteration) * self.settings.steps_per_round

    @property
    def is_complete(self) -> bool:
        return self.iteration >= self.settings.rounds

    def collection_contract(self, host_count: int) -> CollectionContract:
        if host_count < 1:
            raise ValueError(f"host_count must be at least 1, got {host_count}")
        share = -(-self.settings.steps_per_round // host_count)
        return CollectionContract(share, horizon=0, buffer_count=2, required_fields=(), synchronous=False)

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        raise ExperienceError(
            f"behavior {self._behavior.name!r}, host {host_index}, batch {batch.batch_id}: dagger learns from "
            "what an expert labels, and takes no experience: send demonstrations, or train with ppo"
        )

    def add_demonstrations(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        with self._lock:
            if len(episodes):
                old = self._count_of_old(episodes)
                if old:
                    self._old.append(episodes[:old])
                if len(episodes) > old:
                    self._open_round.append(episodes[old:] if old else episodes)
            if is_last and self._open_round:
                self._closed_rounds.append(self._open_round)
                self._open_round = []

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """Whether a round is closed that was not learnt from yet, whatever hosts there are."""
        return len(self._closed_rounds) > 0 and not self.is_complete

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        started = time.perf_counter()
        learner = self._learner
        new = self._take_in(report_progress)
        indices, epochs = range(len(learner.demonstrations)), self.settings.epochs_per_round
        with learner.undone_when_diverged():
            if self._counts_observations:
                learner.count_observations(new)
            for epoch in range(epochs):
                metrics = learner.run_epoch(indices, (epoch, epochs), report_progress)
        self._counters = self._counters.after_update(learner.demonstrations.step_count(new))
        metrics |= {
            "episodes": float(len(new)),
            "demonstration_steps": float(learner.demonstrations.step_count(indices)),
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
        self._counts_observations = self._has_nothing_counted()

    def state(self) -> AlgorithmState:
        state = saved_state(self.name, self._learner.policy, self._counters, self._learner.generator)
        demonstrations = self._learner.demonstrations
        state.values["counts_observations"] = self._counts_observations
        state.values["episode_count"] = len(demonstrations)
        state.values["first_episode"] = _fingerprint(demonstrations[0]) if len(demonstrations) else ""
        return state

    def restore(self, state: AlgorithmState) -> None:
        self._counters = restored_state(state, self.name, self._learner.policy, self._learner.generator)
        values: dict[str, Any] = state.values
        try:
            self._counts_observations = bool(values["counts_observations"])
            self._expected_old = str(values["first_episode"]), int(values["episode_count"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"checkpoint: expected all parts of a dagger state, got {error!r}") from error

    def _count_of_old(self, episodes: Sequence[Episode]) -> int:
        """How many of these were learnt from before an interruption: a kept recording comes back from its beginning."""
        fingerprint, left = self._expected_old
        if left and fingerprint:
            left = left if _fingerprint(episodes[0]) == fingerprint else 0
        old = min(left, len(episodes))
        self._expected_old = "", left - old
        return old

    def _take_in(self, report_progress: ReportProgress) -> range:
        """Reads a round, and what came back of rounds before; returns the indices of the new episodes."""
        with self._lock:
            old, self._old = self._old, []
            new = self._closed_rounds.popleft()
        for episodes in old:
            self._learner.add(episodes, report_progress)
        first = len(self._learner.demonstrations)
        for episodes in new:
            self._learner.add(episodes, report_progress)
        return range(first, len(self._learner.demonstrations))

    def _has_nothing_counted(self) -> bool:
        """Whether the normaliser is to learn from the rounds; one that weights came with fits them as it is."""
        statistics = self._learner.policy.statistics
        return statistics is not None and statistics.count == 0


def _fingerprint(episode: Episode) -> str:
    """Tells a recording from another by its first episode."""
    digest = blake2b(digest_size=8)
    digest.update(episode.observations.tobytes())
    digest.update(episode.actions.tobytes())
    return digest.hexdigest()
