from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from protocol.completion import Completion
from protocol.network_builder import NORMALIZER_COUNT, NORMALIZER_MEAN, NORMALIZER_VARIANCE
from protocol.policy_settings import PolicySettings
from protocol.recording import Episode
from protocol.schema import ContinuousAction, ContinuousObservation
from tests.contracts.learner_contract import nothing
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.bc import BC, BCSettings
from trainer_process.checkpoint import Checkpoint, load_checkpoint
from trainer_process.checkpoint_folder import save_checkpoint
from trainer_process.errors import DivergedError, ExperienceError

FOLLOWER = BehaviorSpec.create(
    "Follower", ContinuousObservation(2), ContinuousAction(1), PolicySettings(hidden_sizes=(16,))
)


def settings(**changes: object) -> BCSettings:
    small = {"minibatch_size": 16, "min_gradient_steps": 1, "min_validation_episodes": 1, "epochs": 5}
    return BCSettings.validated({**small, **changes})


def follower_episode(seed: int, length: int = 32, *, wrong: bool = False) -> Episode:
    """An expert that always does the first number of what it sees, halved; the second one never varies."""
    generator = np.random.default_rng(seed)
    observations = np.stack([generator.uniform(-1, 1, length), np.full(length, 7.0)], 1).astype(np.float32)
    actions = (-0.5 if wrong else 0.5) * observations[:, :1]
    return Episode(
        observations=observations,
        images=np.zeros((length, 0), np.uint8),
        actions=actions.astype(np.float32),
        action_modifiers=np.zeros((length, 0), np.float32),
        rewards=np.full(length, np.nan, np.float32),
        final_observation=observations[-1],
        final_image=np.zeros(0, np.uint8),
        serial=seed,
    )


def follower(episodes: list[Episode] | None = None, **changes: object) -> BC:
    algorithm = BC(FOLLOWER, settings(**changes))
    algorithm.add_demonstrations(episodes or [follower_episode(seed) for seed in range(10)], is_last=True)
    return algorithm


def learn(algorithm: BC) -> dict[str, float]:
    metrics: dict[str, float] = {}
    while not algorithm.is_complete:
        metrics = dict(algorithm.update(nothing).metrics)
    return metrics


def parameter(algorithm: BC, name: str) -> np.ndarray:
    network = algorithm._learner.policy.network
    return network.layout.views(algorithm.policy_snapshot().values)[name]


def mode(algorithm: BC, observations: list[list[float]]) -> np.ndarray:
    with torch.no_grad():
        return algorithm._learner.policy.network.forward(torch.tensor(observations))[0][:, 0].numpy()


def test_the_mode_of_a_clone_is_what_the_expert_did():
    algorithm = follower(epochs=40, learning_rate=0.01)
    metrics = learn(algorithm)
    assert metrics["validation_action_error"] < 0.02
    np.testing.assert_allclose(mode(algorithm, [[0.8, 7.0], [-0.4, 7.0]]), [0.4, -0.2], atol=0.03)


def test_a_clone_of_an_expert_that_never_varies_keeps_some_deviation_to_explore_with():
    algorithm = follower(epochs=40, learning_rate=0.01, min_log_std=-2.0)
    learn(algorithm)
    log_stds = [
        values for name, values in algorithm._learner.policy.network.parameters.items() if name.endswith("log_std")
    ]
    assert log_stds[0].tolist() == [-2.0]
    assert algorithm.policy_snapshot().is_finite()


def test_the_normaliser_knows_all_training_steps_before_the_first_epoch_and_no_more_afterwards():
    algorithm = follower(validation_fraction=0.2)
    algorithm.update(nothing)
    training = algorithm._split.training  # type: ignore[union-attr]
    rows = np.concatenate([follower_episode(index).observations for index in training])[:, 0].astype(np.float64)
    for _ in range(2):
        assert parameter(algorithm, NORMALIZER_COUNT)[0] == 8 * 32
        assert parameter(algorithm, NORMALIZER_MEAN)[0] == pytest.approx(rows.mean(), abs=1e-6)
        assert parameter(algorithm, NORMALIZER_VARIANCE)[0] == pytest.approx(rows.var(), rel=1e-5)
        algorithm.update(nothing)


def test_what_never_varied_for_the_expert_is_not_blown_up_where_it_does():
    algorithm = follower(epochs=40, learning_rate=0.01)
    learn(algorithm)
    assert parameter(algorithm, NORMALIZER_MEAN)[1] == 7.0
    assert parameter(algorithm, NORMALIZER_VARIANCE)[1] == 1.0
    network = algorithm._learner.policy.network
    seen = network.normalize(torch.tensor([[0.0, 7.0], [0.0, 7.01], [0.0, 1e6]]))
    assert seen[:, 1].tolist() == pytest.approx([0.0, 0.01, 10.0], abs=1e-5)
    near, far = mode(algorithm, [[0.5, 7.0], [0.5, 7.01]])
    assert abs(near - far) < 0.01


