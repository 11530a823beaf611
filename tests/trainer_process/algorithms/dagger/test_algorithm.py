from __future__ import annotations

import numpy as np
import pytest

from protocol.completion import Completion
from protocol.network_builder import NORMALIZER_COUNT
from tests.contracts.learner_contract import BEHAVIOR, TOTAL_STEPS, LearnerContract, nothing
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.algorithms.base import Algorithm
from trainer_process.algorithms.dagger import DAgger, DAggerSettings
from trainer_process.errors import DivergedError, ExperienceError


def settings(seed: int = 1, rounds: int = 20, **changes: object) -> DAggerSettings:
    small = {"epochs_per_round": 2, "minibatch_size": 4, "min_gradient_steps": 1, "steps_per_round": 10}
    return DAggerSettings.validated({**small, "seed": seed, "rounds": rounds, **changes})


def round_of(number: int, lengths: tuple[int, ...] = (4, 6)) -> list:
    return shown_episodes(BEHAVIOR, list(lengths), seed=10 * number)


def learn(algorithm: DAgger, number: int) -> dict[str, float]:
    algorithm.add_demonstrations(round_of(number), is_last=True)
    return dict(algorithm.update(nothing).metrics)


class TestDAgger(LearnerContract):
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        return DAgger(BEHAVIOR, settings(seed, total_steps // 10))

    def feed(self, algorithm: Algorithm, first_batch_id: int = 1) -> int:
        # As a trainer that went on after an interruption: what it had learnt from comes first.
        if len(algorithm._learner.demonstrations) == 0:  # type: ignore[attr-defined]
            for number in range(1, algorithm.iteration + 1):
                algorithm.add_demonstrations(round_of(number), is_last=True)
        while not algorithm.is_ready([]):
            algorithm.add_demonstrations(round_of(algorithm.iteration + 1), is_last=True)
        return first_batch_id


def test_a_round_is_ready_once_it_is_closed():
    algorithm = DAgger(BEHAVIOR, settings())
    algorithm.add_demonstrations(round_of(1), is_last=False)
    assert not algorithm.is_ready([0])
    algorithm.add_demonstrations((), is_last=True)
    assert algorithm.is_ready([])


def test_an_end_without_episodes_closes_no_round():
    algorithm = DAgger(BEHAVIOR, settings())
    algorithm.add_demonstrations((), is_last=True)
    assert not algorithm.is_ready([0])


def test_each_round_is_learnt_from_with_all_before_it():
    algorithm = DAgger(BEHAVIOR, settings())
    first, second = learn(algorithm, 1), learn(algorithm, 2)
    assert (first["steps"], second["steps"]) == (10.0, 20.0)
    assert (first["demonstration_steps"], second["demonstration_steps"]) == (10.0, 20.0)
    assert second["episodes"] == 2.0
    assert algorithm.total_steps == 200


def test_two_rounds_that_came_at_once_are_two_updates():
    algorithm = DAgger(BEHAVIOR, settings())
    for number in (1, 2):
        algorithm.add_demonstrations(round_of(number), is_last=True)
    algorithm.update(nothing)
    assert algorithm.is_ready([])
    algorithm.update(nothing)
    assert not algorithm.is_ready([])


def test_learning_is_complete_after_the_rounds():
    algorithm = DAgger(BEHAVIOR, settings(rounds=2))
    learn(algorithm, 1)
    assert not algorithm.is_complete
    learn(algorithm, 2)
    assert algorithm.is_complete
    assert algorithm.total_steps == algorithm.steps == 20
    algorithm.add_demonstrations(round_of(3), is_last=True)
    assert not algorithm.is_ready([])


def count_in(algorithm: DAgger) -> float:
    snapshot = algorithm.policy_snapshot()
    network = algorithm._learner.policy.network
    return float(network.layout.views(snapshot.values)[NORMALIZER_COUNT][0])


def test_the_normaliser_of_a_fresh_policy_learns_from_every_round():
    algorithm = DAgger(BEHAVIOR, settings())
    learn(algorithm, 1)
    assert count_in(algorithm) == 10.0
    learn(algorithm, 2)
    assert count_in(algorithm) == 20.0


def test_a_normaliser_that_weights_came_with_stays():
    teacher, pupil = DAgger(BEHAVIOR, settings()), DAgger(BEHAVIOR, settings(seed=2))
    learn(teacher, 1)
    pupil.start_from(teacher.policy_snapshot())
    learn(pupil, 2)
    assert count_in(pupil) == 10.0


def test_episodes_from_before_an_interruption_close_no_round():
    whole, resumed = DAgger(BEHAVIOR, settings()), DAgger(BEHAVIOR, settings())
    learn(whole, 1)
    learn(whole, 2)
    resumed.restore(whole.state())
    resumed.add_demonstrations([*round_of(1), *round_of(2)], is_last=True)
    assert not resumed.is_ready([])
    assert learn(whole, 3)["neg_log_prob"] == learn(resumed, 3)["neg_log_prob"]
    np.testing.assert_array_equal(whole.policy_snapshot().values, resumed.policy_snapshot().values)


def test_a_round_that_was_kept_but_not_learnt_from_is_learnt_from_after_an_interruption():
    whole, resumed = DAgger(BEHAVIOR, settings()), DAgger(BEHAVIOR, settings())
    learn(whole, 1)
    resumed.restore(whole.state())
    resumed.add_demonstrations([*round_of(1), *round_of(2)], is_last=True)
    assert resumed.is_ready([])
    assert resumed.update(nothing).metrics["episodes"] == 2.0


def test_after_a_start_from_a_checkpoint_elsewhere_all_episodes_are_new():
    elsewhere, here = DAgger(BEHAVIOR, settings()), DAgger(BEHAVIOR, settings())
    learn(elsewhere, 1)
    here.restore(elsewhere.state())
    here.add_demonstrations(round_of(7), is_last=True)
    assert here.is_ready([])
    assert here.update(nothing).metrics["demonstration_steps"] == 10.0


def test_a_round_that_diverges_leaves_the_weights_from_before():
    algorithm = DAgger(BEHAVIOR, settings(learning_rate=1.0, weight_decay=1e30, epochs_per_round=3))
    before = algorithm.policy_snapshot()
    algorithm.add_demonstrations(round_of(1), is_last=True)
    with pytest.raises(DivergedError, match="non-finite"):
        algorithm.update(nothing)
    np.testing.assert_array_equal(algorithm.policy_snapshot().values, before.values)
    assert algorithm.version == before.version


def test_experience_is_refused_with_what_to_do():
    batch = make_batch([acted_segment(BEHAVIOR, 0, 4, completion=Completion.RUNNING)])
    with pytest.raises(ExperienceError, match="send demonstrations"):
        DAgger(BEHAVIOR, settings()).add_experience(batch, 0)


def test_hosts_share_a_rounds_steps():
    contract = DAgger(BEHAVIOR, settings()).collection_contract(3)
    assert contract.steps_per_hand_off == 4
    assert not contract.synchronous
