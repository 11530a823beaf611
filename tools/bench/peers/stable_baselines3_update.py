"""Stable-Baselines3's `PPO.train()` on the same random rollout, once for every line on stdin; prints seconds.

    python -m tools.bench.peers.stable_baselines3_update MINIBATCH_SIZE

Runs in an environment where `stable-baselines3` is installed; imports nothing of this project but the rollout's sizes
and numbers.
"""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import version
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv

from tools.bench.update_rollout import (
    ACTION_SIZE,
    AGENT_COUNT,
    EPOCHS,
    HIDDEN_SIZES,
    OBSERVATION_SIZE,
    ROW_COUNT,
    make_rollout,
)


class SilentWorld(gymnasium.Env[Any, Any]):
    """A world of the right sizes that is never stepped."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (OBSERVATION_SIZE,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)


def make_model(minibatch_size: int) -> PPO:
    """PPO with a rollout buffer filled as if it had collected."""
    model = PPO(
        "MlpPolicy",
        DummyVecEnv([SilentWorld] * AGENT_COUNT),
        n_steps=ROW_COUNT,
        batch_size=minibatch_size,
        n_epochs=EPOCHS,
        policy_kwargs={"net_arch": list(HIDDEN_SIZES), "activation_fn": torch.nn.Tanh},
        seed=1234,
        device="cpu",
    )
    model.set_logger(configure(None, []))
    return model


def fill_buffer(model: PPO) -> None:
    """The rollout, with advantages and returns as `collect_rollouts` would have left them."""
    rollout, buffer = make_rollout(), model.rollout_buffer
    buffer.reset()
    buffer.observations[:] = rollout.observations
    buffer.actions[:] = rollout.actions
    buffer.rewards[:] = rollout.rewards
    buffer.log_probs[:] = rollout.log_probs
    with torch.no_grad():
        observations = torch.from_numpy(rollout.observations.reshape(-1, OBSERVATION_SIZE))
        buffer.values[:] = model.policy.predict_values(observations).numpy().reshape(ROW_COUNT, AGENT_COUNT)
        last_values = model.policy.predict_values(torch.from_numpy(rollout.final_observations))
    buffer.compute_returns_and_advantage(last_values, np.zeros(AGENT_COUNT))
    buffer.pos, buffer.full = ROW_COUNT, True


def main() -> None:
    """Says its versions, then answers every line on stdin with the seconds of one `train()`."""
    torch.set_num_threads(1)
    model = make_model(int(sys.argv[1]))
    names = f"stable-baselines3 {version('stable-baselines3')}, torch {version('torch')}"
    print(f"{names}, Python {platform.python_version()}", flush=True)
    for _ in sys.stdin:
        fill_buffer(model)
        started = time.perf_counter()
        model.train()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
