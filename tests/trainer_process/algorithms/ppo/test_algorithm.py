from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.completion import Completion
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import BoolObservation, ContinuousAction, ContinuousObservation, StructObservation
from protocol.weights import WeightsLayout
from tests.trainer_process.experience_builder import SegmentData, make_batch, random_segment
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import PPO, PPOSettings
from trainer_process.errors import DivergedError

BEHAVIOR = BehaviorSpec.create(
    "Walker",
    StructObservation((("position", ContinuousObservation(2)), ("grounded", BoolObservation()))),
    ContinuousAction(2),
    PolicySettings(hidden_sizes=(8,)),
    CriticSettings(hidden_sizes=(8,)),
)


def nothing() -> None:
    """Progress that nobody watches."""


def make(**settings: object) -> PPO:
    defaults = {"steps_per_update": 32, "minibatch_size": 16, "epochs": 2, "normalizer_initialisation": "train"}
    return PPO(BEHAVIOR, PPOSettings.validated({**defaults, **settings}))


def segment(seed: int = 0, length: int = 32, **fields: object) -> SegmentData:
    return random_segment(np.random.default_rng(seed), length, 3, 2, **fields)


def learn(algorithm: PPO, *segments: SegmentData) -> dict[str, float]:
    algorithm.add_experience(make_batch(list(segments)), 0)
    return dict(algorithm.update(nothing).metrics)


def normalizer_of(algorithm: PPO) -> dict[str, np.ndarray]:
    views = WeightsLayout.of(BEHAVIOR.policy_spec).views(algorithm.policy_snapshot().values)
    return {name.removeprefix("normalizer."): view for name, view in views.items() if name.startswith("normalizer")}


@pytest.mark.parametrize("completion", [Completion.TRUNCATION, Completion.RUNNING])
def test_the_value_of_a_constant_reward_without_end_reaches_1_over_1_minus_gamma(completion):
    behavior = BehaviorSpec.create(
        "Clock",
        ContinuousObservation(1),
        ContinuousAction(1),
        PolicySettings(hidden_sizes=(4,), normalize_observations=False),
        CriticSettings(hidden_sizes=(16,)),
    )
    settings = PPOSettings(
        steps_per_update=64, minibatch_size=64, epochs=10, learning_rate=0.02, discount_factor=0.9, max_grad_norm=None
    )
    algorithm = PPO(behavior, settings)
    values = []
    for iteration in range(60):
        # Episodes of 16 steps, in which the agent sees the same and is paid 1 a step.
        parts = [
            SegmentData(
                observations=np.ones((16, 1), np.float32),
                actions=np.zeros((16, 1), np.float32),
                rewards=np.ones(16, np.float32),
                log_probs=np.full(16, -0.92, np.float32),
                final_observation=np.ones(1, np.float32),
                completion=completion,
                agent_id=agent,
                episode=4 * iteration + agent,
                versions=[algorithm.version],
            )
            for agent in range(4)
        ]
        algorithm.add_experience(make_batch(parts), 0)
        algorithm.update(nothing)
        values.append(_value_at_one(algorithm, behavior))
    assert np.mean(values[-10:]) == pytest.approx(10.0, rel=0.02)


def _value_at_one(algorithm: PPO, behavior: BehaviorSpec) -> float:
    """The critic by hand: one hidden layer of tanh."""
    views = WeightsLayout.of(behavior.critic_spec).views(algorithm.critic_snapshot().values)
    hidden = np.tanh(views["critic.hidden.0.weight"] @ np.ones(1) + views["critic.hidden.0.bias"])
    return float((views["value.weight"] @ hidden + views["value.bias"])[0])


def test_the_first_batch_only_initialises_the_normaliser():
    algorithm = make(normalizer_initialisation="first_batch")
    before = algorithm.policy_snapshot().values.copy()
    metrics = learn(algorithm, segment())
    trainable = WeightsLayout.of(BEHAVIOR.policy_spec).trainable_size
    after = algorithm.policy_snapshot().values
    np.testing.assert_array_equal(after[:trainable], before[:trainable])
    assert metrics["normalizer_initialised"] == 1.0
    assert "policy_loss" not in metrics
    assert normalizer_of(algorithm)["count"] == 32
    assert algorithm.version == 1
    second = learn(algorithm, segment(1, versions=[1]))
    assert "policy_loss" in second
    assert not np.array_equal(algorithm.policy_snapshot().values[:trainable], before[:trainable])


