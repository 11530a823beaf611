from __future__ import annotations

import numpy as np
import pytest

from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import AlgorithmState
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.learned_update import LearnedUpdate
from trainer_process.recent_updates import Moment, RecentUpdates


def moment(version: int, size: int = 10) -> Moment:
    weights = np.zeros(size, np.float32)
    update = LearnedUpdate(version, version, False, WeightsSnapshot(1, version, weights), None, AlgorithmState())
    return Moment(update, CheckpointContext(version=version))


@pytest.mark.parametrize(("limits", "left"), [({"max_count": 2}, [3, 4]), ({"max_bytes": 120}, [2, 3, 4])])
def test_the_oldest_go_where_there_are_too_many_or_too_large_ones(limits: dict[str, int], left: list[int]) -> None:
    recent = RecentUpdates(**limits)
    for version in (1, 2, 3, 4):
        recent.add(moment(version))
    assert [version for version in range(6) if recent.find(version) is not None] == left


def test_the_newest_is_kept_however_large_it_is() -> None:
    recent = RecentUpdates(max_bytes=1)
    recent.add(moment(1))
    recent.add(moment(2))
    assert recent.find(1) is None
    assert recent.find(2) is not None


def test_an_evaluation_is_noted_with_its_moment() -> None:
    recent = RecentUpdates()
    recent.add(moment(1))
    rated = recent.rate(1, 2.5)
    assert rated is not None
    assert rated.context.evaluation_return_mean == 2.5
    assert recent.find(1) == rated
    assert recent.rate(9, 2.5) is None