def test_a_normaliser_that_weights_came_with_stays():
    teacher, pupil = follower(), follower([follower_episode(99)])
    teacher.update(nothing)
    pupil.start_from(teacher.policy_snapshot())
    pupil.update(nothing)
    for name in (NORMALIZER_COUNT, NORMALIZER_MEAN, NORMALIZER_VARIANCE):
        np.testing.assert_array_equal(parameter(pupil, name), parameter(teacher, name))


def test_cloning_goes_on_from_a_clone():
    teacher = follower(epochs=40, learning_rate=0.01)
    learn(teacher)
    pupil = follower(epochs=1, learning_rate=1e-4)
    pupil.start_from(teacher.policy_snapshot())
    assert learn(pupil)["action_error"] < 0.03
    assert pupil.version == 41


def test_training_and_validation_episodes_are_told_apart_in_the_metrics():
    episodes = [follower_episode(seed) for seed in range(4)]
    algorithm = follower(episodes, validation_fraction=0.5, epochs=30, learning_rate=0.01, patience=None)
    for index in algorithm._first_split(4).validation:
        episodes[index] = follower_episode(index, wrong=True)
    algorithm = follower(episodes, validation_fraction=0.5, epochs=30, learning_rate=0.01, patience=None)
    metrics = learn(algorithm)
    assert metrics["action_error"] < 0.1
    assert metrics["validation_action_error"] > 0.3


def test_cloning_stops_when_patience_runs_out_and_publishes_the_best_weights():
    episodes = [follower_episode(seed) for seed in range(4)]
    for index in follower(episodes, validation_fraction=0.25)._first_split(4).validation:
        episodes[index] = follower_episode(index, wrong=True)
    algorithm = follower(episodes, validation_fraction=0.25, epochs=200, learning_rate=0.05, patience=3)
    seen: list[tuple[float, np.ndarray]] = []
    while not algorithm.is_complete:
        metrics = algorithm.update(nothing).metrics
        seen.append((metrics["validation_score"], algorithm.policy_snapshot().values))
    assert 4 <= algorithm.iteration < 200
    best = min(range(len(seen)), key=lambda index: seen[index][0])
    assert algorithm.iteration == best + 1 + 3
    np.testing.assert_array_equal(algorithm.policy_snapshot().values, seen[best][1])
    assert algorithm.policy_snapshot().version == algorithm.version == algorithm.iteration
    assert algorithm.total_steps == algorithm.steps


def test_one_episode_is_learnt_from_without_validation():
    algorithm = follower([follower_episode(0)], validation_fraction=0.9, patience=1)
    metrics = learn(algorithm)
    assert algorithm.iteration == 5
    assert not [name for name in metrics if name.startswith("validation")]


def test_an_episode_of_one_step_is_learnt_from():
    algorithm = follower([follower_episode(0, length=1)])
    learn(algorithm)
    assert algorithm.steps == 5
    assert algorithm.policy_snapshot().is_finite()


def test_few_demonstrations_are_gone_through_several_times_in_an_epoch():
    algorithm = follower([follower_episode(0)], min_gradient_steps=7)
    reports: list[None] = []
    algorithm.update(lambda: reports.append(None))
    assert algorithm.steps == 4 * 32
    assert algorithm.total_steps == 5 * 4 * 32
    assert len(reports) >= 8


def test_a_linear_learning_rate_falls_to_zero_over_all_gradient_steps():
    rates = []
    algorithm = follower([follower_episode(0)], epochs=4, learning_rate=0.008)
    while not algorithm.is_complete:
        rates.append(algorithm.update(nothing).metrics["learning_rate"])
    # Two minibatches an epoch: the rate of the second one.
    assert rates == pytest.approx([0.007, 0.005, 0.003, 0.001])


def test_steps_are_counted_as_often_as_they_are_learnt_from():
    algorithm = follower([follower_episode(0, 20), follower_episode(1, 12)], validation_fraction=0)
    assert algorithm.total_steps == 0
    algorithm.update(nothing)
    assert (algorithm.steps, algorithm.total_steps) == (32, 160)


def test_the_likelihood_is_that_of_the_policy_before_each_step():
    algorithm = follower([follower_episode(0, 16)], learning_rate=1e-6)
    metrics = algorithm.update(nothing).metrics
    episode, network = follower_episode(0, 16), algorithm._learner.policy.network
    with torch.no_grad():
        means = network.forward(torch.from_numpy(episode.observations))[0][:, 0].numpy()
    surprise = 0.5 * ((episode.actions[:, 0] - means) ** 2).mean() + 0.5 * math.log(2 * math.pi)
    assert metrics["neg_log_prob"] == pytest.approx(surprise, abs=1e-4)
    assert metrics["l2_norm"] == pytest.approx(0.5 * float(network.flat.detach().square().sum()), rel=1e-5)


