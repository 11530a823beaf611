"""What agents may expect: the value network, for games that want to see it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import MissingCallError
from host_sdk.inference import NumpyNetwork, limit_blas_threads
from host_sdk.inference.network_input import VectorArray, input_vectors
from host_sdk.interactor import Interactor
from host_sdk.manager import AgentIds, Manager
from host_sdk.manager_listener import ManagerListener
from host_sdk.network_weights import NetworkWeights
from host_sdk.policy import Policy
from protocol.network_builder import build_critic_spec
from protocol.policy_settings import CriticSettings
from protocol.weights import WeightsSnapshot

FloatArray: TypeAlias = npt.NDArray[np.float32]


class Critic(ManagerListener):
    """Estimates the return that each agent may expect. Training doesn't need it on the host's side."""

    @classmethod
    def make_critic(
        cls, manager: Manager, interactor: Interactor, policy: Policy, settings: CriticSettings | None = None
    ) -> Critic:
        """Constructs a critic with initial weights and sets it up.

        Args:
            manager: whose agents it is for.
            interactor: how they see.
            policy: whose settings say how observations are normalised.
            settings: the network's size and kind.
        """
        critic = cls()
        critic.setup_critic(manager, interactor, policy, settings)
        return critic

    def setup_critic(
        self, manager: Manager, interactor: Interactor, policy: Policy, settings: CriticSettings | None = None
    ) -> None:
        """Builds the network and allocates its buffers. Raises NotSetUpError when done twice."""
        limit_blas_threads()
        self._settings = settings or CriticSettings()
        self._interactor = interactor
        spec = build_critic_spec(interactor.observation_schema_element, policy.settings, self._settings)
        self._weights = NetworkWeights(spec, policy.settings.seed)
        self._network = NumpyNetwork(spec, manager.max_agent_count)
        self._weights.load_into(self._network)
        self._policy = policy
        self._vectors = input_vectors(spec, interactor.buffer)
        self._values: FloatArray = np.zeros(manager.max_agent_count, dtype=np.float32)
        self._has_value: npt.NDArray[np.bool_] = np.zeros(manager.max_agent_count, dtype=np.bool_)
        self._listen_to(manager)

    def evaluate_critic(self) -> None:
        """Estimates the returns of all agents that have an observation, as the trainer's critic would.

        It reads the observation with its images, and the memory that belongs to it: what the policy's evaluation of
        that observation will read, or has read. So it may be called at any time from `gather_observations` on, before
        or after the policy decides; it changes nothing but its estimates.
        """
        buffer = self._interactor.buffer
        agent_ids = self.manager.agent_ids
        agent_ids = agent_ids[buffer.observed[agent_ids] > 0]
        if agent_ids.size:
            inputs: list[VectorArray] = [vectors[agent_ids] for vectors in self._vectors]
            if self._policy.get_memory_state_size():
                inputs.append(self._policy.memory.at_observation(agent_ids, buffer.observed))
            (values,) = self._network.run(*inputs)
            self._values[agent_ids] = values[:, 0]
            self._has_value[agent_ids] = True

    def get_estimated_discounted_return(self, agent_id: int = -1) -> float:
        """The discounted sum of rewards that the agent may expect from its last evaluated observation on.

        Raises:
            AgentError: there is no such agent.
            MissingCallError: its observation has not been evaluated yet.
        """
        self.manager.get_agent(agent_id)
        if not self._has_value[agent_id]:
            remedy = "call it after gather_observations"
            raise MissingCallError("get_estimated_discounted_return", "evaluate_critic", (agent_id,), remedy)
        return float(self._values[agent_id])

    def snapshot(self) -> WeightsSnapshot:
        """The weights now in use, not copied."""
        return self._weights.snapshot

    def apply_snapshot(self, snapshot: WeightsSnapshot, *, is_known_finite: bool = False) -> None:
        """Uses these weights from the next evaluation on. Arguments and errors as for `Policy.apply_snapshot`."""
        self._weights.apply(snapshot, is_known_finite=is_known_finite)

    @property
    def settings(self) -> CriticSettings:
        """What the network was built from."""
        return self._settings

    @property
    def network_hash(self) -> int:
        """The hash of the network, which weights must carry."""
        return self._weights.snapshot.network_hash

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Nothing is known of newcomers."""
        self._has_value[agent_ids] = False

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """Their values are forgotten."""
        self._has_value[agent_ids] = False

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """Their values belong to the old episode."""
        self._has_value[agent_ids] = False
