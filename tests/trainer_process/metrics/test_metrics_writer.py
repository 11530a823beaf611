"""Rows of metrics, from updates to files."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol.statistic import StatAggregation, StatisticEntry
from trainer_process.errors import MetricsError
from trainer_process.metrics import CSV_FILE, METRICS_FILE, MetricsWriter, finite_metrics


def lines_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / METRICS_FILE).read_text().splitlines()]


def table_of(folder: Path) -> list[dict[str, str]]:
    with (folder / CSV_FILE).open(newline="") as file:
        return list(csv.DictReader(file))


def average(value: float, count: int = 1) -> StatisticEntry:
    return StatisticEntry(StatAggregation.AVERAGE, count, value=value)


def test_each_row_is_one_line(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path) as writer:
        writer.write({"steps": 10.0, "return_mean": 1.5})
        writer.write({"steps": 20.0, "return_mean": 2.5})
    assert [(line["steps"], line["return_mean"]) for line in lines_of(tmp_path)] == [(10.0, 1.5), (20.0, 2.5)]


def test_numbers_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path) as writer:
        writer.write({"steps": 1.0, "explained_variance": float("nan"), "approximate_kl": float("inf")})
    assert set(lines_of(tmp_path)[0]) == {"time", "steps"}
    assert finite_metrics({"a": float("nan"), "b": 1}) == {"b": 1.0}


def test_a_line_that_a_killed_process_left_half_does_not_swallow_the_next(tmp_path: Path) -> None:
    (tmp_path / METRICS_FILE).write_text('{"steps": 1.0}\n{"ste')
    with MetricsWriter(tmp_path) as writer:
        writer.write({"steps": 2.0})
    assert (tmp_path / METRICS_FILE).read_text().splitlines()[1] == '{"ste'
    assert json.loads((tmp_path / METRICS_FILE).read_text().splitlines()[2])["steps"] == 2.0


def test_a_later_writer_appends(tmp_path: Path) -> None:
    for steps in (1.0, 2.0):
        with MetricsWriter(tmp_path, ["csv"]) as writer:
            writer.write({"steps": steps})
    assert [line["steps"] for line in lines_of(tmp_path)] == [1.0, 2.0]
    assert [row["steps"] for row in table_of(tmp_path)] == ["1", "2"]


def test_the_table_is_whole_after_every_row_and_has_a_column_more_when_a_metric_is_new(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, ["csv"]) as writer:
        writer.write({"steps": 10.0, "entropy": 0.5})
        assert [row["entropy"] for row in table_of(tmp_path)] == ["0.5"]
        writer.write({"steps": 20.0, "entropy": 0.25, "return_mean": 3.5, "of_another": 1.0})
        writer.write({"steps": 30.0})
        rows = table_of(tmp_path)
    assert list(rows[0]) == ["time", "steps", "return_mean", "entropy", "of_another"]
    assert [(row["steps"], row["entropy"], row["return_mean"]) for row in rows] == [
        ("10", "0.5", ""),
        ("20", "0.25", "3.5"),
        ("30", "", ""),
    ]


def test_rows_beyond_the_checkpoint_that_training_goes_on_from_are_cut_away(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, ["csv"]) as writer:
        for steps in (10.0, 20.0, 30.0):
            writer.write({"steps": steps, "entropy": steps})
    with (tmp_path / METRICS_FILE).open("a") as file:
        file.write('{"steps": 4')
    with MetricsWriter(tmp_path, ["csv"], from_steps=20) as writer:
        assert [row["steps"] for row in table_of(tmp_path)] == ["10", "20"]
        writer.write({"steps": 25.0, "entropy": 0.0})
    assert [line["steps"] for line in lines_of(tmp_path)] == [10.0, 20.0, 25.0]
    assert [row["steps"] for row in table_of(tmp_path)] == ["10", "20", "25"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [CSV_FILE, METRICS_FILE]


def test_a_training_that_begins_again_at_its_start_keeps_no_row(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path) as writer:
        writer.write({"steps": 10.0})
    with MetricsWriter(tmp_path, from_steps=0) as writer:
        writer.write({"steps": 5.0})
    assert [line["steps"] for line in lines_of(tmp_path)] == [5.0]


def test_a_row_sums_up_the_updates_between_multiples_of_the_summarys_steps(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, summary_steps=100) as writer:
        assert writer.write({"steps": 60.0, "entropy": 1.0, "episodes": 2.0, "learning_rate": 0.3}) is None
        row = writer.write({"steps": 120.0, "entropy": 3.0, "episodes": 1.0, "learning_rate": 0.2, "policy_lag_max": 2})
        assert row is not None
        assert writer.write({"steps": 180.0, "entropy": 5.0}) is None
    first, last = lines_of(tmp_path)
    del first["time"]
    assert first == {"steps": 120, "entropy": 2.0, "episodes": 3.0, "learning_rate": 0.2, "policy_lag_max": 2.0}
    assert (last["steps"], last["entropy"]) == (180.0, 5.0), "what is in no row yet is written at the end"


def test_a_summary_goes_on_at_the_multiples_where_training_goes_on(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, summary_steps=100, from_steps=250) as writer:
        assert writer.write({"steps": 290.0}) is None
        assert writer.write({"steps": 310.0}) is not None


def test_the_returns_of_all_episodes_between_two_rows_are_their_histogram(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, summary_steps=100) as writer:
        writer.write({"steps": 60.0, "return_mean": 1.0}, np.array([1.0, 2.0]))
        row = writer.write({"steps": 120.0, "return_mean": 2.0}, np.array([9.0]))
    assert row is not None
    assert row.histograms["return_mean"].tolist() == [1.0, 2.0, 9.0]


def test_numbers_of_the_game_go_into_the_next_row_under_their_own_names(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path) as writer:
        writer.statistics.add(0, {"Player/Jumps": average(2.0), "return_mean": average(7.0)})
        writer.write({"steps": 10.0, "return_mean": 1.0})
        writer.write({"steps": 20.0, "return_mean": 1.5})
        writer.statistics.add(0, {"Player/Jumps": average(4.0)})
    first, second, last = lines_of(tmp_path)
    assert (first["Player/Jumps"], first["return_mean"], first["host/return_mean"]) == (2.0, 1.0, 7.0)
    assert "Player/Jumps" not in second
    assert (last["steps"], last["Player/Jumps"]) == (20.0, 4.0), "what came after the last update isn't lost"


def test_an_evaluation_has_a_row_of_its_own_at_once(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, summary_steps=1000) as writer:
        writer.record({"steps": 10.0, "evaluation_return_mean": 3.0})
        assert lines_of(tmp_path)[0]["evaluation_return_mean"] == 3.0


def test_a_writer_that_is_not_known_or_not_installed_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(MetricsError, match="expected csv, mlflow, tensorboard, wandb, got 'comet'"):
        MetricsWriter(tmp_path, ["comet"])
    monkeypatch.setattr("trainer_process.metrics.writer_choice.find_spec", lambda name: None)
    with pytest.raises(MetricsError, match=r'pip install "learning-bridge\[mlflow\]"'):
        MetricsWriter(tmp_path, ["mlflow"])


def test_a_writer_that_fails_is_given_up_and_the_others_go_on(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: object, row: object) -> None:
        raise OSError("the table is open in a spreadsheet")

    monkeypatch.setattr("trainer_process.metrics.csv_table.CsvWriter.write", fail)
    with caplog.at_level(logging.ERROR), MetricsWriter(tmp_path, ["csv"]) as writer:
        writer.write({"steps": 1.0})
        writer.write({"steps": 2.0})
    assert len(lines_of(tmp_path)) == 2
    (record,) = caplog.records
    assert "metrics for csv end here, and training goes on without: OSError: the table is open" in record.getMessage()


def test_a_disk_that_was_full_costs_the_rows_of_that_time_alone(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from trainer_process.metrics.json_lines import JsonLinesWriter

    write, is_full = JsonLinesWriter.write, True

    def write_if_free(self: JsonLinesWriter, row: Any) -> None:
        if is_full:
            raise OSError(28, "No space left on device")
        write(self, row)

    monkeypatch.setattr(JsonLinesWriter, "write", write_if_free)
    with caplog.at_level(logging.ERROR), MetricsWriter(tmp_path) as writer:
        writer.write({"steps": 1.0})
        writer.write({"steps": 2.0})
        is_full = False
        writer.write({"steps": 3.0})
    assert [line["steps"] for line in lines_of(tmp_path)] == [3.0]
    assert len(caplog.records) == 1
