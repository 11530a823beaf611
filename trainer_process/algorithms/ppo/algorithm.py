"""Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) over experience of many hosts."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch, FloatArray
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import (
    AlgorithmState,
    BehaviorSpec,
    ConsumedBatch,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.counted_algorithm import CountedAlgorithm, Counters
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.gradient_step import take_gradient_steps
from trainer_process.algorithms.ppo.losses import explained_variance
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.reward_model import PolicyDensity, RewardModel
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.state import restored_state, saved_state
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.target import build_training_data
from trainer_process.algorithms.row_size import check_row_sizes, row_sizes
from trainer_process.algorithms.schedule import ScheduleKind, scheduled
from trainer_process.data.episode_window import EpisodeWindow
from trainer_process.data.pending_batches import PendingBatches
from trainer_process.data.reward_scaling import RewardScaling
from trainer_process.data.rollout import Rollout, assemble_rollout
from trainer_process.data.staleness import judge_staleness
from trainer_process.errors import DivergedError
from trainer_process.metrics import finite_metrics
from trainer_process.models import ActionDensity, keep_within_clamps
from trainer_process.seeding import numpy_generator
from trainer_process.timers import Timed

_logger = logging.getLogger(__name__)
_REQUIRED_FIELDS = ("observations", "images", "actions", "rewards", "log_probs", "memory")
"""Of them those that a behavior has."""


@dataclass(frozen=True)
class _Taken:
    """The batches of one update."""

    batches: list[tuple[int, ExperienceBatch]]

    @property
    def step_count(self) -> int:
        return sum(batch.step_count for _, batch in self.batches)

    @property
    def consumed(self) -> tuple[ConsumedBatch, ...]:
        return tuple(ConsumedBatch(host, batch.batch_id) for host, batch in self.batches)


class PPO(CountedAlgorithm):
    """PPO on one behavior."""

    name: ClassVar[str] = "ppo"

    def __init__(self, behavior: BehaviorSpec, settings: PPOSettings, reward_model: RewardModel | None = None) -> None:
        """Starts fresh, from the initial weights that the host's policy has too.

        Args:
            behavior: what is learnt.
            settings: how.
            reward_model: gives the rewards to learn from; None for the game's.
        """
        self.settings = settings
        self._reward_model = reward_model
        self._behavior = behavior
        self._networks = ActorCritic(behavior, settings)
        self._steps = StepReplay(self._networks, settings)
        self._density = ActionDensity(behavior.action_layout, torch.device(settings.device))
        self._generator = numpy_generator(settings.seed, behavior.name, "ppo")
        self._reward_scaling = RewardScaling(settings.discount_factor, settings.reward_clip)
        self._pending = PendingBatches()
        self._episodes = EpisodeWindow()
        self._counters = Counters()

    @property
    def total_steps(self) -> int:
        return self.settings.total_steps

    @property
    def is_complete(self) -> bool:
        return self._counters.steps >= self.settings.total_steps

    def collection_contract(self, host_count: int) -> CollectionContract:
        if host_count < 1:
            raise ValueError(f"host_count must be at least 1, got {host_count}")
        sizes = row_sizes(self._behavior)
        return CollectionContract(
            steps_per_hand_off=-(-self.settings.steps_per_update // host_count),
            horizon=self.settings.horizon,
            buffer_count=1 if self.settings.synchronous else self.settings.buffer_count,
            required_fields=tuple(name for name in _REQUIRED_FIELDS if sizes.get(name) != (0,)),
            synchronous=self.settings.synchronous,
        )

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        check_row_sizes(self._behavior, batch, host_index)
        self._pending.add(host_index, batch)

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """Synchronous: a batch of every live host. Asynchronous: an update's steps, whoever sent them."""
        if self.settings.synchronous:
            return len(live_host_indices) > 0 and self._pending.has_one_of_each(live_host_indices)
        return self._pending.step_count >= self.settings.steps_per_update

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        started = time.perf_counter()
        taken = self._take_batches()
        metrics = self._experience_metrics(taken)
        counters = self._counters.after_update(taken.step_count)
        if taken.step_count > 0:
            with Timed("assemble"):
                rollout = assemble_rollout(taken.batches)
            report_progress()
            initialises = self._only_initialises_normalizer()
            if initialises:
                metrics["normalizer_initialised"] = 1.0
            else:
                metrics |= self._learn(rollout, counters, report_progress)
            if initialises or not self._is_warmup(counters):
                self._networks.count_observations(rollout.observations)
        if counters.iteration == self.settings.critic_warmup_updates:
            # What Adam knows of the critic's gradients would make the policy's first steps three times too long.
            self._networks.optimizer.reset()
        self._counters = counters
        metrics |= {
            "steps": float(counters.steps),
            "iteration": float(counters.iteration),
            "seconds_update": time.perf_counter() - started,
        }
        return UpdateReport(finite_metrics(metrics), taken.consumed)

    def policy_snapshot(self) -> WeightsSnapshot:
        policy = self._networks.policy
        return WeightsSnapshot(policy.layout.hash, self.version, policy.values())

    def critic_snapshot(self) -> WeightsSnapshot:
        critic = self._networks.critic
        return WeightsSnapshot(critic.layout.hash, self.version, critic.values())

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._networks.load(policy, critic, self.settings.normalizer_start_count)
        self._counters = Counters(version=policy.version)

    def state(self) -> AlgorithmState:
        return saved_state(self._networks, self._counters, self._generator, self._reward_scaling, self._episodes)

    def restore(self, state: AlgorithmState) -> None:
        self._counters = restored_state(state, self._networks, self._generator, self._reward_scaling, self._episodes)

    def _take_batches(self) -> _Taken:
        """Synchronous: all there are, one of each host. Asynchronous: the oldest, until there are enough steps."""
        if self.settings.synchronous:
            return _Taken(self._pending.take_all())
        return _Taken(self._pending.take_steps(self.settings.steps_per_update))

    def _only_initialises_normalizer(self) -> bool:
        statistics = self._networks.statistics
        return (
            self.settings.normalizer_initialisation == "first_batch"
            and statistics is not None
            and statistics.count == 0
        )

    def _learn(self, rollout: Rollout, counters: Counters, report_progress: ReportProgress) -> dict[str, float]:
        """Gradient steps on what is fresh enough; takes them back when they leave the finite numbers."""
        settings, networks = self.settings, self._networks
        staleness = judge_staleness(rollout, self.version, settings.max_policy_lag)
        metrics = {
            "policy_lag_mean": staleness.lag_mean,
            "policy_lag_max": float(staleness.lag_max),
            "dropped_steps_lag": float(staleness.dropped_lag),
            "dropped_steps_off_policy": float(staleness.dropped_off_policy),
        }
        with Timed("rewards"):
            rewards = self._rewards(rollout, metrics, report_progress)
        if not staleness.is_trainable.any():
            _logger.warning("behavior %r: no step of the update could be learnt from: %s", self._behavior.name, metrics)
            return metrics
        coefficients = self._coefficients(counters)
        objective = make_objective(self._density, settings, coefficients)
        with Timed("targets"):
            data = build_training_data(
                rollout,
                rewards,
                staleness.is_trainable,
                networks,
                self._density,
                settings,
                is_newest=staleness.is_newest if settings.synchronous else None,
            )
        backup = networks.backup()
        with Timed("gradient steps"):
            metrics |= take_gradient_steps(data, self._steps, objective, settings, self._generator, report_progress)
        if not networks.is_finite():
            networks.restore(backup)
            where = f"behavior {self._behavior.name!r}, iteration {counters.iteration}"
            raise DivergedError("network weights", where)
        if coefficients.trains_policy:
            keep_within_clamps(networks.policy)
        else:
            metrics["critic_warmup"] = 1.0
        rows = data.valid_rows()
        learnt = data if rows is None else data.targets().taken(rows)
        return metrics | {
            "explained_variance": float(explained_variance(learnt.old_values, learnt.returns)),
            "value_estimate_mean": float(learnt.old_values.mean()),
            "learning_rate": coefficients.learning_rate,
            "clip_range": coefficients.clip_range,
            "entropy_coefficient": coefficients.entropy_coefficient,
        }

    def _is_warmup(self, counters: Counters) -> bool:
        """Whether the update that leads to these counters teaches only the critic."""
        return counters.iteration <= self.settings.critic_warmup_updates

    def _coefficients(self, counters: Counters) -> Coefficients:
        settings, steps = self.settings, counters.steps

        def at(initial: float, kind: ScheduleKind, final: float) -> float:
            return scheduled(initial, kind, steps, settings.total_steps, final)

        return Coefficients(
            learning_rate=at(settings.learning_rate, settings.learning_rate_schedule, settings.learning_rate_final),
            clip_range=at(settings.clip_range, settings.clip_range_schedule, settings.clip_range_final),
            entropy_coefficient=at(
                settings.entropy_coefficient,
                settings.entropy_coefficient_schedule,
                settings.entropy_coefficient_final,
            ),
            trains_policy=not self._is_warmup(counters),
        )

    def _rewards(self, rollout: Rollout, metrics: dict[str, float], report_progress: ReportProgress) -> FloatArray:
        """Of the model, where there is one, and scaled, where they shall be."""
        if self._reward_model is not None:
            policy = PolicyDensity(self._networks, self._density)
            learned = self._reward_model.rewards(rollout, policy, report_progress)
            metrics |= {**learned.metrics, "learned_reward_mean": float(learned.rewards.mean())}
            rollout = replace(rollout, rewards=learned.rewards)
        if self.settings.reward_strength != 1.0:
            rollout = replace(rollout, rewards=rollout.rewards * np.float32(self.settings.reward_strength))
        if not self.settings.reward_scaling:
            return rollout.rewards
        rewards = self._reward_scaling.scale(rollout)
        metrics["reward_deviation"] = float(self._reward_scaling.statistics.variance[0] ** 0.5)
        return rewards

    def _experience_metrics(self, taken: _Taken) -> dict[str, float]:
        statistics = [batch.statistics for _, batch in taken.batches]
        return {
            "episodes": float(self._episodes.add(statistics)),
            **self._episodes.metrics(),
            "unrecorded_steps": float(sum(counted.unrecorded_steps for counted in statistics)),
            "dropped_actions": float(sum(counted.dropped_actions for counted in statistics)),
            "non_finite_steps": float(sum(counted.non_finite_steps for counted in statistics)),
        }
