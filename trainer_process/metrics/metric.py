"""The metrics by name: what each means, and what becomes of it in a row that sums up several updates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

METRICS: Mapping[str, str] = {
    "steps": "agent-steps of experience consumed since training began",
    "iteration": "updates since training began",
    "episodes": "episodes that ended since the last update",
    "return_mean": "mean undiscounted return of the last episodes, at least 100 of them where there were that many",
    "return_deviation": "standard deviation of the same returns",
    "episode_length_mean": "mean length of the same episodes, in steps",
    "policy_loss": "mean over all minibatches",
    "value_loss": "mean over all minibatches, before its coefficient",
    "value_estimate_mean": "mean value of the steps by the critic before the update",
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
    "discriminator_estimate_expert": "mean chance that it gives the expert's steps of being the expert's",
    "discriminator_estimate_generator": "mean chance that it gives the policy's steps of being the expert's",
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
"""What the algorithms and their behaviors report; further algorithms may add names of their own."""


class Summing(Enum):
    """What becomes of a metric in a row over several updates."""

    MEAN = "mean"
    LAST = "last"
    SUM = "sum"
    MAX = "max"


_SUMS = frozenset(
    {
        "episodes",
        "unrecorded_steps",
        "dropped_actions",
        "non_finite_steps",
        "dropped_steps_lag",
        "dropped_steps_off_policy",
        "seconds_waiting",
        "seconds_update",
        "seconds_transport",
    }
)
# Counters and schedules; and what is the mean of the last episodes already, which another mean would only delay.
_LAST = frozenset(
    {
        "steps",
        "iteration",
        "return_mean",
        "return_deviation",
        "episode_length_mean",
        "learning_rate",
        "clip_range",
        "entropy_coefficient",
        "epochs_since_best",
        "demonstration_steps",
    }
)
_MAX = frozenset({"policy_lag_max", "normalizer_initialised"})

LESSON_PREFIX = "lesson/"
"""Before the name of a parameter of the world whose lesson is counted."""


def summing_of(name: str) -> Summing:
    """What becomes of a metric in a row over several updates."""
    if name in _SUMS:
        return Summing.SUM
    if name in _LAST or name.startswith(LESSON_PREFIX):
        return Summing.LAST
    return Summing.MAX if name in _MAX else Summing.MEAN


def finite_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are finite: what is not known yet is left out rather than written as NaN."""
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
