"""The host programs with the real trainer: the arena and a Gymnasium environment learn, and both can be stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARENA = "host_sdk.mock_engine"
GYMNASIUM = "host_sdk.adapters.gymnasium"
REPOSITORY = Path(__file__).resolve().parents[2]
HANG_S = 110.0
"""A trainer runs at low priority, and a busy machine lets it wait."""
QUICK_ARENA = ("--agents", "16", "--evaluation-ticks", "20", "--set", "steps_per_update=512")
QUICK_CARTPOLE = ("--env-id", "CartPole-v1", "--agents", "4", "--set", "steps_per_update=128")

pytestmark = pytest.mark.timeout(120)


@contextmanager
def _program(module: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, "--report", "json-lines", *arguments]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _run(module: str, folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, lines of JSON and what went to the standard error."""
    with _program(module, folder, *arguments) as process:
        output, errors = process.communicate(timeout=HANG_S)
        return process.returncode, [json.loads(line) for line in output.splitlines()], errors


def test_the_arena_trains_and_sums_up(tmp_path: Path) -> None:
    exit_code, lines, errors = _run(ARENA, tmp_path, *QUICK_ARENA, "--iterations", "3", "--run-id", "arena")
    assert exit_code == 0, errors
    progress, summary = [line for line in lines if "iteration" in line], lines[-1]["summary"]
    assert progress[-1]["policy_version"] >= 1
    assert summary["is_complete"]
    assert summary["steps"] >= 3 * 512
    assert isinstance(summary["return_before"], float)
    assert isinstance(summary["return_after"], float)
    assert Path(summary["run_directory"]).is_dir()


def test_the_arena_survives_its_own_misbehaviour(tmp_path: Path) -> None:
    faults = [
        text for fault in ("burst@30:8", "nan-observation@45:2", "nan-reward@60:3") for text in ("--misbehave", fault)
    ]
    exit_code, lines, errors = _run(ARENA, tmp_path, *QUICK_ARENA, "--iterations", "2", "--sync", *faults)
    assert exit_code == 0, errors
    assert lines[-1]["summary"]["is_complete"]
    assert "agent 2" in errors
    assert "agent 3" in errors


def test_gymnasium_trains_without_playing_in_vain_and_its_policy_file_can_be_evaluated(tmp_path: Path) -> None:
    arguments = (*QUICK_CARTPOLE, "--total-steps", "384", "--run-id", "cart")
    exit_code, lines, errors = _run(GYMNASIUM, tmp_path, *arguments)
    assert exit_code == 0, errors
    summary = lines[-1]["summary"]
    assert summary["unrecorded_steps"] == 0
    (policy_file,) = Path(summary["run_directory"]).glob("*.lbp")
    evaluation = ("--env-id", "CartPole-v1", "--agents", "2", "--evaluate", str(policy_file), "--episodes", "3")
    exit_code, lines, errors = _run(GYMNASIUM, tmp_path, *evaluation)
    assert exit_code == 0, errors
    assert lines[0]["episodes"] == 3
    assert lines[0]["policy_version"] == summary["policy_version"]


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize(
    ("module", "arguments"), [(ARENA, QUICK_ARENA), (GYMNASIUM, QUICK_CARTPOLE)], ids=["arena", "gymnasium"]
)
def test_ctrl_c_ends_a_program_politely(module: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    with _program(module, tmp_path, *arguments) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert "iteration" in first
        # a terminal's Ctrl-C reaches every process of the group, the trainer among them
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "interrupted" in json.loads(output.splitlines()[-2])
    assert not json.loads(output.splitlines()[-1])["summary"]["is_complete"]


def test_a_wrong_setting_is_refused_by_the_trainer_with_its_name(tmp_path: Path) -> None:
    exit_code, lines, _ = _run(GYMNASIUM, tmp_path, *QUICK_CARTPOLE, "--set", "clip_range=-1")
    assert exit_code == 2, "the same options would end the same way"
    failure = next(line["failure"] for line in lines if "failure" in line)
    assert failure["code"] == "INVALID_SETTINGS"
    assert "clip_range" in failure["reason"]


@pytest.mark.parametrize(
    "arguments",
    [("--misbehave", "sleep@1:1"), ("--set", "learning=1"), ("--iterations", "1", "--total-steps", "1")],
    ids=["fault", "setting", "both lengths"],
)
def test_a_wrong_option_is_refused_before_anything_starts(arguments: tuple[str, ...], tmp_path: Path) -> None:
    exit_code, lines, errors = _run(ARENA, tmp_path, *arguments)
    assert exit_code == 2
    assert lines == []
    assert "expected" in errors
