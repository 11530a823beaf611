from __future__ import annotations

import math

import numpy as np

from protocol.experience import ExperienceStatistics
from trainer_process.data.episode_window import EpisodeWindow


def counted(*returns: float) -> ExperienceStatistics:
    return ExperienceStatistics(0, 0, 0, np.array(returns, np.float64), np.full(len(returns), 7, np.int32))


def test_nothing_is_told_before_the_first_episode_ends():
    window = EpisodeWindow()
    assert window.add([counted()]) == 0
    assert window.metrics() == {}


def test_the_window_holds_the_last_episodes():
    window = EpisodeWindow(size=3)
    window.add([counted(100.0, 1.0), counted(2.0)])
    assert window.add([counted(3.0)]) == 1
    assert window.metrics() == {"return_mean": 2.0, "return_deviation": math.sqrt(2 / 3), "episode_length_mean": 7.0}


def test_an_update_with_more_episodes_than_the_window_is_told_whole():
    window = EpisodeWindow(size=2)
    window.add([counted(100.0)])
    assert window.add([counted(1.0, 2.0, 3.0, 4.0)]) == 4
    assert window.metrics()["return_mean"] == 2.5
