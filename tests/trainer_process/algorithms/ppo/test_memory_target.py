"""From a rollout of a policy with memory, or with images, to what the gradient steps read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from protocol.completion import Completion
from protocol.policy_settings import PolicySettings
from protocol.schema import (
    ContinuousAction,
    ContinuousObservation,
    ImageObservation,
    StructObservation,
)
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import target
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.target import build_training_data
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.data.rollout import assemble_rollout
from trainer_process.models import ActionDensity

SEEN = StructObservation((("position", ContinuousObservation(1)), ("view", ImageObservation(height=4, width=4))))
BEHAVIOR = BehaviorSpec.create(
    "Walker",
    SEEN,
    ContinuousAction(1),
    PolicySettings(hidden_sizes=(4,), memory_cell="gru", memory_state_size=2, normalize_observations=False),
)
MEMORYLESS = BehaviorSpec.create("Walker", SEEN, ContinuousAction(1), PolicySettings(hidden_sizes=(4,)))
SETTINGS = PPOSettings(discount_factor=0.9, gae_lambda=0.8, memory_window=4)


def numbered_segment(length: int, first: int = 0, **fields: object) -> SegmentData:
    """Observations, memories and images that tell the number of their step."""
    numbers = np.arange(first, first + length + 1, dtype=np.float32)
    segment = acted_segment(BEHAVIOR, first, length, **fields)
    return replace(
        segment,
        observations=numbers[:-1, None],
        final_observation=numbers[-1:],
        memory=np.stack([numbers, -numbers], 1)[:-1] / 10,
        final_memory=np.array([numbers[-1], -numbers[-1]]) / 10,
        images=np.repeat(numbers[:-1, None], 16, 1).astype(np.uint8),
        final_image=np.full(16, numbers[-1]).astype(np.uint8),
    )


def data_of(segments: list[SegmentData], is_trainable: np.ndarray | None = None) -> TrainingData:
    rollout = assemble_rollout([(0, make_batch(segments))])
    trainable = np.ones(rollout.step_count, np.bool_) if is_trainable is None else is_trainable
    density = ActionDensity(BEHAVIOR.action_layout, torch.device("cpu"))
    return build_training_data(rollout, rollout.rewards, trainable, ActorCritic(BEHAVIOR, SETTINGS), density, SETTINGS)


def value_at(observation: np.ndarray, image: np.ndarray, memory: np.ndarray) -> float:
    rows = (torch.from_numpy(np.asarray(row, np.float32)[None]) for row in (observation, image, memory))
    with torch.no_grad():
        return float(ActorCritic(BEHAVIOR, SETTINGS).values_of(*rows)[0])


def test_steps_lie_in_windows_with_what_was_recorded_of_them():
    data = data_of([numbered_segment(5), numbered_segment(3, 20, episode=1, agent_id=1)])
    numbers = [0, 1, 2, 3, 4, 4, 4, 4, 20, 21, 22, 22]
    assert data.window_size == 4
    assert data.observations[:, 0].tolist() == numbers
    assert data.is_valid.tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0]
    torch.testing.assert_close(data.memory[:, 0] * 10, torch.tensor(numbers, dtype=torch.float32))
    assert data.images[data.image_rows][:, 7].tolist() == numbers
    assert data.images.dtype == torch.uint8


@pytest.mark.parametrize("at", range(1, 9))
def test_segments_that_follow_on_one_another_are_cut_as_one(at: int):
    whole = numbered_segment(9, completion=Completion.TERMINATION)
    expected, received = data_of([whole]), data_of(list(whole.cut(at)))
    for name, column in expected.columns.items():
        torch.testing.assert_close(received.columns[name], column, rtol=1e-5, atol=1e-6)


def test_no_window_goes_over_steps_that_are_not_trainable():
    is_trainable = np.ones(9, np.bool_)
    is_trainable[3:5] = False
    data = data_of([numbered_segment(9)], is_trainable)
    assert data.observations[:, 0].tolist() == [0, 1, 2, 2, 5, 6, 7, 8]
    assert data.is_valid.tolist() == [1, 1, 1, 0, 1, 1, 1, 1]


def test_the_critic_reads_the_recorded_memory_and_the_final_one():
    segment = numbered_segment(2)
    data = data_of([segment])
    first, second = (value_at(*rows) for rows in zip(segment.observations, segment.images, segment.memory, strict=True))
    final = value_at(segment.final_observation, segment.final_image, segment.final_memory)
    assert data.old_values[:2].tolist() == pytest.approx([first, second], rel=1e-5)
    last = float(segment.rewards[1]) + 0.9 * final - second
    before = float(segment.rewards[0]) + 0.9 * second - first + 0.9 * 0.8 * last
    assert data.advantages[:2].tolist() == pytest.approx([before, last], rel=1e-5)


def test_without_memory_steps_stay_as_they_are_beside_their_images():
    segments = [replace(numbered_segment(5), memory=None, final_memory=None)]
    rollout = assemble_rollout([(0, make_batch(segments))])
    is_trainable = np.array([True, False, True, True, True])
    networks = ActorCritic(MEMORYLESS, SETTINGS)
    density = ActionDensity(MEMORYLESS.action_layout, torch.device("cpu"))
    data = build_training_data(rollout, rollout.rewards, is_trainable, networks, density, SETTINGS)
    assert (data.window_size, data.memory, data.is_valid) == (1, None, None)
    assert data.images[data.image_rows][:, 0].tolist() == [0, 2, 3, 4]


def test_images_are_evaluated_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch):
    segment, rows = numbered_segment(40), []
    expected = data_of([segment]).old_values
    plain = ActorCritic.values_of

    def counted(networks: ActorCritic, *inputs: torch.Tensor) -> torch.Tensor:
        rows.append(len(inputs[0]))
        return plain(networks, *inputs)

    monkeypatch.setattr(ActorCritic, "values_of", counted)
    floats = ActorCritic(BEHAVIOR, SETTINGS).floats_per_row
    monkeypatch.setattr(target, "_EVALUATION_FLOATS", 7 * floats)
    torch.testing.assert_close(data_of([segment]).old_values, expected)
    assert rows == [7] * 5 + [5, 1]
    # The image itself, at least, is written down in floats.
    assert floats > 16
