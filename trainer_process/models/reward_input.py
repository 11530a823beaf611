"""What the networks of a learned reward read: transitions, normalised, as tensors.

Letters: S rows, O observation, I bytes of images, A action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from protocol.action_layout import ActionLayout
from protocol.experience import Float64Array, FloatArray
from protocol.observation_layout import ObservationLayout
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.data.transitions import Transitions
from trainer_process.models.bounded_action import BoundedAction

CLIP = 10.0
"""Normalised numbers are clipped to plus and minus this."""
_EPSILON = 1e-8


@dataclass(frozen=True)
class RewardInputs:
    """S rows.

    Attributes:
        observations: float32[S, O], normalised.
        images: uint8[S, I].
        actions: float32[S, A], bounded.
        next_observations: float32[S, O], normalised.
        next_images: uint8[S, I].
        continues: float32[S], 0 where a step terminated its episode, else 1.
    """

    observations: Tensor
    images: Tensor
    actions: Tensor
    next_observations: Tensor
    next_images: Tensor
    continues: Tensor

    @property
    def count(self) -> int:
        """S."""
        return self.continues.shape[0]

    @property
    def columns(self) -> list[Tensor]:
        """All of them, in order."""
        return [getattr(self, name) for name in _COLUMNS]

    def taken(self, rows: Tensor) -> RewardInputs:
        """Copies of rows int64[n]."""
        return RewardInputs(*(column.index_select(0, rows) for column in self.columns))

    def part(self, rows: slice) -> RewardInputs:
        """Views of neighbouring rows."""
        return RewardInputs(*(column[rows] for column in self.columns))


_COLUMNS = tuple(field.name for field in fields(RewardInputs))


class InputNormalizer:
    """The running statistics by which observations, and actions without bounds, are normalised.

    They are the reward's own, of expert and policy in equal shares. Were they the policy's alone, or those of another
    moment for the one than for the other, what tells the two apart would be the normaliser.

    Attributes:
        observations: of O numbers; choices and bits among them are passed on.
        actions: of A numbers; those with bounds are passed on.
    """

    def __init__(self, observation_layout: ObservationLayout, action_layout: ActionLayout) -> None:
        self._bounded = BoundedAction(action_layout)
        self.observations = RunningStatistics(observation_layout.size, observation_layout.normalized)
        self.actions = RunningStatistics(self._bounded.size, self._bounded.unbounded)

    def count(self, expert: Transitions, policy: Transitions) -> None:
        """Merges rows of both in, each as if there were as many as the policy's."""
        for part in (expert, policy):
            _merge(self.observations, part.observations, policy.count)
            _merge(self.actions, self._bounded.of(part.actions), policy.count)

    def inputs(self, steps: Transitions, device: torch.device) -> RewardInputs:
        """What the networks read of transitions."""

        def tensor(rows: FloatArray) -> Tensor:
            return torch.from_numpy(rows).to(device)

        return RewardInputs(
            observations=tensor(normalized(steps.observations, self.observations)),
            images=torch.from_numpy(steps.images).to(device),
            actions=tensor(normalized(self._bounded.of(steps.actions), self.actions)),
            next_observations=tensor(normalized(steps.next_observations, self.observations)),
            next_images=torch.from_numpy(steps.next_images).to(device),
            continues=tensor((~steps.is_terminated).astype(np.float32)),
        )


def normalized(rows: FloatArray, statistics: RunningStatistics) -> FloatArray:
    """float32[S, F] of rows float32[S, F]: less the mean, by the deviation, clipped; uncounted features as they are."""
    if not statistics.active.any():
        return rows
    scale: Float64Array = 1.0 / np.sqrt(statistics.variance + _EPSILON)
    scaled = ((rows - statistics.mean.astype(np.float32)) * scale.astype(np.float32)).clip(-CLIP, CLIP)
    return scaled if statistics.active.all() else np.where(statistics.active, scaled, rows)


def joined_inputs(parts: Sequence[RewardInputs]) -> RewardInputs:
    """The rows of all parts, one after the other."""
    return RewardInputs(*(torch.cat(columns) for columns in zip(*(part.columns for part in parts), strict=True)))


def _merge(statistics: RunningStatistics, rows: FloatArray, count: int) -> None:
    if not len(rows):
        return
    mean = rows.mean(axis=0, dtype=np.float64)
    deviations = rows - mean
    squares = np.einsum("sf,sf->f", deviations, deviations) * (count / len(rows))
    statistics.merge(float(count), mean, squares)
