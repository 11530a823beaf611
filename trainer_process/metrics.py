"""Metrics of a behavior: their names, and where they are written.

A row of metrics is plain data: finite numbers by name. It goes to `metrics.jsonl`, one line an update, and to
TensorBoard under ML-Agents' tags where that has the metric (with underscores for their spaces).
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"

METRICS: Mapping[str, str] = {
    "steps": "agent-steps of experience consumed since training began",
    "iteration": "updates since training began",
    "episodes": "episodes that ended since the last update",
    "return_mean": "mean undiscounted return of the last episodes, at least 100 of them where there were that many",
    "episode_length_mean": "mean length of the same episodes, in steps",
    "policy_loss": "mean over all minibatches",
    "value_loss": "mean over all minibatches, before its coefficient",
    "entropy": "mean entropy of the policy, in nats",
    "approximate_kl": "mean approximate KL of the last epoch, old policy to new",
    "clip_fraction": "share of probability ratios outside the clip range",
    "explained_variance": "of the returns, by the values before the update; 1 is perfect",
    "learning_rate": "as scheduled",
    "clip_range": "as scheduled",
    "entropy_coefficient": "as scheduled",
    "epochs": "passes over the steps; fewer than set where target_kl stopped the update",
    "policy_lag_mean": "versions between the policy that acted and the newest, mean over steps",
    "policy_lag_max": "the most of them",
    "unrecorded_steps": "agent-steps that hosts played without a free buffer since the last update",
    "dropped_actions": "actions that never got their reward since the last update",
    "non_finite_steps": "steps that hosts cut away because something was not finite",
    "dropped_steps_lag": "steps not learnt from because their policy was too old",
    "dropped_steps_off_policy": "steps not learnt from because the policy had not chosen their actions",
    "normalizer_initialised": "1 where the update only initialised the observation normaliser, and nothing was learnt",
    "critic_warmup": "1 where the update taught only the critic",
    "reward_deviation": "standard deviation of the discounted return that rewards are divided by",
    "learned_reward_mean": "mean reward of a step by the reward model, before scaling; returns are the game's",
    "discriminator_loss": "mean cross-entropy; 0.69 where expert and policy look alike, lower where it can tell",
    "discriminator_accuracy": "mean of the two below; near 0.5 is where imitation is to end",
    "discriminator_accuracy_expert": "share of the expert's steps taken for the expert's",
    "discriminator_accuracy_generator": "share of the policy's steps taken for the policy's; falls as that improves",
    "discriminator_entropy": "of its verdicts, in nats; rises to 0.69 as it can tell less",
    "neg_log_prob": "mean surprise at what the expert did, in nats, of the policy before each step of the epoch",
    "prob_true_action": "mean probability, or density, of what the expert did",
    "action_error": "mean distance of the policy's mode from the expert's numbers, in the units of sampling",
    "accuracy": "share of the expert's choices that the policy's mode has too",
    "l2_norm": "half the sum of all squared weights",
    "validation_neg_log_prob": "the same measures on episodes that were kept back, after the epoch",
    "validation_prob_true_action": "likewise",
    "validation_action_error": "likewise",
    "validation_accuracy": "likewise",
    "validation_entropy": "likewise",
    "validation_score": "what the best weights are told by: surprise with the spread set right; lower is better",
    "epochs_since_best": "epochs since the validation score was best",
    "demonstration_steps": "steps that the expert labelled, of all rounds",
    "steps_per_second": "experience consumed per second of wall-clock time",
    "seconds_waiting": "time the learner waited for experience",
    "seconds_update": "time the update took",
    "seconds_transport": "time spent receiving and sending",
}
"""What PPO and its behavior report; further algorithms may add names of their own."""

TENSORBOARD_TAGS: Mapping[str, str] = {
    "return_mean": "Environment/Cumulative Reward",
    "episode_length_mean": "Environment/Episode Length",
    "policy_loss": "Losses/Policy Loss",
    "value_loss": "Losses/Value Loss",
    "entropy": "Policy/Entropy",
    "neg_log_prob": "Losses/Pretraining Loss",
    "validation_neg_log_prob": "Losses/Validation Loss",
    "learning_rate": "Policy/Learning Rate",
    "clip_range": "Policy/Epsilon",
    "entropy_coefficient": "Policy/Beta",
    "approximate_kl": "Policy/Approximate KL",
    "clip_fraction": "Policy/Clip Fraction",
    "explained_variance": "Policy/Explained Variance",
}


def tensorboard_tag(name: str) -> str:
    """The tag that a metric has in TensorBoard."""
    return TENSORBOARD_TAGS.get(name, f"Trainer/{name}")


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are finite: what is not known yet is left out rather than written as NaN."""
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


class MetricsWriter:
    """Appends rows of metrics to a behavior's folder; a line that a killed process left half is ended first."""

    def __init__(self, folder: Path, tensorboard: bool) -> None:
        """
        Args:
            folder: exists.
            tensorboard: also write for TensorBoard, which needs `tensorboardX`.

        Raises:
            OSError: the folder can't be written to.
        """
        path = folder / METRICS_FILE
        is_torn = _ends_within_a_line(path)
        self._file = path.open("a", encoding="utf-8")
        if is_torn:
            self._file.write("\n")
        self._tensorboard = _tensorboard_writer(folder / TENSORBOARD_FOLDER) if tensorboard else None

    def write(self, metrics: Mapping[str, float]) -> None:
        """Writes one row; `metrics["steps"]` is its place on TensorBoard's axis."""
        finite = finite_metrics(metrics)
        now = time.time()
        self._file.write(json.dumps({"time": round(now, 3), **finite}) + "\n")
        self._file.flush()
        if self._tensorboard is not None:
            _add_event(self._tensorboard, finite, now)

    def close(self) -> None:
        """Ends both files; further calls do nothing."""
        self._file.close()
        if self._tensorboard is not None:
            self._tensorboard.close()
            self._tensorboard = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _tensorboard_writer(folder: Path) -> SummaryWriter:
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(folder))


def _add_event(writer: SummaryWriter, metrics: Mapping[str, float], now: float) -> None:
    """All metrics in one event: one each, as by `add_scalar`, would hold an update up for more than a millisecond."""
    from tensorboardX.proto.summary_pb2 import Summary

    tags = {name: tensorboard_tag(name).replace(" ", "_") for name in metrics}
    values = [Summary.Value(tag=tags[name], simple_value=value) for name, value in metrics.items()]
    writer.file_writer.add_summary(Summary(value=values), int(metrics.get("steps", 0)), now)


def _ends_within_a_line(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
