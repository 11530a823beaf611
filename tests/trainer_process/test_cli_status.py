"""`learning-bridge status`: runs as their files tell of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tests.trainer_process.recorded_run import record_run, write_line
from trainer_process.cli_root import root
from trainer_process.run_presence import RunPresence


def status(results: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["status", *arguments, "--results-dir", str(results)])


def plain(results: Path, *arguments: str) -> Any:
    done = status(results, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_a_run_is_shown_with_where_it_stands_and_what_was_set(tmp_path: Path) -> None:
    record_run(tmp_path)
    done = status(tmp_path, "walkers")
    assert done.exit_code == 0, done.output
    for text in (
        "walkers  stopped",
        "Walker  ppo",
        "300 of 400 (75%), 3 updates",
        "3.00 ± 0.50, best 4.00 at step 200",
        "gravity 1 (Heavy)",
        "1, the newest Walker/checkpoints/000000002",
        "total_steps = 400  (walker.yaml:3)",
        "s ago",
    ):
        assert text in done.output
    assert "epochs" not in done.output
    assert "minibatch_size" not in done.output


def test_programs_get_the_same_as_json(tmp_path: Path) -> None:
    record_run(tmp_path, is_complete=True)
    run = plain(tmp_path, "walkers")
    walker = run["behaviors"]["Walker"]
    assert (run["run"], run["state"], run["process"]) == ("walkers", "complete", None)
    assert (walker["steps"], walker["total_steps"], walker["iteration"]) == (300, 400, 3)
    assert (walker["return_mean"], walker["best_return_mean"], walker["best_steps"]) == (3.0, 4.0, 200)
    assert walker["given_settings"] == {"total_steps": {"value": 400, "source": "walker.yaml:3"}}
    assert walker["lessons"] == {"gravity": "1 (Heavy)"}


def test_a_run_goes_on_as_long_as_its_trainer_lives(tmp_path: Path) -> None:
    presence = RunPresence(record_run(tmp_path))
    presence.announce()
    assert plain(tmp_path, "walkers")["process"]["process_id"] == os.getpid()
    assert f"process {os.getpid()} on" in status(tmp_path, "walkers").output
    presence.end()
    assert plain(tmp_path, "walkers")["state"] == "stopped"


def test_a_run_that_was_killed_at_any_moment_can_be_looked_at(tmp_path: Path) -> None:
    run = record_run(tmp_path)
    write_line(run / "Walker", '{"steps": 4')
    assert plain(tmp_path, "walkers")["behaviors"]["Walker"]["steps"] == 300
    (run / "run_status.json").write_text("{")
    (run / "Walker" / "settings.json").unlink()
    walker = plain(tmp_path, "walkers")["behaviors"]["Walker"]
    assert (walker["steps"], walker["total_steps"], walker["trainer_type"]) == (300, 0, "")
    (run / "Walker" / "metrics.jsonl").write_text("")
    assert "0, 0 updates" in status(tmp_path, "walkers").output


def test_an_evaluations_row_does_not_hide_what_training_measured(tmp_path: Path) -> None:
    run = record_run(tmp_path)
    write_line(run / "Walker", '{"time": 1.0, "steps": 300.0, "evaluation_return_mean": 8.0}\n')
    walker = plain(tmp_path, "walkers")["behaviors"]["Walker"]
    assert (walker["return_mean"], walker["evaluation_return_mean"]) == (3.0, 8.0)


def test_a_run_is_found_by_its_path_too(tmp_path: Path) -> None:
    run = record_run(tmp_path / "elsewhere")
    assert plain(tmp_path, str(run))["run"] == "walkers"
    assert plain(tmp_path, str(run / "Walker"))["run"] == "walkers"


def test_one_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    record_run(tmp_path)
    done = status(tmp_path, "runners")
    assert done.exit_code == 1
    assert "got 'runners'" in done.output
    assert "walkers" in done.output


def test_all_runs_are_listed_the_newest_first(tmp_path: Path) -> None:
    for run_id, written in (("old", 1000), ("new", 2000)):
        run = record_run(tmp_path, run_id, ("Walker", "Ball"))
        for path in [run / "run_status.json", *run.glob("*/*.json*")]:
            os.utime(path, (written, written))
    (tmp_path / "mlruns").mkdir()
    assert [run["run"] for run in plain(tmp_path)["runs"]] == ["new", "old"]
    head, first, second, third, _ = status(tmp_path).output.splitlines()
    assert head.split() == ["run", "state", "behavior", "steps", "return", "best", "last", "written"]
    assert first.split()[:3] == ["new", "stopped", "Ball"]
    assert second.split()[0] == "Walker"
    assert third.startswith("old")


def test_where_there_are_no_runs_it_says_how_to_make_one(tmp_path: Path) -> None:
    assert "no runs in" in status(tmp_path).output
