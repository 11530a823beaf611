from __future__ import annotations

import numpy as np
import pytest

from protocol.action_layout import ActionLayout
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from protocol.weights import WeightsLayout
from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.algorithms.base import BehaviorSpec, ReportProgress
from trainer_process.algorithms.ppo import PPO, PPOSettings
from trainer_process.algorithms.ppo.reward_model import LearnedRewards, PolicyDensity, RewardModel
from trainer_process.data.rollout import Rollout
from trainer_process.data.transitions import Transitions

BEHAVIOR = BehaviorSpec.create(
    "Walker",
    ContinuousObservation(3),
    ContinuousAction(2),
    PolicySettings(hidden_sizes=(8,)),
    CriticSettings(hidden_sizes=(8,)),
)


def nothing() -> None:
    """Progress that nobody watches."""


class FirstNumber(RewardModel):
    """Pays what an agent sees first, and keeps what it was asked."""

    def __init__(self) -> None:
        self.rollouts: list[Rollout] = []
        self.log_probs: list[np.ndarray] = []

    def rewards(self, rollout: Rollout, policy: PolicyDensity, report_progress: ReportProgress) -> LearnedRewards:
        self.rollouts.append(rollout)
        self.log_probs.append(policy.log_probs(Transitions.of_rollout(rollout)).numpy())
        return LearnedRewards(rollout.observations[:, 0].copy(), {"discriminator_loss": 0.5})


def make(model: RewardModel | None, **settings: object) -> PPO:
    defaults = {"steps_per_update": 32, "minibatch_size": 16, "epochs": 2, "normalizer_initialisation": "train"}
    return PPO(BEHAVIOR, PPOSettings.validated({**defaults, **settings}), model)


def learn(algorithm: PPO, seed: int, reward_of: int | None = None) -> dict[str, float]:
    segment = random_segment(np.random.default_rng(seed), 32, 3, 2)
    if reward_of is not None:
        segment.rewards[:] = segment.observations[:, reward_of]
    algorithm.add_experience(make_batch([segment], episode_returns=(7.0,)), 0)
    return dict(algorithm.update(nothing).metrics)


@pytest.mark.parametrize("reward_scaling", [False, True])
def test_learning_from_a_models_rewards_is_learning_from_rewards(reward_scaling):
    by_model, by_game = make(FirstNumber(), reward_scaling=reward_scaling), make(None, reward_scaling=reward_scaling)
    for seed in range(2):
        learn(by_model, seed)
        learn(by_game, seed, reward_of=0)
    np.testing.assert_array_equal(by_model.policy_snapshot().values, by_game.policy_snapshot().values)


def test_metrics_tell_of_both_rewards():
    metrics = learn(make(model := FirstNumber()), 0)
    assert metrics["return_mean"] == 7.0
    assert metrics["learned_reward_mean"] == pytest.approx(float(model.rollouts[0].observations[:, 0].mean()))
    assert metrics["discriminator_loss"] == 0.5


def test_a_model_may_ask_how_likely_the_policy_would_do_what_was_done():
    algorithm = make(model := FirstNumber())
    before = WeightsLayout.of(BEHAVIOR.policy_spec).views(algorithm.policy_snapshot().values)
    learn(algorithm, 0)
    (rollout,), (log_probs,) = model.rollouts, model.log_probs
    hidden = np.tanh(rollout.observations @ before["policy.hidden.0.weight"].T)
    name = next(name for name in before if before[name].shape == (2, 8))
    means = hidden @ before[name].T
    by_hand = (-0.5 * (rollout.actions - means) ** 2 - 0.5 * np.log(2 * np.pi)).sum(axis=1)
    assert ActionLayout.of(BEHAVIOR.action).continuous_size == 2
    np.testing.assert_allclose(log_probs, by_hand, atol=1e-4)
