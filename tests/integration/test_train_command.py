"""`learning-bridge train`: the trainer starts the hosts, trains with them, and leaves nobody behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from protocol.policy_file import load_policy

HANG_S = 55.0
TRAIN = (sys.executable, "-m", "trainer_process", "train", "--env", "gymnasium:CartPole-v1", "--agents", "4")
SMALL = ("--set", "steps_per_update=256", "--set", "epochs=2", "--set", "policy.hidden_sizes=[16]")


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*TRAIN, *SMALL, "--results-dir", str(folder), "--run-id", "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    heard = ""
    for line in process.stdout:
        heard += line
        if text in line:
            return heard
    raise AssertionError(f"{text!r} never came:\n{heard}")


def test_two_hosts_train_to_the_end_and_the_policy_can_be_evaluated(tmp_path: Path) -> None:
    with start("--num-envs", "2", "--total-steps", "1024", folder=tmp_path) as process:
        output, _ = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, output
    assert "host 1" in output
    assert "(100%)" in output
    policy = load_policy(tmp_path / "run" / "default" / "policy.lbp")
    assert policy.policy_settings.hidden_sizes == (16,)
    rows = [json.loads(line) for line in (tmp_path / "run" / "default" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["steps"] >= 1024
    evaluated = subprocess.run(
        [sys.executable, "-m", "trainer_process", "evaluate", str(tmp_path / "run"), "--env", "gymnasium:CartPole-v1"],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert evaluated.returncode == 0, evaluated.stderr
    assert "return_mean" in evaluated.stdout


if sys.platform != "win32":

    def test_ctrl_c_ends_trainer_and_hosts_and_keeps_what_was_learnt(tmp_path: Path) -> None:
        with start("--num-envs", "2", folder=tmp_path) as process:
            read_until(process, "iteration 1 ")
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=HANG_S)
        assert process.returncode == 0, output
        assert len(family) == 4, "two guards and two hosts"
        assert not any(member.is_running() for member in family)
        assert load_policy(tmp_path / "run" / "default" / "policy.lbp").snapshot.version >= 1

    def test_a_killed_trainer_takes_its_hosts_and_its_socket_along(tmp_path: Path) -> None:
        with start("--num-envs", "1", folder=tmp_path) as process:
            read_until(process, "iteration 1 ")
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait(HANG_S)
            _, alive = psutil.wait_procs(family, timeout=HANG_S)
        assert not alive

    def test_hosts_that_die_end_the_training_with_an_error(tmp_path: Path) -> None:
        with start("--num-envs", "1", folder=tmp_path) as process:
            read_until(process, "iteration 1 ")
            guard = psutil.Process(process.pid).children()[0]
            guard.children()[0].kill()
            output, _ = process.communicate(timeout=HANG_S)
        assert process.returncode == 1, output
        assert "every host has ended" in output
        assert f"exit code {128 + signal.SIGKILL}" in output
