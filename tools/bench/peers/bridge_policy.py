"""What every bridge of the throughput bench moves and computes alike: a no-op world, and the policy of `NoopGame`."""

from __future__ import annotations

import numpy as np

from host_sdk.inference import ActionDistribution, NumpyNetwork, limit_blas_threads
from protocol.action_layout import ActionLayout
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_policy_spec
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from protocol.vector_array import FloatArray
from tools.bench.noop_game import ACTION_SIZE, HIDDEN_SIZES, OBSERVATION_SIZE

REWARD = 1.0


def noop_observations(agent_count: int) -> FloatArray:
    """float32[N, 64], the same at every step."""
    return np.random.default_rng(0).standard_normal((agent_count, OBSERVATION_SIZE), np.float32)


class BridgePolicy:
    """The very network and sampling that the SDK runs in the game, without the SDK around them."""

    def __init__(self, agent_count: int) -> None:
        limit_blas_threads()
        observation, action = ContinuousObservation(OBSERVATION_SIZE), ContinuousAction(ACTION_SIZE)
        spec = build_policy_spec(observation, action, PolicySettings(hidden_sizes=HIDDEN_SIZES))
        self._network = NumpyNetwork(spec, agent_count)
        self._network.load(initial_weights(spec, seed=0))
        self._sampler = ActionDistribution(ActionLayout.of(action), agent_count)
        self._generator = np.random.default_rng(0)
        self._actions = np.zeros((agent_count, ACTION_SIZE), np.float32)
        self._log_probs = np.zeros(agent_count, np.float32)

    def act(self, observations: FloatArray) -> FloatArray:
        """float32[N, 8] sampled for float32[N, 64]; overwritten by the next call."""
        (distribution,) = self._network.run(observations)
        self._sampler.sample(distribution, self._generator, 1.0, self._actions, self._log_probs)
        return self._actions