def test_the_normaliser_counts_after_the_update_and_leaves_bools_alone():
    algorithm, first = make(), segment()
    learn(algorithm, first)
    normalizer = normalizer_of(algorithm)
    np.testing.assert_allclose(normalizer["mean"][:2], first.observations[:, :2].mean(0), rtol=1e-5)
    np.testing.assert_allclose(normalizer["variance"][:2], first.observations[:, :2].var(0), rtol=1e-5)
    assert (normalizer["mean"][2], normalizer["variance"][2]) == (0.0, 1.0)


def test_policy_and_critic_share_one_normaliser():
    algorithm = make()
    learn(algorithm, segment())
    views = WeightsLayout.of(BEHAVIOR.critic_spec).views(algorithm.critic_snapshot().values)
    for name, values in normalizer_of(algorithm).items():
        np.testing.assert_array_equal(views[f"normalizer.{name}"], values)


def test_one_host_and_four_give_the_same_normaliser():
    segments = [segment(seed, 8, agent_id=seed, episode=seed) for seed in range(4)]
    one, four = make(), make()
    one.add_experience(make_batch(segments), 0)
    for host, part in enumerate(segments):
        four.add_experience(make_batch([part]), host)
    one.update(nothing)
    four.update(nothing)
    for name, values in normalizer_of(one).items():
        np.testing.assert_allclose(normalizer_of(four)[name], values, rtol=1e-6, atol=1e-7)


def test_a_warm_start_keeps_the_normaliser_and_does_not_initialise_it_again():
    teacher, pupil = make(), make(normalizer_initialisation="first_batch", normalizer_start_count=0)
    learn(teacher, segment())
    pupil.start_from(teacher.policy_snapshot())
    metrics = learn(pupil, segment(1, versions=[1]))
    assert "normalizer_initialised" not in metrics
    assert normalizer_of(pupil)["count"] == 64


def test_a_warm_start_from_few_observations_is_not_outweighed_by_the_first_batch():
    teacher, pupil = make(), make()
    learn(teacher, segment())
    before = normalizer_of(teacher)
    pupil.start_from(teacher.policy_snapshot())
    learn(pupil, segment(1, versions=[1]))
    after = normalizer_of(pupil)
    assert after["count"] == 1_000_032
    np.testing.assert_allclose(after["mean"], before["mean"], atol=1e-4)
    np.testing.assert_allclose(after["variance"], before["variance"], rtol=1e-3)


def test_weights_without_statistics_are_not_taken_for_many_observations():
    pupil = make()
    pupil.start_from(make().policy_snapshot())
    learn(pupil, segment())
    assert normalizer_of(pupil)["count"] == 32


def test_stale_and_off_policy_steps_are_counted_and_not_learnt_from():
    algorithm = make(max_policy_lag=0)
    learn(algorithm, segment())
    mixed = segment(1, 32, versions=[0] * 10 + [1] * 22)
    by_hand = segment(2, 8, agent_id=1, versions=[1], is_on_policy=False)
    metrics = learn(algorithm, mixed, by_hand)
    assert (metrics["dropped_steps_lag"], metrics["dropped_steps_off_policy"]) == (10.0, 8.0)
    assert metrics["policy_lag_max"] == 1.0
    assert metrics["steps"] == 32 + 40


def test_an_update_of_nothing_but_stale_steps_leaves_the_weights_alone():
    algorithm = make(max_policy_lag=0, normalizer_initialisation="train")
    learn(algorithm, segment())
    trainable = WeightsLayout.of(BEHAVIOR.policy_spec).trainable_size
    before = algorithm.policy_snapshot().values[:trainable]
    metrics = learn(algorithm, segment(1, versions=[0]))
    assert metrics["dropped_steps_lag"] == 32.0
    np.testing.assert_array_equal(algorithm.policy_snapshot().values[:trainable], before)


def test_weights_that_leave_the_finite_numbers_are_taken_back():
    algorithm = make()
    learn(algorithm, segment())
    policy, critic = algorithm.policy_snapshot(), algorithm.critic_snapshot()
    broken = segment(1, versions=[1])
    broken.rewards[:] = 3e38
    algorithm.add_experience(make_batch([broken]), 0)
    with pytest.raises(DivergedError, match="behavior 'Walker', iteration 2: network weights became non-finite"):
        algorithm.update(nothing)
    np.testing.assert_array_equal(algorithm.policy_snapshot().values, policy.values)
    np.testing.assert_array_equal(algorithm.critic_snapshot().values, critic.values)
    assert algorithm.version == 1


