"""How well a policy plays whole episodes, without a trainer."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from host_sdk.host_program.simulator import Simulator
from protocol.completion import Completion


@dataclass(frozen=True)
class EpisodeEvaluation:
    """What whole episodes gave.

    Attributes:
        returns: float64[E], undiscounted.
        lengths: int64[E], in steps.
        policy_version: the version played.
    """

    returns: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]
    policy_version: int

    def figures(self) -> dict[str, float | int]:
        """Means, deviations and extremes, by name.

        `return_std` is of these episodes, √(Σ (r − mean)² / E); `return_standard_error` says how far their mean may be
        from that of all episodes, √(Σ (r − mean)² / (E − 1)) / √E, and is 0 of a single one.
        """
        count = len(self.returns)
        error = float(self.returns.std(ddof=1) / np.sqrt(count)) if count > 1 else 0.0
        return {
            "episodes": count,
            "return_mean": float(self.returns.mean()),
            "return_std": float(self.returns.std()),
            "return_standard_error": error,
            "return_min": float(self.returns.min()),
            "return_max": float(self.returns.max()),
            "length_mean": float(self.lengths.mean()),
            "length_min": int(self.lengths.min()),
            "length_max": int(self.lengths.max()),
            "policy_version": self.policy_version,
        }


def add_playing_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `print_evaluation` reads, beside `--sampled` of rollouts."""
    group = parser.add_argument_group("evaluating a policy file, without a trainer")
    group.add_argument("--evaluate", type=Path, metavar="POLICY.lbp", help="play this policy file")
    group.add_argument("--episodes", type=int, default=100, help="whole episodes to play (default: 100)")


def print_evaluation(
    simulator: Simulator, world: str, options: argparse.Namespace, *, advance: Callable[[], None] = lambda: None
) -> int:
    """Plays the policy file of `--evaluate`, and prints the figures as one line of JSON; the exit code.

    Args:
        simulator: with a policy that has the file's settings.
        world: its name.
        options: of `add_playing_options` and `add_rollout_options`, and `seed`, from which actions are sampled.
        advance: moves the world on after agents have acted; nothing where acting moves it.

    Raises:
        BridgeError: the file can't be used.
        ValueError: fewer than 1 episode are asked for.
    """
    simulator.policy.load_policy(options.evaluate)
    simulator.policy.seed(options.seed)
    started_s = time.monotonic()
    noise_scale = 1.0 if options.sampled else 0.0
    figures = evaluate_episodes(simulator, options.episodes, noise_scale=noise_scale, advance=advance).figures()
    print(json.dumps({"env_id": world, **figures, "seconds": round(time.monotonic() - started_s, 2)}), flush=True)
    return 0


def evaluate_episodes(
    simulator: Simulator,
    episode_count: int,
    *,
    noise_scale: float = 0.0,
    advance: Callable[[], None] = lambda: None,
) -> EpisodeEvaluation:
    """Play `episode_count` episodes.

    Each agent plays a share that is fixed beforehand; were the first episodes to end taken, short ones would be
    preferred.

    Args:
        simulator: its agents at the beginning of their episodes.
        episode_count: at least 1.
        noise_scale: as for `Policy.run_inference`; 0 plays the policy's mode.
        advance: moves the world on after agents have acted; nothing where acting moves it.

    Raises:
        ValueError: `episode_count` is below 1.
    """
    if episode_count < 1:
        raise ValueError(f"an evaluation needs at least 1 episode, got {episode_count}")
    environment, agents = simulator.environment, len(simulator.manager.agent_ids)
    left = np.array([(episode_count + row) // agents for row in range(agents)], np.int64)
    running_returns, running_lengths = np.zeros(agents), np.zeros(agents, np.int64)
    returns: list[float] = []
    lengths: list[int] = []
    while left.any():
        simulator.policy.run_inference(noise_scale)
        advance()
        environment.gather_completions()
        environment.gather_rewards()
        agent_ids, rewards, completions = environment.collect_outcomes()
        running_returns += rewards
        running_lengths += 1
        ended = np.flatnonzero(completions != Completion.RUNNING)
        for row in ended[left[ended] > 0].tolist():
            returns.append(float(running_returns[row]))
            lengths.append(int(running_lengths[row]))
            left[row] -= 1
        running_returns[ended], running_lengths[ended] = 0.0, 0
        if ended.size:
            simulator.manager.reset_agents(agent_ids[ended])
    return EpisodeEvaluation(np.array(returns), np.array(lengths, np.int64), simulator.policy.version)
