"""A run with lessons, in two processes: they follow each other as worked out by hand, and outlast the trainer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_sdk import Communicator, CommunicatorSettings, TrainerProcessSettings
from trainer_process.checkpoint import load_checkpoint

from .noop_host import NoopHost
from .real_trainer import HANG_S
from .taught_host import AGENT_COUNT, BEHAVIOR, TaughtHost, training

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX"),
]

CONFIGURATION = """
behaviors:
  Jumper:
    trainer_type: ppo
    hyperparameters: {batch_size: 16, buffer_size: 32, num_epoch: 1}
    max_steps: 320
    checkpoint_interval: 32
    summary_freq: 32
    keep_checkpoints: 20
environment_parameters:
  wall:
    curriculum:
      - name: Low
        completion_criteria: {behavior: Jumper, threshold: 0.9, min_lesson_length: 3, require_reset: true}
        value: 1
      - name: Middle
        completion_criteria: {behavior: Jumper, threshold: 1.9, min_lesson_length: 6, require_reset: true}
        value: 2
      - {name: High, value: 4}
  fog:
    curriculum:
      - name: Clear
        completion_criteria: {behavior: Jumper, measure: progress, threshold: 0.3}
        value: 0
      - {name: Thick, value: 1}
"""
"""An update takes four episodes, one of each agent, which all return the height of the wall."""

# By hand: 1. returns 1 1 1 1: the third makes 0.75 * 1 = 0.75, the fourth 0.25 * 0.75 + 0.75 = 0.9375 > 0.9.
AFTER_1 = {"lessons": (1, 0), "smoothing": (0.9375, 0.0), "returns": [], "serial": 2}
# 2. returns 2 2 2 2: fewer than six. So far a fifth of all steps.
AFTER_2 = {"lessons": (1, 0), "smoothing": (0.9375, 0.0), "returns": [2.0] * 4, "serial": 2}
# 3. returns 2 2 2 2: the sixth makes 0.25 * 0.9375 + 1.5 = 1.734375, the seventh 0.43359375 + 1.5 = 1.93359375 > 1.9;
#    the last one was played in the lesson that ended. 96 / 320 doesn't exceed 0.3.
AFTER_3 = {"lessons": (2, 0), "smoothing": (1.93359375, 0.0), "returns": [], "serial": 3}
# 4. The first of the returns 4 4 4 4 finds 128 / 320 = 0.4 > 0.3, and the last lesson of the wall looks at nothing.
AFTER_4 = {"lessons": (2, 1), "smoothing": (1.93359375, 0.0), "returns": [], "serial": 4}
EXPECTED = [AFTER_1, AFTER_2, AFTER_3, AFTER_4]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The file, in a folder of the test's own."""
    path = tmp_path / "jumper.yaml"
    path.write_text(CONFIGURATION)
    return path


def join(endpoint: str, hosts: list[NoopHost]) -> TaughtHost:
    host = TaughtHost.attached(endpoint)
    hosts.append(host)
    return host


def state_after(folder: Path, iteration: int) -> dict[str, Any]:
    """Where the lessons stand in the checkpoint of that iteration, once it is there."""
    path = folder / "run" / BEHAVIOR / "checkpoints" / f"{iteration:09d}"
    limit_s = time.monotonic() + HANG_S
    while not path.is_dir():
        assert time.monotonic() < limit_s, path
        time.sleep(0.01)
    run: Any = load_checkpoint(path).context.run
    return {
        "lessons": tuple(run["lessons"][name]["number"] for name in ("wall", "fog")),
        "smoothing": tuple(run["smoothing"][name] for name in ("wall", "fog")),
        "returns": run["reward_buffers"][BEHAVIOR],
        "serial": run["serial"],
    }