def test_a_log_deviation_that_stepped_over_its_bound_can_come_back():
    behavior = BehaviorSpec.create(
        "Walker",
        ContinuousObservation(3),
        ContinuousAction(2),
        PolicySettings(hidden_sizes=(8,), log_std_max=0.05, normalize_observations=False),
    )
    settings = PPOSettings(steps_per_update=32, minibatch_size=32, entropy_coefficient=100.0, learning_rate=0.1)
    algorithm = PPO(behavior, settings)

    def log_stds() -> np.ndarray:
        return WeightsLayout.of(behavior.policy_spec).views(algorithm.policy_snapshot().values)["policy.log_std"]

    learn(algorithm, segment())
    np.testing.assert_allclose(log_stds(), np.float32(0.05))
    # Without the bonus, far-off actions that went badly draw the deviation down again.
    calm = PPO(behavior, settings.model_copy(update={"entropy_coefficient": 0.0, "synchronous": True}))
    calm.start_from(algorithm.policy_snapshot())
    for _ in range(3):
        worse = segment(1, versions=[calm.version])
        worse.rewards[:] = -np.abs(worse.actions).sum(1)
        learn(calm, worse)
    final = WeightsLayout.of(behavior.policy_spec).views(calm.policy_snapshot().values)["policy.log_std"]
    assert (final < 0.05).any()


def test_huge_observations_leave_a_finite_normaliser():
    algorithm, huge = make(normalizer_initialisation="first_batch"), segment()
    huge.observations[::2] *= 1e30
    learn(algorithm, huge)
    assert algorithm.policy_snapshot().is_finite()


def test_schedules_follow_the_steps_that_were_consumed():
    algorithm = make(
        learning_rate=0.1,
        learning_rate_schedule="linear",
        clip_range_schedule="linear",
        entropy_coefficient=0.4,
        entropy_coefficient_schedule="linear",
        total_steps=64,
    )
    metrics = learn(algorithm, segment())
    assert metrics["learning_rate"] == pytest.approx(0.05)
    assert metrics["clip_range"] == pytest.approx(0.1)
    assert metrics["entropy_coefficient"] == pytest.approx(0.2)
    assert learn(algorithm, segment(1, versions=[1]))["learning_rate"] == 0.0
    assert algorithm.is_complete


def test_what_hosts_counted_is_summed_over_them():
    algorithm = make()
    for host in range(2):
        batch = make_batch([segment(host, 16)], episode_returns=(1.0, 3.0), unrecorded_steps=5)
        algorithm.add_experience(batch, host)
    metrics = algorithm.update(nothing).metrics
    assert metrics["unrecorded_steps"] == 10.0
    assert (metrics["episodes"], metrics["return_mean"], metrics["episode_length_mean"]) == (4.0, 2.0, 10.0)


def test_synchronous_mode_waits_for_every_live_host_and_for_no_dead_one():
    algorithm = make(synchronous=True)
    algorithm.add_experience(make_batch([segment()]), 0)
    assert not algorithm.is_ready([0, 1])
    assert not algorithm.is_ready([])
    assert algorithm.is_ready([0])
    algorithm.add_experience(make_batch([segment()]), 1)
    assert algorithm.is_ready([0, 1])


def test_asynchronous_mode_waits_for_the_steps_whoever_sends_them():
    algorithm = make()
    algorithm.add_experience(make_batch([segment(0, 31)]), 0)
    assert not algorithm.is_ready([0, 1])
    algorithm.add_experience(make_batch([segment(1, 1)]), 0)
    assert algorithm.is_ready([0, 1])


def test_synchronous_hosts_have_one_buffer_and_asynchronous_ones_two():
    assert make(synchronous=True).collection_contract(1).buffer_count == 1
    assert make().collection_contract(1).buffer_count == 2


def test_a_batch_without_segments_is_consumed_and_harms_nothing():
    algorithm, full = make(synchronous=True), make_batch([segment()])
    empty = make_batch([segment(0, 1)], 2)
    none = np.zeros(0, np.int64)
    cut = {name: getattr(empty.segments, name)[none] for name in vars(empty.segments)}
    empty = type(empty)(
        **{
            **vars(empty),
            "segments": type(empty.segments)(**cut),
            "final_observations": empty.final_observations[none],
            "version_runs": empty.version_runs[none],
        }
    )
    algorithm.add_experience(empty, 0)
    assert algorithm.update(nothing).metrics["steps"] == 0.0
    algorithm.add_experience(full, 0)
    algorithm.add_experience(empty, 1)
    assert len(algorithm.update(nothing).consumed) == 2


