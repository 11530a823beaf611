"""Runs kept as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.bench.row import BenchRow
from tools.bench.saved_run import SavedRunError, load, save

ROW = BenchRow("update", "10,240 samples", 1.2, 1.1, 1.5, "s", "peer 2.0", 2.0, 0.6, "ratio <= 0.8", "a note")


def test_saved_rows_carry_the_machine_and_the_verdict(tmp_path: Path) -> None:
    content = json.loads(save([ROW], {"cores": 2}, tmp_path / "new", "update").read_text(encoding="utf-8"))
    assert content["machine"] == {"cores": 2}
    assert content["rows"][0]["meets_target"] is True


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    run = load(save([ROW], {"cores": 2}, tmp_path, "update"))
    assert (run.name, run.machine, run.rows) == ("update", {"cores": 2}, (ROW,))


def test_a_row_of_an_older_form_is_read(tmp_path: Path) -> None:
    path = save([ROW], {}, tmp_path, "update")
    content = json.loads(path.read_text(encoding="utf-8"))
    for name in ("axis", "x"):
        del content["rows"][0][name]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert load(path).rows == (ROW,)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "expected JSON as a bench saves it"),
        ("[]", "expected an object with `rows`"),
        ('{"rows": [{"bench": "update"}]}', r"rows\[0\]: expected an object with bench, high"),
        (
            '{"rows": [{"bench": "b", "name": "n", "median": "1", "low": 1, "high": 1, "unit": "s"}]}',
            r"rows\[0\]\.median: expected a number, got '1'",
        ),
        (
            '{"rows": [{"bench": "b", "name": "n", "median": 1, "low": 1, "high": 1, "unit": "s", "target": "fast"}]}',
            r"rows\[0\]: a target: expected as 'ratio <= 0.8'",
        ),
    ],
)
def test_a_file_that_is_no_run_is_named_with_what_is_wrong(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SavedRunError, match=rf"run\.json.*{complaint}"):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SavedRunError, match=r"away\.json: expected a saved run of a bench"):
        load(tmp_path / "away.json")
