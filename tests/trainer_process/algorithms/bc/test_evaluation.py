from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.policy_settings import MemoryCell, PolicySettings
from protocol.recording import Episode, EpisodeSizes, flatten_episodes
from protocol.schema import ContinuousAction, ContinuousObservation
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.bc import evaluation
from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.algorithms.bc.evaluation import distributions, starting_memories
from trainer_process.algorithms.bc.settings import CloningSettings
from trainer_process.algorithms.bc.shown_steps import ShownSteps, show_steps

LENGTHS = [7, 1, 3, 4, 6]


def behavior_of(cell: MemoryCell) -> BehaviorSpec:
    policy = PolicySettings(hidden_sizes=(8,), memory_cell=cell, memory_state_size=4)
    return BehaviorSpec.create("Cloned", ContinuousObservation(3), ContinuousAction(2), policy)


def world(cell: MemoryCell, window: int) -> tuple[list[Episode], ClonedPolicy, ShownSteps]:
    behavior = behavior_of(cell)
    policy, episodes = ClonedPolicy(behavior, CloningSettings()), shown_episodes(behavior, LENGTHS)
    return episodes, policy, show_steps(flatten_episodes(episodes, EpisodeSizes(3, 2)), policy, window)


def played(policy: ClonedPolicy, episode: Episode) -> tuple[torch.Tensor, torch.Tensor]:
    """[T, D] what the policy says, and [T, H] what it remembers before, step by step from zeros."""
    memory, said, remembered = torch.zeros(1, dict(policy.network.spec.inputs)["memory"]), [], []
    with torch.no_grad():
        for observation in torch.from_numpy(episode.observations):
            remembered.append(memory)
            distribution, memory = policy.network.forward(observation.unsqueeze(0), memory)
            said.append(distribution)
    return torch.cat(said), torch.cat(remembered)


def test_windows_hold_every_step_once_and_know_their_place():
    episodes, _, shown = world("gru", 3)
    assert shown.step_count == sum(LENGTHS)
    assert shown.ranks.tolist() == [0, 1, 2, 0, 0, 0, 1, 0, 1]
    valid = shown.rows.valid_rows()
    assert valid is not None
    np.testing.assert_array_equal(
        shown.rows.actions[valid].numpy(), np.concatenate([episode.actions for episode in episodes])
    )


def test_windows_are_no_longer_than_the_longest_episode():
    _, _, shown = world("gru", 64)
    assert shown.rows.window_size == 7
    assert shown.ranks.tolist() == [0] * 5


@pytest.mark.parametrize("rows_at_once", [1, 6, 2048])
@pytest.mark.parametrize("cell", ["gru", "lstm", "learning_agents"])
def test_a_policy_with_memory_remembers_whole_episodes(cell, rows_at_once, monkeypatch):
    monkeypatch.setattr(evaluation, "_ROWS", rows_at_once)
    episodes, policy, shown = world(cell, 3)
    expected = torch.cat([played(policy, episode)[0] for episode in episodes])
    valid = shown.rows.valid_rows()
    assert valid is not None
    torch.testing.assert_close(distributions(policy, shown)[valid], expected)


@pytest.mark.parametrize("cell", ["gru", "lstm", "learning_agents"])
def test_each_window_starts_with_what_the_policy_remembers_there(cell):
    episodes, policy, shown = world(cell, 3)
    expected = torch.cat([played(policy, episode)[1][::3] for episode in episodes])
    received = starting_memories(policy, shown)[::3]
    torch.testing.assert_close(received, expected)
    assert (received[0] == 0).all()
    assert (received[1] != 0).all()


def test_a_policy_without_memory_is_evaluated_part_by_part(monkeypatch):
    monkeypatch.setattr(evaluation, "_ROWS", 4)
    episodes, policy, shown = world("none", 3)
    observations = torch.from_numpy(np.concatenate([episode.observations for episode in episodes]))
    with torch.no_grad():
        (expected,) = policy.network.forward(observations)
    torch.testing.assert_close(distributions(policy, shown), expected)
    assert len(shown.ranks) == 0
    assert shown.rows.is_valid is None
