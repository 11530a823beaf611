"""Where metrics are in TensorBoard: under ML-Agents' tags, spaces and all, where that has the metric."""

from __future__ import annotations

from collections.abc import Mapping

from trainer_process.metrics.metric import LESSON_PREFIX

TENSORBOARD_TAGS: Mapping[str, str] = {
    "return_mean": "Environment/Cumulative Reward",
    "episode_length_mean": "Environment/Episode Length",
    "policy_loss": "Losses/Policy Loss",
    "value_loss": "Losses/Value Loss",
    "discriminator_loss": "Losses/GAIL Loss",
    "neg_log_prob": "Losses/Pretraining Loss",
    "validation_neg_log_prob": "Losses/Validation Loss",
    "value_estimate_mean": "Policy/Extrinsic Value Estimate",
    "entropy": "Policy/Entropy",
    "learning_rate": "Policy/Learning Rate",
    "clip_range": "Policy/Epsilon",
    "entropy_coefficient": "Policy/Beta",
    "discriminator_estimate_generator": "Policy/GAIL Policy Estimate",
    "discriminator_estimate_expert": "Policy/GAIL Expert Estimate",
    "approximate_kl": "Policy/Approximate KL",
    "clip_fraction": "Policy/Clip Fraction",
    "explained_variance": "Policy/Explained Variance",
    "evaluation_return_mean": "Evaluation/Cumulative Reward",
    "evaluation_return_deviation": "Evaluation/Cumulative Reward Deviation",
    "evaluation_length_mean": "Evaluation/Episode Length",
    "evaluation_episodes": "Evaluation/Episodes",
    "evaluation_steps": "Evaluation/Steps",
    "evaluation_version": "Evaluation/Policy Version",
}

EXTRINSIC_REWARD_TAG = "Policy/Extrinsic Reward"
"""An episode's reward of the game, where that is what is learnt from: the return by another name."""

HYPERPARAMETERS_TAG = "Hyperparameters"
LESSON_TAG = "Environment/Lesson Number/"
HISTOGRAM_ENDING = "_hist"


def tensorboard_tag(name: str) -> str:
    """The tag that a metric has in TensorBoard."""
    if name.startswith(LESSON_PREFIX):
        return LESSON_TAG + name.removeprefix(LESSON_PREFIX)
    return TENSORBOARD_TAGS.get(name, f"Trainer/{name}")


def tagged_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """A row's metrics by their tags, as ML-Agents writes them."""
    tagged = {tensorboard_tag(name): value for name, value in metrics.items()}
    if "policy_loss" in metrics:
        tagged[TENSORBOARD_TAGS["policy_loss"]] = abs(metrics["policy_loss"])
    if "learned_reward_mean" in metrics:  # then the critic values what a discriminator gives
        if (value := tagged.pop(TENSORBOARD_TAGS["value_estimate_mean"], None)) is not None:
            tagged["Policy/GAIL Value Estimate"] = value
    elif "return_mean" in metrics:
        tagged[EXTRINSIC_REWARD_TAG] = metrics["return_mean"]
    return tagged
