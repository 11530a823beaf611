"""PPO's state as a checkpoint holds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.errors import WeightsError
from trainer_process.algorithms.base import AlgorithmState
from trainer_process.algorithms.counted_algorithm import Counters
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.data.episode_window import EpisodeWindow
from trainer_process.data.reward_scaling import RewardScaling
from trainer_process.errors import CheckpointError


def saved_state(
    networks: ActorCritic,
    counters: Counters,
    generator: np.random.Generator,
    reward_scaling: RewardScaling,
    episodes: EpisodeWindow,
) -> AlgorithmState:
    """Copies of everything that learning goes on from."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "policy": networks.policy.values(),
        "critic": networks.critic.values(),
        "episodes.returns": episodes.returns.copy(),
        "episodes.lengths": episodes.lengths.copy(),
        **networks.optimizer_arrays(),
        **reward_scaling.arrays("rewards"),
    }
    if networks.statistics is not None:
        arrays |= networks.statistics.arrays("observations")
    values: dict[str, object] = {
        "algorithm": "ppo",
        "policy_network_hash": f"{networks.policy.layout.hash:016x}",
        "critic_network_hash": f"{networks.critic.layout.hash:016x}",
        "counters": asdict(counters),
        "generator": generator.bit_generator.state,
    }
    return AlgorithmState(arrays, values)


def restored_state(
    state: AlgorithmState,
    networks: ActorCritic,
    generator: np.random.Generator,
    reward_scaling: RewardScaling,
    episodes: EpisodeWindow,
) -> Counters:
    """Puts a saved state back in place and returns its counters.

    Raises:
        CheckpointError: the state is of another algorithm or network, or a part of it is missing.
    """
    _check_identity(state, networks)
    arrays: dict[str, Any] = dict(state.arrays)
    try:
        networks.policy.load(arrays["policy"])
        networks.critic.load(arrays["critic"])
        networks.load_optimizer_arrays(state.arrays)
        reward_scaling.load_arrays("rewards", arrays)
        if networks.statistics is not None:
            networks.statistics.load_arrays("observations", arrays)
        episodes.returns, episodes.lengths = arrays["episodes.returns"], arrays["episodes.lengths"]
        saved: Any = state.values
        generator.bit_generator.state = saved["generator"]
        return Counters(**saved["counters"])
    except (KeyError, TypeError, ValueError, WeightsError) as error:
        raise CheckpointError(f"checkpoint: expected all parts of a PPO state, got {error!r}") from error


def _check_identity(state: AlgorithmState, networks: ActorCritic) -> None:
    expected = {
        "algorithm": "ppo",
        "policy_network_hash": f"{networks.policy.layout.hash:016x}",
        "critic_network_hash": f"{networks.critic.layout.hash:016x}",
    }
    for name, wanted in expected.items():
        received = state.values.get(name)
        if received != wanted:
            raise CheckpointError(
                f"checkpoint: expected {name} {wanted!r}, got {received!r}: it was made with other schemas or settings"
            )
