"""`learning-bridge train`: the trainer starts the hosts, trains with them, and leaves nobody behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from protocol.policy_file import load_policy
from protocol.recording import RecordingReader

HANG_S = 55.0
TRAIN = (sys.executable, "-m", "trainer_process", "train", "--env", "gymnasium:CartPole-v1", "--agents", "4")
FIRST_UPDATE = "default: step "
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
    assert "return_mean" in output, "the last policy's rollouts are summed up"
    with RecordingReader(tmp_path / "run" / "default" / "rollouts" / "final.lbr") as reader:
        assert reader.step_count >= 2000
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


@pytest.mark.slow
def test_policies_are_kept_at_intervals_and_a_training_starts_from_one(tmp_path: Path) -> None:
    kept = ("--policy-save-interval", "512", "--rollout-save-n-episodes", "4", "--normalize-reward")
    with start("--total-steps", "1024", *kept, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, output
    folder = tmp_path / "run" / "default"
    steps = sorted(path.parent.name for path in folder.glob("policies/*/policy.lbp"))
    assert steps == ["000000000512", "000000001024", "final"]
    with RecordingReader(folder / "rollouts" / "final.lbr") as reader:
        assert len(reader) == 4
    assert json.loads((folder / "settings.json").read_text())["settings"]["reward_scaling"]
    again = ("--run-id", "again", "--total-steps", "256", "--agent-path", str(folder), "--no-rollout-save-final")
    with start(*again, folder=tmp_path) as process:
        output, _ = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, output
    version = load_policy(folder / "policy.lbp").snapshot.version
    assert f"starts from the host's weights, version {version}" in output
    assert not (tmp_path / "again" / "default" / "rollouts").exists()


def test_a_program_that_starts_fresh_gets_the_weights_to_start_from(tmp_path: Path) -> None:
    with start(
        "--total-steps", "256", "--no-rollout-save-final", "--rollout-save-n-timesteps", "0", folder=tmp_path
    ) as run:
        output, _ = run.communicate(timeout=HANG_S)
    assert run.returncode == 0, output
    first = tmp_path / "run" / "default" / "policy.lbp"
    program = f"{sys.executable} -m host_sdk.adapters.gymnasium --env-id CartPole-v1 --agents 4"
    program += " --set policy.hidden_sizes=[16]"
    arguments = ["--env", program, "--total-steps", "256", "--set", "steps_per_update=256", "--agent-path", str(first)]
    done = subprocess.run(
        [sys.executable, "-m", "trainer_process", "train", *arguments, "--results-dir", str(tmp_path / "second")],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "rollout statistics are not available" in done.stdout
    (policy_file,) = (tmp_path / "second").glob("*/default/policy.lbp")
    assert load_policy(policy_file).snapshot.version == load_policy(first).snapshot.version + 1


if sys.platform != "win32":

    def test_ctrl_c_ends_trainer_and_hosts_and_keeps_what_was_learnt(tmp_path: Path) -> None:
        with start("--num-envs", "2", folder=tmp_path) as process:
            read_until(process, FIRST_UPDATE)
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=HANG_S)
        assert process.returncode == 0, output
        assert len(family) == 4, "two guards and two hosts"
        assert not any(member.is_running() for member in family)
        assert load_policy(tmp_path / "run" / "default" / "policy.lbp").snapshot.version >= 1

    def test_a_killed_trainer_takes_its_hosts_and_its_socket_along(tmp_path: Path) -> None:
        with start("--num-envs", "1", folder=tmp_path) as process:
            read_until(process, FIRST_UPDATE)
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.wait(HANG_S)
            _, alive = psutil.wait_procs(family, timeout=HANG_S)
        assert not alive

    def test_hosts_that_die_end_the_training_with_an_error(tmp_path: Path) -> None:
        with start("--num-envs", "1", "--max-lifetime-restarts", "0", folder=tmp_path) as process:
            read_until(process, FIRST_UPDATE)
            guard = psutil.Process(process.pid).children()[0]
            guard.children()[0].kill()
            output, _ = process.communicate(timeout=HANG_S)
        assert process.returncode == 1, output
        assert "max_lifetime_restarts 0 is used up" in output
        assert f"host 0 ended with exit code {128 + signal.SIGKILL}" in output
        assert load_policy(tmp_path / "run" / "default" / "policy.lbp").snapshot.version >= 1, "all is saved"

    def test_a_host_that_is_killed_is_started_again_and_training_goes_on(tmp_path: Path) -> None:
        with start("--num-envs", "2", "--sync", "--total-steps", "30000", folder=tmp_path) as process:
            read_until(process, FIRST_UPDATE)
            guard = psutil.Process(process.pid).children()[0]
            guard.children()[0].kill()
            output, _ = process.communicate(timeout=HANG_S)
        assert process.returncode == 0, output
        assert "is started again (restart 1 of 10)" in output
        assert "has ended; its session is freed" in output
        assert " joined" in output, "the new one, after the first update"
        assert "(100%)" in output
