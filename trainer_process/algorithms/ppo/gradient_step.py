"""The epochs of minibatch gradient steps of one update."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from trainer_process.algorithms.base import ReportProgress
from trainer_process.algorithms.ppo.losses import approximate_kl, clip_fraction
from trainer_process.algorithms.ppo.minibatch_step import StepOutputs
from trainer_process.algorithms.ppo.objective import Objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.target import with_proximal_policy
from trainer_process.algorithms.ppo.training_data import TrainingData, joined
from trainer_process.data.minibatch_order import drawn_order

SUMMARY_ROWS = 8192
"""Rows that are summed up at a time: more of them at once spare small updates as many calls as the steps need."""


class UpdateRecord:
    """What the minibatches gave, kept as tensors: reading a number in the loop costs as much as a layer."""

    NAMES = ("policy_loss", "value_loss", "entropy", "approximate_kl", "clip_fraction")

    def __init__(self, objective: Objective, data: TrainingData, distribution_size: int, minibatch_size: int) -> None:
        """For epochs over the rows of `data`, one after the other."""
        self._objective = objective
        self._epoch_rows = data.step_count
        rows, like = max(1, SUMMARY_ROWS // self._epoch_rows) * self._epoch_rows, data.returns
        self._kept = StepOutputs(like.new_empty(rows, distribution_size), like.new_empty(rows), like.new_empty(rows))
        self._minibatch_size = minibatch_size
        self._places: list[list[Tensor]] = []
        self._epochs: list[TrainingData] = []
        self._sums = like.new_zeros(len(self.NAMES))
        self._seen = 0
        self._row_count = 0
        self._last_kl = like.new_zeros(())

    def begin_epoch(self, data: TrainingData) -> None:
        """The rows that follow are those of `data`, in its order."""
        if len(self._epochs) * self._epoch_rows + data.step_count > len(self._kept.values):
            self._sum_up(self._epoch_rows)
        first = len(self._epochs) * self._epoch_rows
        rows = slice(first, first + self._epoch_rows)
        epoch = [torch.split(column[rows], self._minibatch_size) for column in self._kept]
        self._places = [list(place) for place in zip(*epoch, strict=True)]
        self._epochs.append(data.targets())
        self._seen = 0

    def add(self, outputs: StepOutputs) -> None:
        """Copies the outputs of the epoch's next minibatch."""
        torch._foreach_copy_(self._places[self._seen], outputs)
        self._seen += 1

    def means(self) -> Tensor:
        """[5] the numbers of `NAMES`: means over all rows that were seen, but the last epoch's approximate KL."""
        self._sum_up(sum(len(place[1]) for place in self._places[: self._seen]))
        means = self._sums / self._row_count
        means[self.NAMES.index("approximate_kl")] = self._last_kl
        return means

    def _sum_up(self, last_epoch_rows: int) -> None:
        """Takes in the epochs that are kept, of the last one only so many rows."""
        first = (len(self._epochs) - 1) * self._epoch_rows
        rows = first + last_epoch_rows
        seen = next(joined(self._epochs).minibatches(rows))
        kept = [column[:rows] for column in self._kept]
        self._last_kl = approximate_kl(kept[2][first:], None if seen.is_valid is None else seen.is_valid[first:])
        valid = seen.valid_rows()
        if valid is not None:
            seen, kept = seen.taken(valid), [column.index_select(0, valid) for column in kept]
        distribution, values, log_ratios = kept
        numbers = [
            self._objective.policy_loss(log_ratios, seen),
            self._objective.value_loss(values, seen),
            self._objective.density.entropy(distribution, seen.modifiers).mean(),
            approximate_kl(log_ratios),
            clip_fraction(log_ratios, self._objective.coefficients.clip_range),
        ]
        self._sums += seen.step_count * torch.stack(numbers)
        self._row_count += seen.step_count
        self._epochs.clear()


@torch.no_grad()
def take_gradient_steps(
    data: TrainingData,
    steps: StepReplay,
    objective: Objective,
    settings: PPOSettings,
    generator: np.random.Generator,
    report_progress: ReportProgress,
) -> dict[str, float]:
    """Minibatch steps of Adam on one loss of both networks; returns metrics.

    Metrics are means over all minibatches, but for `approximate_kl`, which is the last epoch's. An update whose policy
    moved beyond `target_kl` stops there.
    """
    steps.prepare(objective, data)
    minibatch_size = data.minibatch_rows(settings.minibatch_size)
    order = _drawn_order(data, minibatch_size, generator)
    epoch_data = data.taken(order)
    if settings.synchronous or settings.decoupled_objective:
        epoch_data = with_proximal_policy(epoch_data, steps, settings)
        data = epoch_data.taken(torch.argsort(order))
    record = UpdateRecord(objective, data, steps.networks.distribution_size, minibatch_size)
    epochs = 0
    goes_on = True
    while goes_on and epochs < settings.epochs:
        if epochs:
            epoch_data = data.taken(_drawn_order(data, minibatch_size, generator))
        advantages = objective.prepared_advantages(epoch_data, minibatch_size)
        epoch_data = replace(epoch_data, advantages=advantages)
        record.begin_epoch(epoch_data)
        goes_on = _run_epoch(epoch_data, steps, minibatch_size, record, report_progress)
        epochs += 1
    return {**dict(zip(UpdateRecord.NAMES, record.means().tolist(), strict=True)), "epochs": float(epochs)}


def _run_epoch(
    data: TrainingData, steps: StepReplay, minibatch_size: int, record: UpdateRecord, report_progress: ReportProgress
) -> bool:
    """One pass over the data; returns whether further epochs should follow."""
    for minibatch in data.minibatches(minibatch_size):
        report_progress()
        outputs, has_moved = steps.take(minibatch)
        record.add(outputs)
        if not has_moved:
            return False
    return True


def _drawn_order(data: TrainingData, minibatch_size: int, generator: np.random.Generator) -> Tensor:
    """int64[S] rows, see `drawn_order`; `minibatch_size` in rows."""
    rows = drawn_order(data.step_count, data.window_size, minibatch_size, generator)
    return torch.from_numpy(rows).to(data.returns.device)
