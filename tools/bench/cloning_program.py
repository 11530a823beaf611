"""Our behavioural cloning of a recording's file, without a game: answers each line of standard input with a line.

A job is JSON as for `tools.bench.peers.imitation_cloning`, but that a clone of `gradient_steps` has the library's
network and numbers, and one of `epochs` has this project's own defaults throughout. The time is of everything that
`imitate` does, its files too; the episodes of `recording` that are to be seen get a file of their own first, off the
clock.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker
from host_sdk.host_program.episode_evaluation import evaluate_episodes
from protocol.policy_file import load_policy
from protocol.policy_settings import PolicySettings
from protocol.recording import RecordingReader, save_recording
from tools.bench.imitation_tasks import (
    LIBRARY_ENTROPY_COEFFICIENT,
    LIBRARY_HIDDEN_SIZES,
    LIBRARY_LEARNING_RATE,
    LIBRARY_MINIBATCH,
)
from tools.bench.machine import package_versions
from tools.bench.measured_program import READY
from trainer_process.offline_imitation import ImitationOptions, imitate

UNBOUNDED_LOG_STD = -20.0


def library_settings(step_count: int, gradient_steps: int, seed: int) -> tuple[dict[str, object], PolicySettings]:
    """The library's numbers in our words; the last epoch goes a little beyond the gradient steps that were asked."""
    a_pass = math.ceil(step_count / LIBRARY_MINIBATCH)
    settings: dict[str, object] = {
        "epochs": math.ceil(gradient_steps / a_pass),
        "minibatch_size": LIBRARY_MINIBATCH,
        "min_gradient_steps": 1,
        "learning_rate": LIBRARY_LEARNING_RATE,
        "learning_rate_schedule": "constant",
        "entropy_coefficient": LIBRARY_ENTROPY_COEFFICIENT,
        "min_log_std": UNBOUNDED_LOG_STD,
        "validation_fraction": 0.0,
        "patience": None,
    }
    policy = PolicySettings(
        hidden_sizes=LIBRARY_HIDDEN_SIZES, normalize_observations=False, log_std_min=UNBOUNDED_LOG_STD, seed=seed
    )
    return settings, policy


def evaluate(policy_file: Path, env_id: str, first_seed: int, count: int) -> list[float]:
    """The return of one episode of the policy's mode in each of `count` worlds."""
    settings = load_policy(policy_file).policy_settings
    with GymnasiumHost(environment_maker(env_id), count, seed=first_seed, policy_settings=settings) as host:
        host.policy.load_policy(policy_file)
        return [float(value) for value in evaluate_episodes(host, count).returns]


def clone(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """One clone: what it took, and what it plays."""
    first, count = job["episodes"]
    recording = folder / "shown.lbr"
    with RecordingReader(job["recording"]) as reader:
        shown = [reader[index] for index in range(first, first + count)]
        save_recording(recording, reader.header, shown)
        step_count = sum(episode.step_count for episode in shown)
    settings: dict[str, object] = {}
    policy = PolicySettings(seed=job["seed"])
    if "gradient_steps" in job:
        settings, policy = library_settings(step_count, job["gradient_steps"], job["seed"])
    options = ImitationOptions(policy_settings=policy, tensorboard=False, checkpoint_interval=0)
    started = time.perf_counter()
    done = imitate(recording, folder, settings={**settings, "seed": job["seed"]}, options=options)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "returns": evaluate(done.policy_file, job["env_id"], *job["evaluation"])}


def main() -> None:
    """Until standard input ends."""
    torch.set_num_threads(1)
    print(READY, flush=True)
    print(json.dumps(package_versions()), flush=True)
    for line in sys.stdin:
        with tempfile.TemporaryDirectory(prefix="lb-") as folder:
            print(json.dumps(clone(json.loads(line), Path(folder))), flush=True)


if __name__ == "__main__":
    main()
