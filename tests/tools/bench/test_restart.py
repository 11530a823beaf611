"""The bench that kills trainers, for a moment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.bench.restart import cells, miscounted, nowhere, rows
from tools.bench.restarted_training import STEPS_PER_SECOND, Training, train
from tools.bench.table import meets_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]


def test_a_trainer_killed_every_few_seconds_learns_from_each_step_once(tmp_path: Path) -> None:
    training = Training(seed=0, total_steps=8 * STEPS_PER_SECOND, period_s=3.0, steps_per_update=1024)
    outcome = train(training, tmp_path)
    assert outcome.kills >= 2
    assert outcome.restarts == outcome.kills
    assert outcome.line.repeated == outcome.line.skipped == 0
    assert miscounted(outcome) == nowhere(outcome) == 0
    assert outcome.line.counted_steps >= training.total_steps
    assert cells(0, outcome)[1] == "killed"
    (_, *counted) = rows([outcome], [outcome])
    assert all(meets_target(row) in (True, None) for row in counted)
