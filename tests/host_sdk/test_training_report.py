"""Progress is said once an update, in the form that was asked for."""

from __future__ import annotations

import io
import json
import math

from host_sdk.host_program.training_report import ReportFormat, TrainingReport

METRICS = {"steps": 2048.0, "return_mean": 1.25, "steps_per_second": 9000.5, "policy_loss": -0.1}


def test_each_iteration_gives_one_line_of_json() -> None:
    stream = io.StringIO()
    report = TrainingReport(ReportFormat.JSON_LINES, stream)
    report.progress(0, 0, {})
    report.progress(1, 1, METRICS)
    report.progress(1, 1, METRICS)
    report.progress(3, 3, METRICS)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["iteration"] for line in lines] == [1, 3]
    assert lines[0] == {
        "iteration": 1,
        "steps": 2048,
        "return_mean": 1.25,
        "policy_loss": -0.1,
        "steps_per_second": 9000.5,
        "policy_version": 1,
    }


def test_numbers_that_json_lacks_become_null() -> None:
    stream = io.StringIO()
    TrainingReport(ReportFormat.JSON_LINES, stream).event("summary", {"return_before": math.nan})
    assert json.loads(stream.getvalue()) == {"summary": {"return_before": None}}


def test_plain_lines_are_read_by_people_and_silence_is_kept_on_request() -> None:
    plain, silent = io.StringIO(), io.StringIO()
    TrainingReport(ReportFormat.PLAIN, plain).progress(1, 4, METRICS)
    TrainingReport(ReportFormat.NONE, silent).progress(1, 4, METRICS)
    figures = "return_mean 1.25  policy_loss -0.1  steps_per_second 9000.5  policy_version 4"
    assert plain.getvalue() == f"iteration 1  steps 2048  {figures}\n"
    assert silent.getvalue() == ""
