"""How well a policy plays whole episodes by its mode, without a trainer."""

from __future__ import annotations

from dataclasses import dataclass

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
        """Means and standard deviations, by name."""
        return {
            "episodes": len(self.returns),
            "return_mean": float(self.returns.mean()),
            "return_std": float(self.returns.std()),
            "return_min": float(self.returns.min()),
            "return_max": float(self.returns.max()),
            "length_mean": float(self.lengths.mean()),
            "policy_version": self.policy_version,
        }


def evaluate_episodes(simulator: Simulator, episode_count: int) -> EpisodeEvaluation:
    """Play `episode_count` episodes by the policy's mode.

    Each agent plays a share that is fixed beforehand; were the first episodes to end taken, short ones would be
    preferred.

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
        simulator.policy.run_inference(0.0)
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
