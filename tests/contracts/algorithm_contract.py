"""What every algorithm keeps to that learns from experience; a test class for one inherits this and makes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.completion import Completion
from protocol.experience import STEP_FIELDS, ExperienceBatch
from tests.contracts.learner_contract import BEHAVIOR, TOTAL_STEPS, LearnerContract, nothing
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.algorithms.base import Algorithm
from trainer_process.errors import ExperienceError

__all__ = ["BEHAVIOR", "TOTAL_STEPS", "AlgorithmContract", "LearnerContract", "nothing"]


class AlgorithmContract(LearnerContract):
    """What learns from experience. Inherit, and name the class `Test…`."""

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

    @pytest.mark.parametrize("host_count", [1, 2, 3, 64])
    def test_the_contract_gives_every_host_a_share_of_an_update(self, host_count):
        algorithm = self.make()
        alone, shared = algorithm.collection_contract(1), algorithm.collection_contract(host_count)
        assert shared.steps_per_hand_off * host_count >= alone.steps_per_hand_off
        assert set(shared.required_fields) <= set(STEP_FIELDS)

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
