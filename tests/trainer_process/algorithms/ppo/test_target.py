from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from protocol.completion import Completion
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from tests.trainer_process.experience_builder import SegmentData, make_batch, random_segment
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.target import build_training_data, with_proximal_policy
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.data.rollout import assemble_rollout
from trainer_process.models import ActionDensity

BEHAVIOR = BehaviorSpec.create(
    "Walker", ContinuousObservation(3), ContinuousAction(2), PolicySettings(hidden_sizes=(8,), initial_action_scale=1.0)
)
DENSITY = ActionDensity(BEHAVIOR.action_layout, torch.device("cpu"))
SETTINGS = PPOSettings(discount_factor=0.95, gae_lambda=0.9)


def networks() -> ActorCritic:
    made = ActorCritic(BEHAVIOR, SETTINGS)
    made.count_observations(np.random.default_rng(0).normal(1.0, 2.0, (50, 3)).astype(np.float32))
    return made


def data_of(
    segments: list[SegmentData], is_trainable: np.ndarray | None = None, is_newest: np.ndarray | None = None
) -> TrainingData:
    rollout = assemble_rollout([(0, make_batch(segments))])
    trainable = np.ones(rollout.step_count, np.bool_) if is_trainable is None else is_trainable
    return build_training_data(rollout, rollout.rewards, trainable, networks(), DENSITY, SETTINGS, is_newest=is_newest)


def proximal_of(data: TrainingData, settings: PPOSettings) -> TrainingData:
    steps = StepReplay(networks(), settings)
    coefficients = Coefficients(learning_rate=1e-3, clip_range=0.2, entropy_coefficient=0.0)
    steps.prepare(make_objective(DENSITY, settings, coefficients), data)
    with torch.no_grad():
        return with_proximal_policy(data, steps, settings)


def a_segment(length: int = 12, **fields: object) -> SegmentData:
    return random_segment(np.random.default_rng(5), length, 3, 2, **fields)


@pytest.mark.parametrize("at", range(1, 12))
@pytest.mark.parametrize("completion", list(Completion))
def test_a_batch_cut_at_any_step_gives_the_targets_of_the_whole(at, completion):
    whole = a_segment(completion=completion)
    expected, received = data_of([whole]), data_of(list(whole.cut(at)))
    torch.testing.assert_close(received.advantages, expected.advantages, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(received.returns, expected.returns, rtol=1e-5, atol=1e-6)


def test_the_target_of_one_step_bootstraps_from_its_final_observation():
    segment = a_segment(1)
    data, made = data_of([segment]), networks()
    with torch.no_grad():
        normalized = made.policy.normalize(torch.from_numpy(segment.final_observation[None]))
        expected = float(segment.rewards[0]) + 0.95 * float(made.values_of(normalized)[0])
    assert float(data.returns[0]) == pytest.approx(expected, rel=1e-5)


def test_the_target_of_a_terminated_step_is_its_reward():
    segment = a_segment(1, completion=Completion.TERMINATION)
    assert float(data_of([segment]).returns[0]) == pytest.approx(float(segment.rewards[0]), rel=1e-5)


def test_a_trajectory_is_cut_before_steps_that_are_not_trainable():
    whole = a_segment()
    is_trainable = np.ones(12, np.bool_)
    is_trainable[4:7] = False
    received = data_of([whole], is_trainable)
    head, rest = whole.cut(4)
    _, tail = rest.cut(3)
    expected = data_of([head, replace(tail, episode=1)])
    assert received.step_count == 9
    torch.testing.assert_close(received.advantages, expected.advantages)
    torch.testing.assert_close(received.observations, expected.observations)


def test_log_probabilities_of_the_behaviour_lack_what_depends_on_the_action_alone():
    segment = a_segment()
    data = data_of([segment])
    received = data.old_log_probs + DENSITY.action_terms(data.actions)
    torch.testing.assert_close(received, torch.from_numpy(segment.log_probs))


def test_the_decoupled_objective_weighs_by_proximal_over_behaviour():
    settings = PPOSettings(minibatch_size=5, decoupled_objective=True, max_behavior_weight=2.0)
    data = data_of([a_segment()])
    proximal = proximal_of(data, settings)
    expected = torch.exp(proximal.old_log_probs - data.old_log_probs).clamp(max=2.0)
    torch.testing.assert_close(proximal.behavior_weights, expected)
    assert float(proximal.behavior_weights.max()) <= 2.0


def gaussian_log_probs(segment: SegmentData) -> np.ndarray:
    """By hand: sum over the action of -(a - mean)^2 / 2 sigma^2 - log sigma - log(2 pi) / 2."""
    made = networks()
    with torch.no_grad():
        said = made.distribution_of(made.policy.normalize(torch.from_numpy(segment.observations))).double().numpy()
    means, logs = said[:, :2], said[:, 2:]
    squares = ((segment.actions - means) / np.exp(logs)) ** 2
    return (-squares / 2 - logs - np.log(2 * np.pi) / 2).sum(axis=1)


def test_synchronous_steps_of_another_policy_keep_what_that_one_said():
    settings = PPOSettings(minibatch_size=5, synchronous=True)
    segment, is_newest = a_segment(), np.arange(12) >= 5
    proximal = proximal_of(data_of([segment], is_newest=is_newest), settings)
    received = (proximal.old_log_probs + DENSITY.action_terms(proximal.actions)).numpy()
    np.testing.assert_array_equal(received[:5], segment.log_probs[:5])
    np.testing.assert_allclose(received[5:], gaussian_log_probs(segment)[5:], rtol=1e-4)


def test_nothing_is_kept_apart_where_the_newest_policy_chose_every_step():
    assert data_of([a_segment()], is_newest=np.ones(12, np.bool_)).is_newest is None


def test_what_the_newest_policy_chose_is_known_after_steps_that_are_not_trainable_are_left_out():
    is_newest, is_trainable = np.arange(12) % 3 > 0, np.arange(12) >= 4
    data = data_of([a_segment()], is_trainable, is_newest)
    np.testing.assert_array_equal(data.is_newest.numpy(), is_newest[4:])


def test_within_a_time_horizon_the_critic_s_word_is_taken_for_what_follows():
    """A segment that begins with step 2 of its episode is cut behind steps 3, 7 and 11 where the horizon is 4."""
    segment = a_segment(first_step=2)
    rollout = assemble_rollout([(0, make_batch([segment]))])
    settings = SETTINGS.model_copy(update={"time_horizon": 4})
    trainable = np.ones(12, np.bool_)
    received = build_training_data(rollout, rollout.rewards, trainable, networks(), DENSITY, settings)
    parts = [segment._rows(rows) for rows in (slice(0, 2), slice(2, 6), slice(6, 10), slice(10, 12))]
    finals = [segment.observations[2], segment.observations[6], segment.observations[10], segment.final_observation]
    alone = [
        replace(part, final_observation=final, episode=index)
        for index, (part, final) in enumerate(zip(parts, finals, strict=True))
    ]
    torch.testing.assert_close(received.advantages, data_of(alone).advantages, rtol=1e-5, atol=1e-6)