def test_lessons_end_as_worked_out_by_hand_and_go_on_where_a_killed_trainer_left_them(
    configuration: Path, hosts: list[NoopHost]
) -> None:
    folder = configuration.parent
    with training(configuration, "--run-id", "run") as (process, endpoint):
        host = join(endpoint, hosts)
        host.play_until(1)
        assert state_after(folder, 1) == AFTER_1
        assert host.heights == [2.0] * AGENT_COUNT
        host.play_until(2)
        assert state_after(folder, 2) == AFTER_2
        os.kill(process.pid, signal.SIGKILL)
        host.communicator.close()
    with training(configuration, "--run-id", "run", "--resume") as (_, endpoint):
        host = join(endpoint, hosts)
        host.play_until(3)
        assert state_after(folder, 3) == AFTER_3
        assert host.heights == [4.0] * AGENT_COUNT
        host.play_until(4)
        assert state_after(folder, 4) == AFTER_4
        assert host.environment.environment_parameters.names == ("fog", "wall")
        host.communicator.close()
    rows = [json.loads(line) for line in (folder / "run" / BEHAVIOR / "metrics.jsonl").read_text().splitlines()]
    assert [row["lesson/wall"] for row in rows if "lesson/wall" in row] == [0.0, 1.0, 1.0, 2.0]


def test_a_trainer_that_its_host_starts_again_goes_on_in_the_same_lesson(
    configuration: Path, hosts: list[NoopHost]
) -> None:
    folder = configuration.parent
    process = TrainerProcessSettings(
        results_directory=folder,
        run_id="run",
        low_priority=False,
        stop_timeout_s=1.0,
        arguments=("--config", str(configuration)),
        max_lifetime_restarts=1,
    )
    line = Communicator.make_launched(process, CommunicatorSettings(connect_timeout_s=HANG_S))
    host = TaughtHost(line)
    hosts.append(host)
    host.play_until(2)
    assert state_after(folder, 2) == AFTER_2
    assert line.trainer_process_id is not None
    os.kill(line.trainer_process_id, signal.SIGKILL)
    for iteration, expected in ((3, AFTER_3), (4, AFTER_4)):
        host.play_until(iteration)
        assert state_after(folder, iteration) == expected
    assert host.trainer.restart_count == 1
    assert host.heights == [4.0] * AGENT_COUNT


REPEATABLE = """
behaviors:
  default:
    trainer_type: ppo
    hyperparameters: {batch_size: 256, buffer_size: 2048, num_epoch: 1}
    network_settings: {hidden_units: 8, num_layers: 1}
    max_steps: 16384
    checkpoint_interval: 2048
    keep_checkpoints: 20
environment_parameters:
  goal_distance:
    curriculum:
      - name: Near
        completion_criteria: {behavior: default, threshold: -2, min_lesson_length: 30}
        value: {sampler_type: uniform, sampler_parameters: {min_value: 1.2, max_value: 2.0}}
      - name: Farther
        completion_criteria: {behavior: default, threshold: -2, min_lesson_length: 30}
        value: {sampler_type: multirangeuniform, sampler_parameters: {intervals: [[1.5, 2], [2.5, 4]]}}
      - {name: Anywhere, value: 20}
  drag: {sampler_type: gaussian, sampler_parameters: {mean: 1.0, st_dev: 0.2}}
"""


@pytest.mark.slow
def test_a_run_with_lessons_and_chance_in_its_world_goes_on_to_the_same_last_bit(tmp_path: Path) -> None:
    configuration = tmp_path / "arena.yaml"
    configuration.write_text(REPEATABLE)

    def train(run_id: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "trainer_process", "train", str(configuration), "--run-id", run_id]
        command += ["--env", "arena", "--agents", "16", "--reproducible", "--results-dir", str(tmp_path), *arguments]
        with (tmp_path / "log").open("a") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def checkpoint(run_id: str, iteration: int) -> Path:
        return tmp_path / run_id / "default" / "checkpoints" / f"{iteration:09d}"

    assert train("whole").wait(HANG_S) == 0, (tmp_path / "log").read_text()
    killed = train("parted")
    limit_s = time.monotonic() + HANG_S
    while not checkpoint("parted", 3).is_dir():
        assert time.monotonic() < limit_s, (tmp_path / "log").read_text()
        time.sleep(0.002)
    killed.kill()
    killed.wait()
    assert not checkpoint("parted", 8).exists()
    assert train("parted", "--resume").wait(HANG_S) == 0, (tmp_path / "log").read_text()
    whole, parted = (load_checkpoint(checkpoint(run_id, 8)) for run_id in ("whole", "parted"))
    for name, array in whole.state.arrays.items():
        np.testing.assert_array_equal(array, parted.state.arrays[name], err_msg=name)
    assert parted.context.run == whole.context.run
    lessons: Any = whole.context.run["lessons"]
    assert lessons["goal_distance"]["name"] == "Anywhere"