def test_demonstrations_larger_than_the_budget_are_learnt_from_in_parts():
    bytes_of_episode = 32 * 4 * 4
    algorithm = follower(epochs=40, learning_rate=0.01, memory_budget_bytes=2 * bytes_of_episode)
    metrics = learn(algorithm)
    assert algorithm.steps == 40 * 9 * 32
    assert metrics["validation_action_error"] < 0.02


@pytest.mark.parametrize("budget_episodes", [2, 100])
def test_a_restored_clone_goes_on_with_the_same_episodes_kept_back(tmp_path, budget_episodes):
    changes = {"validation_fraction": 0.3, "observation_noise": 0.1, "memory_budget_bytes": budget_episodes * 512}
    whole, resumed = follower(seed=1, **changes), follower(seed=2, **changes)
    whole.update(nothing)
    whole.update(nothing)
    resumed.restore(load_checkpoint(save_checkpoint(tmp_path, Checkpoint(2, whole.state()), kept=1)).state)
    one, other = learn(whole), learn(resumed)
    del one["seconds_update"], other["seconds_update"]
    assert one == other
    np.testing.assert_array_equal(whole.policy_snapshot().values, resumed.policy_snapshot().values)


def test_episodes_that_come_later_are_trained_on_and_never_validated_on():
    algorithm = follower(validation_fraction=0.3)
    algorithm.update(nothing)
    before = algorithm._split
    algorithm.add_demonstrations([follower_episode(50)], is_last=True)
    algorithm.update(nothing)
    assert before is not None
    assert algorithm._split is not None
    assert algorithm._split.validation == before.validation
    assert algorithm._split.training == [*before.training, 10]


def test_nothing_is_learnt_before_the_last_demonstration_came():
    algorithm = BC(FOLLOWER, settings())
    algorithm.add_demonstrations([follower_episode(0)], is_last=False)
    assert not algorithm.is_ready([0])
    algorithm.add_demonstrations((), is_last=True)
    assert algorithm.is_ready([])


def test_an_empty_recording_is_refused():
    with pytest.raises(ExperienceError, match="at least one demonstration, got an empty recording"):
        BC(FOLLOWER, settings()).add_demonstrations((), is_last=True)


def test_experience_is_refused_with_what_to_do():
    batch = make_batch([acted_segment(FOLLOWER, 0, 4, completion=Completion.RUNNING)])
    with pytest.raises(ExperienceError, match="go on with ppo from the clone"):
        BC(FOLLOWER, settings()).add_experience(batch, 0)


def test_an_epoch_that_diverges_leaves_everything_as_it_was():
    algorithm = follower(learning_rate=1.0, weight_decay=1e30)
    before = algorithm.policy_snapshot()
    with pytest.raises(DivergedError, match="'Follower', epoch 1: policy weights became non-finite"):
        algorithm.update(nothing)
    np.testing.assert_array_equal(algorithm.policy_snapshot().values, before.values)
    assert (algorithm.version, algorithm.iteration, algorithm.steps) == (0, 0, 0)


def test_noise_is_added_to_what_is_normalised_and_in_units_of_its_deviation(monkeypatch):
    algorithm = follower([follower_episode(0, 4000)], observation_noise=0.5, epochs=1, minibatch_size=4000)
    seen = []
    learner = algorithm._learner
    take = learner._take_steps
    monkeypatch.setattr(learner, "_take_steps", lambda taken, *rest: (seen.append(taken), take(taken, *rest)))
    algorithm.update(nothing)
    observations = seen[0].observations.numpy()
    assert observations[:, 0].std() == pytest.approx(math.sqrt(1 + 0.25), rel=0.1)
    assert observations[:, 1].std() == pytest.approx(0.5, rel=0.1)


def test_a_policy_with_memory_clones_what_only_memory_tells():
    behavior = BehaviorSpec.create(
        "Follower",
        ContinuousObservation(2),
        ContinuousAction(1),
        PolicySettings(hidden_sizes=(16,), memory_cell="gru", memory_state_size=8),
    )
    episodes = []
    for episode in shown_episodes(behavior, [40] * 12):
        actions = np.zeros_like(episode.actions)
        actions[1:, 0] = np.sign(episode.observations[:-1, 0])
        episodes.append(
            Episode(
                episode.observations,
                episode.images,
                actions,
                episode.action_modifiers,
                episode.rewards,
                episode.final_observation,
                episode.final_image,
            )
        )
    algorithm = BC(behavior, settings(epochs=60, memory_window=8, learning_rate=0.02))
    algorithm.add_demonstrations(episodes, is_last=True)
    assert learn(algorithm)["validation_action_error"] < 0.3
