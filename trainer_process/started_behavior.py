"""A behavior's work on the learner thread: updating, measuring, keeping records.

Importing this module imports torch, which takes seconds; the server leaves that to the learner thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch, Float64Array, VectorSizes
from protocol.messages import Configure, EvaluationResult
from protocol.recording import Episode, EpisodeSizes, FlatEpisodes
from protocol.statistic import StatisticEntry
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import Algorithm, ConsumedBatch
from trainer_process.behavior_plan import BehaviorPlan, check_later_host
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.demonstration_intake import DemonstrationIntake
from trainer_process.demonstration_spool import DemonstrationSpool
from trainer_process.errors import DivergedError
from trainer_process.learned_update import LearnedUpdate, RelabelledPolicy
from trainer_process.learner import ReportProgress
from trainer_process.metrics import MetricsWriter, finite_metrics
from trainer_process.run_folder import BehaviorFolder
from trainer_process.start_settings import StartSettings
from trainer_process.state_keeper import StateKeeper
from trainer_process.timers import Timed, set_gauges

logger = logging.getLogger(__name__)

HIGHEST_NAMED_VERSION = 2**53
"""Of a host's weights, where training goes on above it; no training gets there, and versions have to fit into int64."""


class StartedBehavior:
    """A behavior whose algorithm is there.

    `learn`, `raise_version` and `record_evaluation` are for the learner thread, and so is the saving of `keeper`,
    though that touches nothing that an update does; all else is for the main thread.

    Attributes:
        plan: what it learns, and how.
        folder: where its records go.
        first: where learning stands at the start.
        keeper: of its checkpoints and policies.
    """

    def __init__(
        self,
        plan: BehaviorPlan,
        algorithm: Algorithm,
        folder: BehaviorFolder,
        settings: StartSettings,
        *,
        goes_on: CheckpointContext | None = None,
    ) -> None:
        """
        Args:
            plan: what it learns, and how.
            algorithm: placed at its start.
            folder: made already.
            settings: how it is kept.
            goes_on: where an earlier training stood that goes on here, with the demonstrations that it had.

        Raises:
            MetricsError: a writer of metrics isn't there.
            RecordingError: those can't be used.
        """
        self.plan = plan
        self.folder = folder
        self._algorithm = algorithm
        self._settings = settings
        spec = plan.spec
        self._metrics = self._open_metrics(algorithm.steps if goes_on is not None else 0 if settings.resume else None)
        self._episode_returns: dict[ConsumedBatch, Float64Array] = {}
        spool = DemonstrationSpool(
            folder.demonstrations_file, spec.observation, spec.action, goes_on=goes_on is not None
        )
        self._demonstrations = DemonstrationIntake(algorithm, spool)
        self._idle_since_s = time.perf_counter()
        self._goes_on = goes_on
        self.first = self._look()
        self.keeper = StateKeeper(plan, folder, settings, self.first)

    @property
    def total_steps(self) -> int:
        """Agent-steps after which training is complete, as far as that is known; 0 where it isn't yet."""
        return self._algorithm.total_steps

    @property
    def consumed_before(self) -> Mapping[int, int]:
        """For each session of the training that goes on here, the highest batch id up to which it learnt from all."""
        return {} if self._goes_on is None else self._goes_on.consumed

    @property
    def vector_sizes(self) -> VectorSizes:
        """What its experience holds of each agent."""
        spec = self.plan.spec
        return VectorSizes(
            observation=spec.observation_layout.size,
            action=spec.action_layout.vector_size,
            modifier=spec.action_layout.distribution_size,
            image=spec.observation_layout.image_size,
            memory=spec.policy_settings.memory_size,
        )

    def contract(self, host_count: int) -> CollectionContract:
        """What each of so many hosts must collect, or of those that are expected where they are more."""
        return self._algorithm.collection_contract(max(host_count, self._settings.expected_host_count))

    def accept(self, batch: ExperienceBatch, host_index: int) -> None:
        """Takes a checked batch in.

        Raises:
            ExperienceError: the algorithm can't use it.
        """
        self._algorithm.add_experience(batch, host_index)
        self._episode_returns[ConsumedBatch(host_index, batch.batch_id)] = batch.statistics.episode_returns.copy()
        self._demonstrations.excuse(host_index)

    def show(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        """Hands episodes to the algorithm as they are, of a file that stays where it is; nothing is kept of them.

        Raises:
            ExperienceError: the algorithm can't use them.
        """
        self._algorithm.add_demonstrations(episodes, is_last=is_last)

    @property
    def episode_sizes(self) -> EpisodeSizes:
        """What demonstrations hold; they may also have no action modifiers."""
        sizes = self.vector_sizes
        return EpisodeSizes(sizes.observation, sizes.action, sizes.modifier, sizes.image)

    def accept_demonstrations(self, episodes: FlatEpisodes, host_index: int, *, is_last: bool) -> None:
        """Takes checked episodes in; their arrays are needed no longer afterwards.

        Raises:
            ExperienceError: the algorithm can't use them.
            RecordingError: they can't be written down.
        """
        self._demonstrations.accept(episodes, host_index, is_last=is_last)

    def begin_host(self, host_index: int) -> None:
        """A host joined, or joined anew."""
        self._demonstrations.begin(host_index)

    def forget_host(self, host_index: int) -> None:
        """A host left; nothing more is awaited of it."""
        self._demonstrations.forget(host_index)

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """Whether there is enough experience for an update."""
        return self._algorithm.is_ready(live_host_indices)

    def check_later_host(self, configure: Configure) -> None:
        """Holds a later host's Configure against this behavior.

        Raises:
            ConfigurationRefusedError: they differ.
        """
        check_later_host(self.plan, configure)

    def has_weights_of(self, configure: Configure, newest: WeightsSnapshot) -> bool:
        """Whether the host that sent this Configure has the newest weights already."""
        if configure.weights is not None and configure.wants_critic:
            return False  # it sent the policy's; nobody says what critic it has
        return self._plays(configure, newest)

    def may_have_undone_weights(self, configure: Configure, newest: WeightsSnapshot) -> bool:
        """Whether the host may play a policy that this training has not, or not yet, and calls it by its version."""
        if configure.version < newest.version or configure.version > HIGHEST_NAMED_VERSION:
            return False
        is_of_a_training = self._goes_on is not None or configure.start != "fresh"
        return is_of_a_training and not self._plays(configure, newest)

    def _plays(self, configure: Configure, newest: WeightsSnapshot) -> bool:
        """Whether the newest policy is the one that the host has, as far as its Configure says."""
        if configure.version != newest.version:
            return False
        if configure.weights is not None:
            return np.array_equal(configure.weights, newest.values)
        if self._goes_on is not None:
            return False  # what went before may have begun with other weights
        fresh = self.plan.first
        beginnings = ("start", "policy_settings", "action_schema")  # settings have a seed, actions their priors
        return configure.start == "fresh" and all(getattr(fresh, at) == getattr(configure, at) for at in beginnings)

    def raise_version(self, version: int) -> RelabelledPolicy:
        """Calls the weights as they are by that version, unless they have a higher one."""
        algorithm = self._algorithm
        algorithm.raise_version(version)
        return RelabelledPolicy(algorithm.policy_snapshot(), algorithm.critic_snapshot(), algorithm.state())

    def learn(
        self,
        report_progress: ReportProgress,
        *,
        seconds_in_transport: float,
        run_metrics: Mapping[str, float] | None = None,
    ) -> LearnedUpdate:
        """One update, measured and written down.

        Args:
            report_progress: to be called now and then.
            seconds_in_transport: that passed in receiving and sending since the last update.
            run_metrics: of what belongs to the whole run, while the experience was collected.

        Raises:
            DivergedError: the weights are no longer finite; hosts keep those from before.
        """
        began_s = time.perf_counter()
        steps_before = self._algorithm.steps
        with Timed("update"):
            report = self._algorithm.update(report_progress)
        ended_s = time.perf_counter()
        timing = {
            "steps": float(self._algorithm.steps),
            "iteration": float(self._algorithm.iteration),
            "steps_per_second": (self._algorithm.steps - steps_before) / max(ended_s - self._idle_since_s, 1e-9),
            "seconds_waiting": began_s - self._idle_since_s,
            "seconds_update": ended_s - began_s,
            "seconds_transport": seconds_in_transport,
        }
        self._idle_since_s = ended_s
        update = self._look({**report.metrics, **timing, **(run_metrics or {})}, report.consumed)
        if not update.policy.is_finite():
            raise DivergedError("policy weights", f"behavior {self.plan.spec.name!r}, iteration {update.iteration}")
        with Timed("metrics"):
            update = self._write_down(update)
        self.keeper.keep_policy(update, steps_before)
        return update

    def record_evaluation(self, result: EvaluationResult, newest: LearnedUpdate) -> None:
        """Writes down what a host measured while it played without recording, and holds it to the policy it was of.

        Args:
            result: of one policy, which need not be the newest.
            newest: where learning stands.

        Raises:
            CheckpointError: a checkpoint can't be written.
            PolicyFileError: the best policy can't be.
        """
        self._metrics.record(
            {
                "steps": float(newest.steps),
                "iteration": float(newest.iteration),
                "evaluation_version": float(result.policy_version),
                "evaluation_steps": float(result.steps),
                "evaluation_episodes": float(result.episodes),
                "evaluation_return_mean": result.return_mean,
                "evaluation_return_deviation": result.return_std,
                "evaluation_length_mean": result.length_mean,
            }
        )
        self.keeper.take_evaluation(result.policy_version, result.return_mean)

    def record_statistics(self, host_index: int, entries: Mapping[str, StatisticEntry]) -> None:
        """Takes a game's own numbers in, for the next row of metrics."""
        self._metrics.statistics.add(host_index, entries)

    @property
    def sums_up(self) -> bool:
        """Whether rows of metrics are of several updates."""
        return self._settings.summary_steps > 0

    @property
    def is_new(self) -> bool:
        """Whether no earlier training goes on here."""
        return self._goes_on is None

    def close(self) -> None:
        """Ends the files of metrics and demonstrations."""
        self._metrics.close()
        self._demonstrations.close()

    def _open_metrics(self, from_steps: int | None) -> MetricsWriter:
        settings = self._settings
        return MetricsWriter(
            self.folder.path,
            settings.metrics_writers,
            settings={"trainer_type": self.plan.trainer_type, **self.plan.settings.to_plain()},
            summary_steps=settings.summary_steps,
            from_steps=from_steps,
        )

    def _write_down(self, update: LearnedUpdate) -> LearnedUpdate:
        """Metrics, where a row is due, of the game's own numbers too."""
        returns = self._take_episode_returns(update.consumed)
        row = self._metrics.write(update.metrics, returns)
        if row is not None:
            set_gauges(self.folder.path.name, {**row.metrics, **row.statistics})
        return replace(update, episode_returns=returns, row=row)

    def _take_episode_returns(self, consumed: Sequence[ConsumedBatch]) -> Float64Array:
        known = [self._episode_returns.pop(batch) for batch in consumed if batch in self._episode_returns]
        return np.concatenate([np.zeros(0), *known])

    def _look(
        self, metrics: Mapping[str, float] | None = None, consumed: tuple[ConsumedBatch, ...] = ()
    ) -> LearnedUpdate:
        return LearnedUpdate(
            iteration=self._algorithm.iteration,
            steps=self._algorithm.steps,
            is_complete=self._algorithm.is_complete,
            policy=self._algorithm.policy_snapshot(),
            critic=self._algorithm.critic_snapshot(),
            state=self._algorithm.state(),
            total_steps=self._algorithm.total_steps,
            files=self._algorithm.files(),
            metrics=finite_metrics(metrics or {}),
            consumed=consumed,
        )
