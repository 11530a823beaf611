"""What everything keeps to that learns a behavior, whatever it learns from; `algorithm_contract` adds experience."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from protocol.errors import WeightsError
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousObservation, ExclusiveDiscreteAction
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import Algorithm, AlgorithmState, BehaviorSpec
from trainer_process.checkpoint import Checkpoint, load_checkpoint
from trainer_process.checkpoint_folder import save_checkpoint
from trainer_process.errors import CheckpointError

BEHAVIOR = BehaviorSpec.create(
    "Contract",
    ContinuousObservation(2),
    ExclusiveDiscreteAction(3),
    PolicySettings(hidden_sizes=(8,)),
    CriticSettings(hidden_sizes=(8,)),
)
TOTAL_STEPS = 200
"""Of every algorithm that these tests make."""


def nothing() -> None:
    """Progress that nobody watches."""


class LearnerContract(ABC):
    """Inherit, and name the class `Test…`.

    Attributes:
        behavior: what is learnt.
        has_modifiers: whether the host modifies actions.
    """

    behavior: ClassVar[BehaviorSpec] = BEHAVIOR
    has_modifiers: ClassVar[bool] = False

    @abstractmethod
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        """An algorithm for `behavior` that needs at most some dozens of steps for an update."""

    @abstractmethod
    def feed(self, algorithm: Algorithm, first_batch_id: int = 1) -> int:
        """Gives the algorithm what it learns from until it is ready; returns the next batch id."""

    def train(self, algorithm: Algorithm, updates: int, first_batch_id: int = 1) -> int:
        """Feeds and updates; returns the next batch id."""
        for _ in range(updates):
            first_batch_id = self.feed(algorithm, first_batch_id)
            algorithm.update(nothing)
        return first_batch_id

    def test_a_fresh_algorithm_has_learnt_nothing(self):
        algorithm = self.make()
        assert (algorithm.version, algorithm.iteration, algorithm.steps) == (0, 0, 0)
        assert not algorithm.is_complete
        assert not algorithm.is_ready([0])

    def test_no_contract_is_made_for_no_host(self):
        with pytest.raises(ValueError, match="at least 1"):
            self.make().collection_contract(0)

    def test_an_update_reports_its_progress(self):
        algorithm = self.make()
        self.train(algorithm, 1)
        self.feed(algorithm, 10)
        reports = []
        algorithm.update(lambda: reports.append(None))
        assert reports

    def test_metrics_are_finite_numbers_that_say_how_far_learning_is(self):
        algorithm = self.make()
        for _ in range(2):
            self.feed(algorithm)
            metrics = algorithm.update(nothing).metrics
        assert all(isinstance(value, float) and math.isfinite(value) for value in metrics.values())
        assert (metrics["steps"], metrics["iteration"]) == (algorithm.steps, 2.0)

    def test_the_snapshot_fits_the_policy_and_is_not_written_to_again(self):
        algorithm = self.make()
        before = algorithm.policy_snapshot()
        kept = before.values.copy()
        self.train(algorithm, 3)
        after = algorithm.policy_snapshot()
        assert before.network_hash == after.network_hash == self.behavior.policy_spec.hash
        assert after.version == algorithm.version
        assert after.is_finite()
        assert not np.array_equal(before.values, after.values)
        np.testing.assert_array_equal(before.values, kept)

    def test_equal_seeds_and_experience_give_equal_weights(self):
        first, second = self.make(), self.make()
        for algorithm in (first, second):
            self.train(algorithm, 3)
        np.testing.assert_array_equal(first.policy_snapshot().values, second.policy_snapshot().values)

    def test_a_restored_algorithm_goes_on_as_if_it_had_never_stopped(self, tmp_path: Path):
        whole, resumed = self.make(), self.make(seed=99)
        next_id = self.train(whole, 2)
        resumed.restore(
            load_checkpoint(save_checkpoint(tmp_path, Checkpoint(whole.iteration, whole.state()), kept=1)).state
        )
        assert (resumed.version, resumed.iteration, resumed.steps) == (whole.version, whole.iteration, whole.steps)
        for algorithm in (whole, resumed):
            self.train(algorithm, 3, next_id)
        np.testing.assert_array_equal(whole.policy_snapshot().values, resumed.policy_snapshot().values)
        expected, received = whole.state(), resumed.state()
        assert received.values == expected.values
        assert received.arrays.keys() == expected.arrays.keys()
        for name, array in expected.arrays.items():
            np.testing.assert_array_equal(received.arrays[name], array, err_msg=name)

    def test_a_saved_state_is_not_written_to_again(self):
        algorithm = self.make()
        self.train(algorithm, 2)
        state = algorithm.state()
        kept = {name: array.copy() for name, array in state.arrays.items()}
        self.train(algorithm, 1, 20)
        for name, array in kept.items():
            np.testing.assert_array_equal(state.arrays[name], array)

    def test_the_state_of_something_else_is_refused(self):
        with pytest.raises(CheckpointError, match="expected"):
            self.make().restore(AlgorithmState({}, {"algorithm": "something else"}))

    def test_learning_goes_on_from_given_weights_and_their_version(self):
        teacher, pupil = self.make(), self.make(seed=5)
        self.train(teacher, 2)
        given = teacher.policy_snapshot()
        pupil.start_from(given)
        assert pupil.version == given.version == 2
        np.testing.assert_array_equal(pupil.policy_snapshot().values, given.values)

    def test_a_version_is_raised_and_never_lowered_and_moves_nothing_else(self):
        algorithm = self.make()
        next_id = self.train(algorithm, 2)
        before = algorithm.policy_snapshot()
        for wanted, given in ((9, 9), (5, 9)):
            algorithm.raise_version(wanted)
            assert (algorithm.version, algorithm.iteration) == (given, 2)
        np.testing.assert_array_equal(algorithm.policy_snapshot().values, before.values)
        resumed = self.make()
        resumed.restore(algorithm.state())
        assert resumed.version == 9
        self.train(algorithm, 1, next_id)
        assert (algorithm.version, algorithm.iteration) == (10, 3)

    def test_weights_of_another_network_are_refused(self):
        algorithm = self.make()
        values = algorithm.policy_snapshot().values
        with pytest.raises(WeightsError):
            algorithm.start_from(WeightsSnapshot(12345, 1, values))

    def test_weights_that_are_not_finite_are_refused(self):
        algorithm = self.make()
        given = algorithm.policy_snapshot()
        values = given.values.copy()
        values[0] = np.nan
        with pytest.raises(WeightsError, match="finite"):
            algorithm.start_from(WeightsSnapshot(given.network_hash, 1, values))
        assert algorithm.policy_snapshot().is_finite()
