"""`learning-bridge plot`: curves of runs in a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.trainer_process.recorded_run import record_run, write_line
from trainer_process.cli_root import root
from trainer_process.errors import RunFolderError
from trainer_process.run_curves import read_curves

PNG = b"\x89PNG\r\n"


def plot(results: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["plot", *arguments, "--results-dir", str(results)])


def test_a_run_is_drawn_into_its_folder(tmp_path: Path) -> None:
    run = record_run(tmp_path, behaviors=("Walker", "Ball"))
    done = plot(tmp_path, "walkers")
    assert done.exit_code == 0, done.output
    assert done.output.strip() == str(run / "curves.png")
    assert (run / "curves.png").read_bytes().startswith(PNG)


def test_several_runs_are_drawn_together_where_they_are_asked_for(tmp_path: Path) -> None:
    record_run(tmp_path, "first")
    record_run(tmp_path, "second", rows=1)
    target = tmp_path / "both.svg"
    done = plot(tmp_path, "first", "second", "--smooth", "0.5", "--x", "time", "-o", str(target))
    assert done.exit_code == 0, done.output
    assert "<svg" in target.read_text()


def test_what_can_not_be_drawn_is_said(tmp_path: Path, monkeypatch: Any) -> None:
    record_run(tmp_path)
    assert "expected one of entropy, iteration" in plot(tmp_path, "walkers", "--metric", "loss").output
    assert "got 'runners'" in plot(tmp_path, "runners").output
    assert "expected one of Walker, got 'Ball'" in plot(tmp_path, "walkers", "--behavior", "Ball").output
    assert plot(tmp_path, "walkers", "-o", str(tmp_path / "curves.docx")).exit_code == 1
    monkeypatch.setattr("trainer_process.cli_plot.find_spec", lambda name: None)
    assert "pip install 'learning-bridge[watch]'" in plot(tmp_path, "walkers").output


def test_curves_are_grouped_by_behavior_and_of_the_important_metrics(tmp_path: Path) -> None:
    runs = [record_run(tmp_path, "first", ("Walker", "Ball")), record_run(tmp_path, "second", ("Walker",), rows=2)]
    ball, walker = read_curves(runs)
    assert (ball.behavior, walker.behavior) == ("Ball", "Walker")
    assert list(walker.curves) == ["return_mean", "entropy"]
    first, second = walker.curves["return_mean"]
    assert (first.run, first.x.tolist(), first.y.tolist()) == ("first", [100.0, 200.0, 300.0], [1.0, 4.0, 3.0])
    assert (second.run, second.y.tolist()) == ("second", [1.0, 4.0])
    assert first.deviation is not None
    assert first.deviation.tolist() == [0.5, 0.5, 0.5]


def test_any_metric_can_be_asked_for_and_one_behavior_alone(tmp_path: Path) -> None:
    run = record_run(tmp_path, behaviors=("Walker", "Ball"), more={"Player/Jumps": 2.0})
    write_line(run / "Ball", '{"steps": 4')
    (ball,) = read_curves([run], ["Player/Jumps"], behavior="Ball")
    assert ball.curves["Player/Jumps"][0].y.tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(RunFolderError, match="expected one of Ball, Walker, got 'Bull'"):
        read_curves([run], behavior="Bull")


def test_smoothing_weighs_what_was_before_and_begins_without_a_bias(tmp_path: Path) -> None:
    (walker,) = read_curves([record_run(tmp_path)], ["return_mean"], smooth=0.5)
    curve = walker.curves["return_mean"][0]
    assert curve.y == pytest.approx([1.0, (0.25 * 1 + 0.5 * 4) / 0.75, (0.125 * 1 + 0.25 * 4 + 0.5 * 3) / 0.875])


def test_time_is_in_seconds_since_a_runs_first_row(tmp_path: Path) -> None:
    run = record_run(tmp_path, rows=0)
    for index in range(3):
        write_line(run / "Walker", f'{{"time": {5000 + 1800 * index}, "steps": {index}, "return_mean": 1.0}}\n')
    (walker,) = read_curves([run], ["return_mean"], axis="time")
    np.testing.assert_allclose(walker.curves["return_mean"][0].x, [0.0, 1800.0, 3600.0])


def test_a_run_without_metrics_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="expected metrics in"):
        read_curves([record_run(tmp_path, rows=0)])
