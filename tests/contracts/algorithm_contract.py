"""What every algorithm keeps to; a test class for one of them inherits this and says how to make it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from protocol.completion import Completion
from protocol.errors import WeightsError
from protocol.experience import STEP_FIELDS, ExperienceBatch
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousObservation, ExclusiveDiscreteAction
from protocol.weights import WeightsSnapshot
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.algorithms.base import Algorithm, AlgorithmState, BehaviorSpec
from trainer_process.checkpoint import load_checkpoint, save_checkpoint
from trainer_process.errors import CheckpointError, ExperienceError

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


class AlgorithmContract(ABC):
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

    def segment(self, seed: int, length: int, **fields: object) -> SegmentData:
        """A segment of random observations and choices."""
        return acted_segment(self.behavior, seed, length, has_modifiers=self.has_modifiers, **fields)

    def hand_off(self, steps: int, batch_id: int, version: int = 0) -> ExperienceBatch:
        """A batch of `steps` steps in three segments, one for each completion."""
        lengths = [steps - 2 * (steps // 3), steps // 3, steps // 3]
        segments = [
            self.segment(
                100 * batch_id + index,
                length,
                agent_id=index,
                episode=3 * batch_id + index,
                completion=completion,
                versions=[version],
            )
            for index, (length, completion) in enumerate(zip(lengths, Completion, strict=True))
            if length > 0
        ]
        return make_batch(segments, batch_id, episode_returns=(1.0, 2.0))

    def feed(self, algorithm: Algorithm, first_batch_id: int = 1) -> int:
        """Hands experience of one host over until the algorithm is ready; returns the next batch id."""
        steps = algorithm.collection_contract(1).steps_per_hand_off
        batch_id = first_batch_id
        while not algorithm.is_ready([0]):
            assert batch_id < first_batch_id + 10, "ten hand-offs of the contract's size must be enough for an update"
            algorithm.add_experience(self.hand_off(steps, batch_id, algorithm.version), 0)
            batch_id += 1
        return batch_id

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

    @pytest.mark.parametrize("host_count", [1, 2, 3, 64])
    def test_the_contract_gives_every_host_a_share_of_an_update(self, host_count):
        algorithm = self.make()
        alone, shared = algorithm.collection_contract(1), algorithm.collection_contract(host_count)
        assert shared.steps_per_hand_off * host_count >= alone.steps_per_hand_off
        assert set(shared.required_fields) <= set(STEP_FIELDS)

    def test_no_contract_is_made_for_no_host(self):
        with pytest.raises(ValueError, match="at least 1"):
            self.make().collection_contract(0)

    def test_one_hand_off_of_every_host_is_enough_for_an_update(self):
        algorithm = self.make()
        steps = algorithm.collection_contract(3).steps_per_hand_off
        for host in range(3):
            assert not algorithm.is_ready([0, 1, 2])
            algorithm.add_experience(self.hand_off(steps, 1), host)
        assert algorithm.is_ready([0, 1, 2])

    def test_an_update_moves_every_counter(self):
        algorithm = self.make()
        self.feed(algorithm)
        algorithm.update(nothing)
        assert (algorithm.version, algorithm.iteration) == (1, 1)
        assert algorithm.steps >= algorithm.collection_contract(1).steps_per_hand_off

    def test_every_batch_is_consumed_once_and_in_order(self):
        algorithm = self.make()
        consumed = []
        batch_id = 1
        for _ in range(3):
            batch_id = self.feed(algorithm, batch_id)
            consumed += algorithm.update(nothing).consumed
        assert [(each.host_index, each.batch_id) for each in consumed] == [(0, each) for each in range(1, batch_id)]

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

    def test_experience_may_come_while_an_update_runs(self):
        algorithm = self.make()
        self.train(algorithm, 1)
        next_id = self.feed(algorithm, 10)
        steps = algorithm.collection_contract(1).steps_per_hand_off
        late = iter([self.hand_off(steps, next_id)])

        def hand_over() -> None:
            for batch in late:
                algorithm.add_experience(batch, 0)

        consumed = algorithm.update(hand_over).consumed
        assert next_id not in [each.batch_id for each in consumed]
        assert algorithm.is_ready([0])

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
        resumed.restore(load_checkpoint(save_checkpoint(tmp_path, whole.iteration, whole.state(), kept=1)))
        assert (resumed.version, resumed.iteration, resumed.steps) == (whole.version, whole.iteration, whole.steps)
        for algorithm in (whole, resumed):
            self.train(algorithm, 2, next_id)
        np.testing.assert_array_equal(whole.policy_snapshot().values, resumed.policy_snapshot().values)

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

    @pytest.mark.parametrize(
        ("field", "final"),
        [
            ("observations", "final_observation"),
            ("images", "final_image"),
            ("actions", None),
            ("action_modifiers", None),
            ("memory", "final_memory"),
        ],
    )
    def test_experience_of_another_size_is_refused_and_not_taken_in(self, field: str, final: str | None):
        algorithm = self.make()
        steps = algorithm.collection_contract(1).steps_per_hand_off
        right = self.segment(0, steps)
        received = getattr(right, field)
        width = 0 if received is None else received.shape[1]
        wider = np.zeros((steps, width + 4), np.uint8 if field == "images" else np.float32)
        wrong = replace(right, **{field: wider}, **({final: wider[0]} if final else {}))
        with pytest.raises(ExperienceError, match=f"{field} of .*got {width + 4}"):
            algorithm.add_experience(make_batch([wrong]), 0)
        assert not algorithm.is_ready([0])

    def test_steps_that_the_policy_did_not_choose_do_no_harm(self):
        algorithm = self.make()
        steps = algorithm.collection_contract(1).steps_per_hand_off
        self.train(algorithm, 1)
        algorithm.add_experience(make_batch([self.segment(0, 4 * steps, is_on_policy=False)], 50), 0)
        algorithm.update(nothing)
        assert algorithm.policy_snapshot().is_finite()

    def test_learning_is_complete_when_the_steps_are_consumed(self):
        algorithm = self.make(total_steps=30)
        batch_id = 1
        while not algorithm.is_complete:
            batch_id = self.train(algorithm, 1, batch_id)
            assert batch_id < 100
        assert algorithm.steps >= 30
