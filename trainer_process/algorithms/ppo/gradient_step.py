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
from trainer_process.algorithms.ppo.training_data import TrainingData


class EpochRecord:
    """What one epoch's minibatches gave, kept as tensors: reading a number in the loop costs as much as a layer."""

    NAMES = ("policy_loss", "value_loss", "entropy", "approximate_kl", "clip_fraction")

    def __init__(self, data: TrainingData, distribution_size: int, minibatch_size: int) -> None:
        """For epochs over the rows of `data`, one after the other."""
        rows, like = data.step_count, data.returns
        self._kept = StepOutputs(like.new_empty(rows, distribution_size), like.new_empty(rows), like.new_empty(rows))
        columns = [torch.split(column, minibatch_size) for column in self._kept]
        self._places = [list(place) for place in zip(*columns, strict=True)]
        self._count = 0

    def begin(self) -> None:
        """Forgets the last epoch."""
        self._count = 0

    def add(self, outputs: StepOutputs) -> None:
        """Copies the outputs of the epoch's next minibatch."""
        torch._foreach_copy_(self._places[self._count], outputs)
        self._count += 1

    def summary(self, objective: Objective, data: TrainingData) -> Tensor:
        """[5] the numbers of `NAMES`, over the minibatches that were added; `data` is the epoch's, in its order."""
        row_count = sum(len(values) for _, values, _ in self._places[: self._count])
        seen = next(data.minibatches(row_count))
        distribution, values, log_ratios = (column[:row_count] for column in self._kept)
        return torch.stack(
            [
                objective.policy_loss(log_ratios, seen),
                objective.value_loss(values, seen),
                objective.density.entropy(distribution).mean(),
                approximate_kl(log_ratios),
                clip_fraction(log_ratios, objective.coefficients.clip_range),
            ]
        )


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

    Metrics are means over the epochs, but for `approximate_kl`, which is the last epoch's. An update whose policy moved
    beyond `target_kl` stops there.
    """
    steps.prepare(objective, data)
    order = _drawn_order(data, generator)
    epoch_data = data.taken(order)
    if settings.synchronous or settings.decoupled_objective:
        epoch_data = with_proximal_policy(epoch_data, steps, settings)
        data = epoch_data.taken(torch.argsort(order))
    record = EpochRecord(data, steps.networks.distribution_size, settings.minibatch_size)
    summaries: list[Tensor] = []
    goes_on = True
    while goes_on and len(summaries) < settings.epochs:
        if summaries:
            epoch_data = data.taken(_drawn_order(data, generator))
        advantages = objective.prepared_advantages(epoch_data.advantages, settings.minibatch_size)
        epoch_data = replace(epoch_data, advantages=advantages)
        record.begin()
        goes_on = _run_epoch(epoch_data, steps, settings.minibatch_size, record, report_progress)
        summaries.append(record.summary(objective, epoch_data))
    means = torch.stack(summaries).mean(0)
    means[EpochRecord.NAMES.index("approximate_kl")] = summaries[-1][EpochRecord.NAMES.index("approximate_kl")]
    return {**dict(zip(EpochRecord.NAMES, means.tolist(), strict=True)), "epochs": float(len(summaries))}


def _run_epoch(
    data: TrainingData, steps: StepReplay, minibatch_size: int, record: EpochRecord, report_progress: ReportProgress
) -> bool:
    """One pass over the data; returns whether further epochs should follow."""
    for minibatch in data.minibatches(minibatch_size):
        report_progress()
        outputs, has_moved = steps.take(minibatch)
        record.add(outputs)
        if not has_moved:
            return False
    return True


def _drawn_order(data: TrainingData, generator: np.random.Generator) -> Tensor:
    return torch.from_numpy(generator.permutation(data.step_count)).to(data.returns.device)
