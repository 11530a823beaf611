"""`config` checks, shows and describes configuration files."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from trainer_process.cli_root import root

WALKER = """
behaviors:
  Walker:
    trainer_type: ppo
    hyperparameters: {batch_size: 64}
checkpoint_settings: {train_model: true}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["config", *arguments])


def written(folder: Path, text: str, name: str = "walker.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_that_can_be_used_is_said_to_be_with_what_is_of_no_effect(tmp_path: Path) -> None:
    path = written(tmp_path, WALKER)
    done = run("check", path)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"{path}:6:36: $.checkpoint_settings.train_model: it is of no effect, in ML-Agents too: training is what "
        "happens (warning)",
        f"{path}: can be used",
    ]


def test_all_problems_of_all_files_are_told_and_the_exit_code_says_so(tmp_path: Path) -> None:
    good, bad = written(tmp_path, WALKER), written(tmp_path, "a: 1\nb: 2\n", "bad.yaml")
    done = run("check", good, bad)
    assert done.exit_code == 1
    assert f"{bad}:1:1: $.a: expected" in done.output
    assert f"{bad}:2:1: $.b: expected" in done.output
    assert done.output.splitlines()[-1] == f"{bad}: 2 problems"


def test_programs_get_json(tmp_path: Path) -> None:
    good, bad = written(tmp_path, WALKER), written(tmp_path, "debug: 3\n", "bad.yaml")
    done = run("check", "--json", good, bad)
    report = json.loads(done.output)
    assert done.exit_code == 1
    assert (report[good]["problems"], len(report[good]["warnings"])) == ([], 1)
    assert report[bad]["problems"] == [f"{bad}:1:8: $.debug: expected true or false, got 3"]


def test_a_file_that_is_not_there_is_a_problem_like_others(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "no.yaml"))
    assert done.exit_code == 1
    assert "no.yaml: expected a configuration file that can be read" in done.output


def test_what_is_shown_has_its_source_behind_it(tmp_path: Path) -> None:
    path = written(tmp_path, WALKER)
    done = run("show", path, "--set", "env_settings.seed=5", "--set", "behaviors.Walker.max_steps=5e5")
    assert done.exit_code == 0
    assert "  seed: 5  # command line\n" in done.output
    assert "    max_steps: 500000  # command line\n" in done.output
    assert "      batch_size: 64  # walker.yaml:5\n" in done.output
    assert "    time_horizon: 64  # default\n" in done.output
    assert "#   settings.minibatch_size: 64  # walker.yaml:5\n" in done.output
    assert "#   settings.steps_per_update: 10240  # default (ML-Agents)\n" in done.output
    assert "#   settings.weight_decay: 0.0  # default\n" in done.output
    assert "of no effect" in done.stderr


def test_without_a_file_the_defaults_are_shown() -> None:
    done = run("show")
    assert done.exit_code == 0
    assert "  run_id: ppo  # default\n" in done.output


def test_what_can_not_be_shown_is_told(tmp_path: Path) -> None:
    assert "$.a: expected" in run("show", written(tmp_path, "a: 1")).output
    done = run("show", "--set", "debug")
    assert done.exit_code == 1
    assert "--set: expected PATH=VALUE" in done.output
    assert run("show", "--set", "debug=[").exit_code == 1


def test_the_schema_is_printed_as_json() -> None:
    schema = json.loads(run("schema").output)
    assert set(schema["properties"]) >= {"behaviors", "default_settings", "env_settings"}
