"""Behavioural cloning by the library `imitation`: answers each line of standard input, a job, with a line.

Runs in an environment where `imitation` is installed, from the project's root. A job is JSON: `arrays` (an `.npz` of
all episodes), `env_id`, `episodes` (the first one and how many), `seed`, `evaluation` (the first seed and how many
episodes), and `gradient_steps`, or `epochs` for that many passes. Everything else is the library's default:
FeedForward32Policy, minibatches of 32, Adam at 1e-3, an entropy weight of 1e-3.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from tools.bench.measured_program import READY


def demonstrations_of(job: dict[str, Any]) -> Any:
    """Some episodes of a file as the library's transitions."""
    from imitation.data.rollout import flatten_trajectories
    from imitation.data.types import Trajectory

    with np.load(job["arrays"], allow_pickle=False) as arrays:
        obs, acts, indices, terminal = (arrays[name] for name in ("obs", "acts", "indices", "terminal"))
    borders = [0, *indices.tolist(), len(acts)]
    first, count = job["episodes"]
    found = []
    for episode in range(first, first + count):
        begin, end = borders[episode], borders[episode + 1]
        seen = obs[begin + episode : end + episode + 1]
        found.append(Trajectory(seen, acts[begin:end], None, bool(terminal[episode])))
    return flatten_trajectories(found)


def evaluate(policy: Any, env_id: str, first_seed: int, count: int) -> list[float]:
    """The return of one episode of the policy's mode in each of `count` worlds."""
    import gymnasium

    worlds = [gymnasium.make(env_id) for _ in range(count)]
    seen = [world.reset(seed=first_seed + row)[0] for row, world in enumerate(worlds)]
    returns, running = [0.0] * count, list(range(count))
    while running:
        actions, _ = policy.predict(np.array([seen[row] for row in running]), deterministic=True)
        still = []
        for action, row in zip(actions, running, strict=True):
            seen[row], reward, terminated, truncated, _ = worlds[row].step(action)
            returns[row] += float(reward)
            if not (terminated or truncated):
                still.append(row)
        running = still
    return returns


def clone(job: dict[str, Any]) -> dict[str, Any]:
    """One clone: what it took, and what it plays."""
    import gymnasium
    import torch
    from imitation.algorithms.bc import BC

    world = gymnasium.make(job["env_id"])
    shown = demonstrations_of(job)
    torch.manual_seed(job["seed"])
    started = time.perf_counter()
    algorithm = BC(
        observation_space=world.observation_space,
        action_space=world.action_space,
        rng=np.random.default_rng(job["seed"]),
        demonstrations=shown,
        device="cpu",
    )
    if "epochs" in job:
        algorithm.train(n_epochs=job["epochs"], progress_bar=False)
    else:
        algorithm.train(n_batches=job["gradient_steps"], progress_bar=False)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "returns": evaluate(algorithm.policy, job["env_id"], *job["evaluation"])}


def main() -> None:
    import contextlib
    from importlib.metadata import version

    import torch
    from imitation.algorithms import bc as _warm

    del _warm
    torch.set_num_threads(1)
    print(READY, flush=True)
    print(json.dumps({name: version(name) for name in ("imitation", "stable-baselines3", "torch")}), flush=True)
    for line in sys.stdin:
        with contextlib.redirect_stdout(sys.stderr):
            answer = clone(json.loads(line))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