def test_the_better_action_becomes_more_likely():
    algorithm = make(learning_rate=0.01, steps_per_update=256, minibatch_size=64)
    generator = np.random.default_rng(0)
    means = []
    for _ in range(15):
        mean = _mean_action(algorithm)
        actions = (mean + generator.standard_normal((256, 2))).astype(np.float32)
        part = SegmentData(
            observations=np.zeros((256, 3), np.float32),
            actions=actions,
            rewards=-np.abs(actions[:, 0] - 1.0),
            log_probs=(-0.5 * ((actions - mean) ** 2).sum(1) - np.log(2 * np.pi)).astype(np.float32),
            final_observation=np.zeros(3, np.float32),
            completion=Completion.TERMINATION,
            versions=[algorithm.version],
        )
        learn(algorithm, part)
        means.append(_mean_action(algorithm)[0])
    assert means[-1] > 0.4


def _mean_action(algorithm: PPO) -> np.ndarray:
    """The policy by hand at an observation of zeros, where every layer but biases vanishes."""
    views = WeightsLayout.of(BEHAVIOR.policy_spec).views(algorithm.policy_snapshot().values)
    hidden = np.tanh(views["policy.hidden.0.bias"])
    return views["policy.head.weight"] @ hidden + views["policy.head.bias"]


def test_linear_schedules_end_at_their_final_values():
    """ML-Agents' floors, after 32 of 64 steps: half way from the start to the floor."""
    algorithm = make(
        total_steps=64,
        learning_rate=1e-3,
        learning_rate_schedule="linear",
        learning_rate_final=1e-10,
        clip_range=0.3,
        clip_range_schedule="linear",
        clip_range_final=0.1,
        entropy_coefficient=5e-3,
        entropy_coefficient_schedule="linear",
        entropy_coefficient_final=1e-5,
    )
    metrics = learn(algorithm, segment())
    assert metrics["learning_rate"] == pytest.approx(5.0000005e-4)
    assert metrics["clip_range"] == pytest.approx(0.2)
    assert metrics["entropy_coefficient"] == pytest.approx(2.505e-3)
    last = learn(algorithm, segment(1, versions=[1]))
    assert last["clip_range"] == pytest.approx(0.1)
    assert last["entropy_coefficient"] == pytest.approx(1e-5)


def test_the_strength_of_rewards_multiplies_them():
    segments = segment(), segment(rewards=segment().rewards * np.float32(0.25))
    stronger, plain = make(), make(reward_strength=4.0)
    learn(stronger, segments[0])
    learn(plain, segments[1])
    np.testing.assert_array_equal(stronger.policy_snapshot().values, plain.policy_snapshot().values)


def test_a_training_that_is_saved_in_the_middle_of_an_episode_goes_on_to_the_bit():
    """Episodes over several updates, whose discounted returns the scaling of rewards carries along."""
    settings = {"reward_scaling": True, "learning_rate_schedule": "linear", "total_steps": 200, "synchronous": True}
    parts = segment(3, 6 * 32, agent_id=4, episode=9)
    pieces = []
    for _ in range(5):
        piece, parts = parts.cut(32)
        pieces.append(piece)
    pieces.append(parts)
    whole, first, resumed = make(**settings), make(**settings), make(**settings, seed=77)
    for piece in pieces[:3]:
        for algorithm in (whole, first):
            learn(algorithm, replace(piece, versions=[algorithm.version]))
    resumed.restore(first.state())
    for piece in pieces[3:]:
        expected, received = (learn(each, replace(piece, versions=[each.version])) for each in (whole, resumed))
        assert {**received, "seconds_update": 0.0} == {**expected, "seconds_update": 0.0}
    for name, array in whole.state().arrays.items():
        np.testing.assert_array_equal(resumed.state().arrays[name], array, err_msg=name)


def test_synchronous_steps_of_a_time_that_is_undone_do_not_begin_at_a_ratio_of_1():
    first, resumed = make(synchronous=True, epochs=1), make(synchronous=True, epochs=1)
    resumed.restore(first.state())
    resumed.raise_version(7)
    of_before = learn(first, segment(2, versions=[0]))
    undone = learn(resumed, segment(2, versions=[6]))
    assert of_before["clip_fraction"] < 0.2
    assert undone["clip_fraction"] > 0.8
    assert (undone["dropped_steps_lag"], undone["policy_lag_max"]) == (0.0, 1.0)
