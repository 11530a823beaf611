from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.completion import Completion
from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.data.rollout import assemble_rollout
from trainer_process.data.trajectory_window import TrajectoryWindows, cut_windows

P = -1
"""Padding, in the tables of these tests."""


def trajectories(*lengths: int) -> np.ndarray:
    """Whether each step continues, of trajectories of these lengths one after the other."""
    return np.concatenate([np.arange(length) < length - 1 for length in lengths])


def table(windows: TrajectoryWindows) -> list[list[int]]:
    return np.where(windows.is_valid, windows.steps, P).tolist()


def test_trajectories_are_cut_from_their_first_step_on_and_the_rest_is_padded():
    windows = cut_windows(trajectories(5, 2, 4), 2)
    assert table(windows) == [[0, 1], [2, 3], [4, P], [5, 6], [7, 8], [9, 10]]


def test_padding_repeats_the_last_step_so_that_its_numbers_are_some_that_occurred():
    windows = cut_windows(trajectories(1, 4), 3)
    assert windows.steps.tolist() == [[0, 0, 0], [1, 2, 3], [4, 4, 4]]


def test_windows_of_one_step_are_the_steps():
    assert table(cut_windows(trajectories(3, 1), 1)) == [[0], [1], [2], [3]]


def test_a_window_longer_than_all_trajectories_holds_each_of_them():
    assert table(cut_windows(trajectories(1, 2), 4)) == [[0, P, P, P], [1, 2, P, P]]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.integers(1, 17))
def test_every_step_is_in_exactly_one_window_and_no_window_leaves_its_trajectory(lengths: list[int], size: int):
    windows = cut_windows(trajectories(*lengths), size)
    np.testing.assert_array_equal(windows.steps[windows.is_valid], np.arange(sum(lengths)))
    trajectory = np.repeat(np.arange(len(lengths)), lengths)[windows.steps]
    assert (trajectory == trajectory[:, :1]).all()
    assert windows.is_valid[:, 0].all()
    assert len(windows.steps) == sum(-(-length // size) for length in lengths)


@pytest.mark.parametrize("completion", [Completion.TERMINATION, Completion.TRUNCATION])
def test_windows_go_on_over_segments_of_one_episode_and_never_over_its_end(completion):
    head, tail = random_segment(np.random.default_rng(0), 6, 1, 1).cut(4)
    following = replace(tail, completion=completion)
    later = random_segment(np.random.default_rng(1), 3, 1, 1, episode=1)
    rollout = assemble_rollout([(0, make_batch([following, later])), (0, make_batch([head], batch_id=2))])
    assert table(cut_windows(rollout.followed_by_next(), 5)) == [[0, 1, 2, 3, 4], [5, P, P, P, P], [6, 7, 8, P, P]]
