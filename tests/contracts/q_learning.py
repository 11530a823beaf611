"""A small off-policy algorithm: soft Q-learning with replay on one discrete choice. It proves the algorithm seam.

The policy's logits are Q-values, so that sampling from them is Boltzmann exploration (Haarnoja et al. 2017,
arXiv:1702.08165, with a temperature of 1).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch, FloatArray
from protocol.initial_weights import initial_weights
from protocol.weights import WeightsLayout, WeightsSnapshot
from trainer_process.algorithms.base import (
    Algorithm,
    AlgorithmState,
    BehaviorSpec,
    ConsumedBatch,
    ExperienceSettings,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.row_size import check_row_sizes
from trainer_process.data import PendingBatches, assemble_rollout
from trainer_process.errors import CheckpointError
from trainer_process.models import SpecNetwork
from trainer_process.seeding import numpy_generator


class QLearningSettings(ExperienceSettings):
    """How much is collected and replayed."""

    steps_per_update: int = Field(default=16, ge=1)
    gradient_steps: int = Field(default=8, ge=1)
    minibatch_size: int = Field(default=16, ge=1)
    capacity: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-2, gt=0)
    discount_factor: float = Field(default=0.9, ge=0, lt=1)


class QLearning(Algorithm):
    """Q-values by temporal differences on transitions of any age; neither log-probabilities nor versions matter."""

    name: ClassVar[str] = "q_learning"

    def __init__(self, behavior: BehaviorSpec, settings: QLearningSettings) -> None:
        self.settings = settings
        self._behavior = behavior
        spec = behavior.policy_spec
        self._network = SpecNetwork(spec, WeightsLayout.of(spec), initial_weights(spec, behavior.policy_settings.seed))
        self._optimizer = torch.optim.SGD([self._network.flat], lr=settings.learning_rate)
        self._generator = numpy_generator(settings.seed, behavior.name, self.name)
        self._pending = PendingBatches()
        size = 2 * behavior.observation_layout.size + behavior.action_layout.vector_size + 2
        self._replay: FloatArray = np.zeros((0, size), np.float32)
        self._counters = {"version": 0, "iteration": 0, "steps": 0}

    @property
    def version(self) -> int:
        return self._counters["version"]

    @property
    def iteration(self) -> int:
        return self._counters["iteration"]

    @property
    def steps(self) -> int:
        return self._counters["steps"]

    @property
    def total_steps(self) -> int:
        return self.settings.total_steps

    @property
    def is_complete(self) -> bool:
        return self.steps >= self.settings.total_steps

    def collection_contract(self, host_count: int) -> CollectionContract:
        if host_count < 1:
            raise ValueError(f"host_count must be at least 1, got {host_count}")
        share = -(-self.settings.steps_per_update // host_count)
        return CollectionContract(share, 0, 2, ("observations", "actions", "rewards"), synchronous=False)

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        check_row_sizes(self._behavior, batch, host_index)
        self._pending.add(host_index, batch)

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        return self._pending.step_count >= self.settings.steps_per_update

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        taken = self._pending.take_all()
        self._remember(taken)
        losses = []
        for _ in range(self.settings.gradient_steps):
            report_progress()
            rows = self._generator.integers(len(self._replay), size=self.settings.minibatch_size)
            losses.append(self._gradient_step(torch.from_numpy(self._replay[rows])))
        steps = sum(batch.step_count for _, batch in taken)
        self._counters = {"version": self.version + 1, "iteration": self.iteration + 1, "steps": self.steps + steps}
        metrics = {"steps": float(self.steps), "iteration": float(self.iteration), "value_loss": float(np.mean(losses))}
        return UpdateReport(metrics, tuple(ConsumedBatch(host, batch.batch_id) for host, batch in taken))

    def policy_snapshot(self) -> WeightsSnapshot:
        return WeightsSnapshot(self._network.layout.hash, self.version, self._network.values())

    def critic_snapshot(self) -> WeightsSnapshot | None:
        return None

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._network.layout.check(policy)
        self._network.load(policy.values)
        self._counters = {"version": policy.version, "iteration": 0, "steps": 0}

    def raise_version(self, version: int) -> None:
        self._counters["version"] = max(version, self.version)

    def state(self) -> AlgorithmState:
        arrays = {"policy": self._network.values(), "replay": self._replay.copy()}
        generator = self._generator.bit_generator.state
        return AlgorithmState(dict(arrays), {"algorithm": self.name, "generator": generator, **self._counters})

    def restore(self, state: AlgorithmState) -> None:
        if state.values.get("algorithm") != self.name:
            raise CheckpointError(f"expected a state of {self.name}, got {state.values.get('algorithm')!r}")
        self._network.load(state.arrays["policy"].astype(np.float32))
        self._replay = state.arrays["replay"].astype(np.float32)
        self._generator.bit_generator.state = state.values["generator"]  # type: ignore[assignment]
        self._counters = {name: int(str(state.values[name])) for name in self._counters}

    def action_values(self, observations: FloatArray) -> FloatArray:
        """[B, A] Q-values at observations [B, O]."""
        with torch.no_grad():
            values: FloatArray = self._network.forward(torch.from_numpy(observations))[0].numpy()
        return values

    def _remember(self, taken: list[tuple[int, ExperienceBatch]]) -> None:
        """Appends rows of observation, action, next observation, reward and whether anything follows."""
        rollout = assemble_rollout(taken)
        following = np.concatenate([rollout.observations[1:], rollout.observations[:1]])
        following[rollout.segment_ends] = rollout.final_observations
        goes_on = rollout.next_values(
            np.ones(rollout.step_count, np.float32), np.ones(len(rollout.episodes), np.float32)
        )
        columns = (rollout.observations, rollout.actions, following, rollout.rewards[:, None], goes_on[:, None])
        self._replay = np.concatenate([self._replay, np.concatenate(columns, axis=1)])[-self.settings.capacity :]

    def _gradient_step(self, rows: torch.Tensor) -> float:
        """One step on (Q(s, a) - r - gamma V(s'))^2 with V = log sum exp Q."""
        size = self._behavior.observation_layout.size
        actions = self._behavior.action_layout.vector_size
        observations, chosen, following, reward, goes_on = torch.split(rows, [size, actions, size, 1, 1], dim=1)
        with torch.no_grad():
            value = torch.logsumexp(self._network.forward(following)[0], dim=1, keepdim=True)
            target = reward + self.settings.discount_factor * goes_on * value
        predicted = (self._network.forward(observations)[0] * chosen).sum(1, keepdim=True)
        loss = torch.mean((predicted - target) ** 2)
        self._network.zero_grad()
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())
