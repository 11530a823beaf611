"""The first updates of a policy that was cloned: the critic learns what the policy is worth, and the policy stays."""

from __future__ import annotations

import numpy as np
import pytest

from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from protocol.weights import WeightsSnapshot
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import PPO, PPOSettings


def behavior_of(**policy: object) -> BehaviorSpec:
    settings = PolicySettings(hidden_sizes=(8,), initial_action_scale=1.0, **policy)
    return BehaviorSpec.create(
        "Walker", ContinuousObservation(3), ContinuousAction(2), settings, CriticSettings(hidden_sizes=(8,))
    )


WALKER = behavior_of()


def nothing() -> None:
    """Progress that nobody watches."""


def make(behavior: BehaviorSpec = WALKER, **settings: object) -> PPO:
    defaults = {"steps_per_update": 64, "minibatch_size": 16, "epochs": 2, "learning_rate": 1e-2}
    return PPO(behavior, PPOSettings.validated({**defaults, **settings}))


def clone_of(algorithm: PPO) -> WeightsSnapshot:
    """Weights as behavioural cloning leaves them: with statistics of the demonstrations."""
    teacher = make(algorithm._behavior, normalizer_initialisation="train")
    learn(teacher, 100)
    return teacher.policy_snapshot()


def learn(algorithm: PPO, seed: int) -> dict[str, float]:
    segment = acted_segment(algorithm._behavior, seed, 64, versions=[algorithm.version])
    algorithm.add_experience(make_batch([segment]), 0)
    return dict(algorithm.update(nothing).metrics)


@pytest.mark.parametrize("synchronous", [False, True])
@pytest.mark.parametrize("changes", [{}, {"weight_decay": 0.1}, {"max_grad_norm": None}, {"target_kl": 1e9}])
def test_the_policy_stays_to_the_bit_while_the_critic_learns(synchronous, changes):
    algorithm = make(critic_warmup_updates=2, synchronous=synchronous, **changes)
    algorithm.start_from(clone_of(algorithm))
    policy, critic = algorithm.policy_snapshot().values.copy(), algorithm.critic_snapshot().values.copy()
    metrics = [learn(algorithm, seed) for seed in range(2)]
    np.testing.assert_array_equal(algorithm.policy_snapshot().values, policy)
    assert not np.array_equal(algorithm.critic_snapshot().values, critic)
    assert [row["critic_warmup"] for row in metrics] == [1.0, 1.0]
    if synchronous:
        assert metrics[1]["approximate_kl"] == 0.0
    assert "critic_warmup" not in learn(algorithm, 2)
    assert not np.array_equal(algorithm.policy_snapshot().values, policy)


def test_versions_and_steps_count_on_in_a_warm_up():
    algorithm = make(critic_warmup_updates=1)
    algorithm.start_from(clone_of(algorithm))
    before = algorithm.version
    learn(algorithm, 0)
    assert (algorithm.version, algorithm.iteration, algorithm.steps) == (before + 1, 1, 64)


def test_it_is_off_by_default():
    algorithm = make()
    algorithm.start_from(clone_of(algorithm))
    policy = algorithm.policy_snapshot().values.copy()
    assert "critic_warmup" not in learn(algorithm, 0)
    assert not np.array_equal(algorithm.policy_snapshot().values, policy)


def test_the_first_step_of_the_policy_is_no_longer_than_without_a_warm_up():
    def largest_move(warmup: int) -> float:
        behavior = behavior_of(normalize_observations=False)
        algorithm = make(
            behavior, critic_warmup_updates=warmup, epochs=1, minibatch_size=64, synchronous=True, max_grad_norm=None
        )
        for seed in range(warmup):
            learn(algorithm, seed)
        before = algorithm.policy_snapshot().values.copy()
        learn(algorithm, 50)
        return float(np.abs(algorithm.policy_snapshot().values - before).max())

    assert largest_move(3) == pytest.approx(largest_move(0), rel=1e-3)
    assert largest_move(3) <= 1.001e-2


def test_a_policy_without_statistics_still_has_its_normaliser_initialised_first():
    algorithm = make(critic_warmup_updates=3)
    metrics = [learn(algorithm, seed) for seed in range(5)]
    assert [sorted(row.keys() & {"normalizer_initialised", "critic_warmup"}) for row in metrics] == [
        ["normalizer_initialised"],
        ["critic_warmup"],
        ["critic_warmup"],
        [],
        [],
    ]


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_run_resumed_from_a_checkpoint_goes_on_to_the_bit(done):
    through, resumed = make(critic_warmup_updates=2), make(critic_warmup_updates=2)
    through.start_from(clone_of(through))
    for seed in range(done):
        learn(through, seed)
    resumed.restore(through.state())
    for seed in range(done, 4):
        learn(through, seed)
        learn(resumed, seed)
    np.testing.assert_array_equal(resumed.policy_snapshot().values, through.policy_snapshot().values)
    np.testing.assert_array_equal(resumed.critic_snapshot().values, through.critic_snapshot().values)
