"""Rollout statistics have the field's names and leave out what nothing is known of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.recording import RecordingReader, RolloutStatistics, save_recording
from protocol.recording.statistics import describe_figures
from tests.protocol.recording.episode_builder import HEADER, assert_same_episode, make_episode


def test_figures_are_those_of_the_episodes_themselves() -> None:
    episodes = [
        replace(make_episode(len(rewards)), rewards=np.array(rewards, np.float32)) for rewards in ([1.0], [2.0, 3.0])
    ]
    figures = RolloutStatistics.of(episodes).figures()
    assert figures == {
        "n_traj": 2,
        "return_min": 1.0,
        "return_mean": 3.0,
        "return_std": 2.0,
        "return_max": 5.0,
        "len_min": 1,
        "len_mean": 1.5,
        "len_std": 0.5,
        "len_max": 2,
    }
    assert describe_figures(figures)[:2] == ["n_traj      2", "return_min  1.000"]


def test_episodes_without_rewards_have_no_return() -> None:
    silent = make_episode(3, has_rewards=False)
    assert "return_mean" not in RolloutStatistics.of([silent]).figures()
    mixed = RolloutStatistics.of([silent, replace(make_episode(1), rewards=np.ones(1, np.float32))]).figures()
    assert (mixed["n_traj"], mixed["return_mean"], mixed["len_max"]) == (2, 1.0, 3)


def test_no_episodes_are_counted_and_nothing_else() -> None:
    assert RolloutStatistics.of([]).figures() == {"n_traj": 0}


def test_episodes_can_be_read_again_after_their_memory_was_released(tmp_path: Path) -> None:
    expected = make_episode(5)
    save_recording(tmp_path / "one.lbr", HEADER, [expected])
    with RecordingReader(tmp_path / "one.lbr") as reader:
        before = reader[0]
        reader.release_memory()
        assert_same_episode(before, expected)
        assert_same_episode(reader[0], expected)
        assert RolloutStatistics.of(reader).figures()["return_mean"] == pytest.approx(expected.episode_return)
