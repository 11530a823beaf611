"""How agents decide: a network run inside the game, whose weights a trainer may replace between two ticks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import MissingCallError, ValueMismatchError
from host_sdk.inference import ActionDistribution, NumpyNetwork, limit_blas_threads
from host_sdk.inference.agent_memory import AgentMemory
from host_sdk.inference.network_input import VectorArray, input_vectors
from host_sdk.interaction.agent_selection import AgentIds, Selector
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from host_sdk.network_agreement import check_networks, check_schemas
from host_sdk.network_weights import NetworkWeights
from protocol.network_builder import build_policy_spec
from protocol.network_spec import NetworkSpec
from protocol.policy_file import PolicyFile, load_policy, save_policy
from protocol.policy_settings import PolicySettings
from protocol.weights import WeightsSnapshot

FloatArray: TypeAlias = npt.NDArray[np.float32]


class Policy(ManagerListener):
    """Chooses the actions of all agents from their observations.

    It acts from the beginning, with initial weights that are the same on every machine for the same settings; training
    replaces them (`apply_snapshot`), whole and between two ticks. A policy with a memory cell remembers: each
    evaluation reads an agent's memory state and writes the next one; agents that are added or reset begin with zeros.

    `run_inference` is the whole step. Its parts, in order, are `Interactor.gather_observations`,
    `Interactor.make_action_modifiers`, `encode_observations`, `evaluate_policy`, `decode_and_sample_actions` and
    `Interactor.perform_actions`.
    """

    after_inference: Callable[[AgentIds, float], None] | None = None
    """Called with the agents and the action noise scale of each step, right before its actions are performed, while
    the vectors of what was seen and done stand; for trainers."""

    # --- Making ----------------------------------------------------------------------------------------------------

    @classmethod
    def make_policy(
        cls,
        manager: Manager,
        interactor: Interactor,
        settings: PolicySettings | None = None,
        *,
        seed: int | None = None,
        name: str = "Policy",
        networks_of: Policy | None = None,
    ) -> Policy:
        """Constructs a policy with initial weights and sets it up.

        Args:
            manager: whose agents it acts for.
            interactor: how they see and act.
            settings: the network's size and kind.
            seed: of the sampling of actions; that of the settings where it is left away. Initial weights always come
                from the settings' seed.
            name: for people.
            networks_of: another policy whose weights this one shares, now and after each update through either; memory
                and random numbers are its own. Its settings are taken where none are given.

        Raises:
            LayoutMismatchError: `networks_of` sees, does or is built otherwise; the message names what differs.
        """
        policy = cls()
        policy.name = name
        policy.setup_policy(manager, interactor, settings, seed=seed, networks_of=networks_of)
        return policy

    @classmethod
    def make_policy_from_file(
        cls, manager: Manager, interactor: Interactor, path: str | PathLike[str], *, name: str = "Policy"
    ) -> Policy:
        """Constructs the policy that a file holds, with its settings and weights; no trainer is needed.

        Raises:
            PolicyFileError: the file can't be used.
            LayoutMismatchError: it was trained with other observations or actions than the interactor's; the message
                names the element that differs.
        """
        file = load_policy(path)
        check_schemas(os.fspath(path), interactor, file.observation, file.action)
        policy = cls.make_policy(manager, interactor, file.policy_settings, name=name)
        policy._use(file, path)
        return policy

    def setup_policy(
        self,
        manager: Manager,
        interactor: Interactor,
        settings: PolicySettings | None = None,
        *,
        seed: int | None = None,
        networks_of: Policy | None = None,
    ) -> None:
        """Builds the network and allocates its buffers; see `make_policy`. Raises NotSetUpError when done twice."""
        limit_blas_threads()
        self.name = getattr(self, "name", type(self).__name__)
        self._settings = settings or (networks_of.settings if networks_of is not None else PolicySettings())
        self._interactor = interactor
        self._spec = build_policy_spec(
            interactor.observation_schema_element, interactor.action_schema_element, self._settings
        )
        self._weights = self._weights_of(networks_of)
        self._stream = self._weights.loaded_count
        self._network = NumpyNetwork(self._spec, manager.max_agent_count)
        self._weights.load_into(self._network)
        self._memory = AgentMemory(manager.max_agent_count, self._settings.memory_size)
        self._remembers = self._settings.memory_size > 0
        self._sampler = ActionDistribution(interactor.action_layout, manager.max_agent_count)
        self._log_probs: FloatArray = np.zeros(manager.max_agent_count, dtype=np.float32)
        self._noise_scale = 1.0
        self._agent_ids: AgentIds = np.zeros(0, dtype=np.int64)
        self._agents: Selector = slice(0, 0)
        self._encoded: list[VectorArray] | None = None
        self._distribution: FloatArray | None = None
        self._vectors = input_vectors(self._spec, interactor.buffer)
        self.seed(self._settings.seed if seed is None else seed)
        self._report = self._report_step
        # Of several policies the one that decides is reported; until then the first, lest an expert takes the place.
        interactor.before_performing = interactor.before_performing or self._report
        self._listen_to(manager)

    def seed(self, seed: int, *key: int) -> None:
        """Begins the stream of random numbers anew, by which actions are sampled.

        Args:
            seed: each host has one of its own; policies that share their networks have different streams of one seed.
            key: what else the stream follows from, as the iteration; numpy's SeedSequence mixes it.
        """
        stream = (self._stream,) if self._stream else ()
        self._generator = np.random.default_rng((seed, *(key or (0,)), *stream))

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Newcomers remember nothing."""
        self._memory.forget(agent_ids)

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """Their memory belongs to the old episode."""
        self._memory.forget(agent_ids)

    # --- The calls of a step ---------------------------------------------------------------------------------------

    def run_inference(self, action_noise_scale: float = 1.0) -> None:
        """One whole step of all agents: observes, decides and acts.

        Args:
            action_noise_scale: at least 0; 1 samples from the policy's own distribution, 0 takes its mode.

        Raises:
            CallOrderError: the last step isn't through.
            ValueMismatchError: an observation doesn't fit the schema.
        """
        interactor = self._interactor
        interactor.gather_observations()
        if interactor.buffer.agent_ids.size:
            if interactor.buffer.modifier_size:
                interactor.make_action_modifiers()
            self.encode_observations()
            self.evaluate_policy()
            self.decode_and_sample_actions(action_noise_scale)
            interactor.perform_actions()

    def encode_observations(self) -> None:
        """Takes in what all agents see, images included.

        Raises MissingCallError without `gather_observations` before it.
        """
        buffer = self._interactor.buffer
        buffer.select(self.manager.agent_ids)
        self._agent_ids = buffer.action_due_agents("encode_observations") if buffer.agent_ids.size else buffer.agent_ids
        self._agents = buffer.selector if self._agent_ids is buffer.agent_ids else self._agent_ids
        vectors, agents = self._vectors, self._agents
        # Most policies read one array, and a tick of one agent is made of such trifles.
        self._encoded = [vectors[0][agents]] if len(vectors) == 1 else [array[agents] for array in vectors]
        self._distribution = None

    def evaluate_policy(self) -> None:
        """Runs the network, and lets the memory states of those agents that it decides for go on.

        Raises MissingCallError without `encode_observations` before it.
        """
        if self._encoded is None:
            raise self._missing("evaluate_policy", "encode_observations")
        if self._agent_ids.size:
            if self._remembers:
                before = self._memory.read(self._agents)
                self._distribution, after = self._network.run(*self._encoded, before)
                self._memory.advance(self._agents, before, after, self._interactor.buffer.observed)
            else:
                (self._distribution,) = self._network.run(*self._encoded)
        self._encoded = None

    def decode_and_sample_actions(self, action_noise_scale: float = 1.0) -> None:
        """Samples the actions of all agents into the interactor's action vectors.

        Args:
            action_noise_scale: as for `run_inference`. Log-probs are those of the policy's own distribution anyway.

        Raises:
            MissingCallError: without `evaluate_policy` before it, or without `Interactor.make_action_modifiers` where
                the game makes modifiers.
        """
        if self._distribution is None:
            if self._agent_ids.size or self._encoded is not None:
                raise self._missing("decode_and_sample_actions", "evaluate_policy")
            return
        buffer, agents = self._interactor.buffer, self._agents
        # A slice gives views to sample into; other slots get their rows from arrays of the sampler's own.
        actions, log_probs = buffer.action_vectors[agents], self._log_probs[agents]
        modifiers = buffer.modifiers_of(agents, "decode_and_sample_actions") if buffer.modifier_size else None
        self._sampler.sample(self._distribution, self._generator, action_noise_scale, actions, log_probs, modifiers)
        if not isinstance(agents, slice):
            buffer.action_vectors[agents] = actions
            self._log_probs[agents] = log_probs
        buffer.decided[agents] = buffer.observed[agents]
        buffer.is_set_by_hand[agents] = False
        self._noise_scale = action_noise_scale
        self._interactor.before_performing = self._report
        self._distribution = None

    def propose_actions(self, agent_ids: AgentIds, action_noise_scale: float = 1.0) -> FloatArray:
        """What the policy would do at what agents see now, where another decides; only its own memory goes on.

        Args:
            agent_ids: int64[n], whose observations were gathered.
            action_noise_scale: as for `run_inference`.

        Returns:
            float32[n, A]. Asked again before the next observation, it remembers no more than at first.

        Raises:
            MissingCallError: without `Interactor.make_action_modifiers` where the game makes modifiers.
        """
        buffer, count = self._interactor.buffer, len(agent_ids)
        actions: FloatArray = np.zeros((count, buffer.action_vectors.shape[1]), dtype=np.float32)
        if not count:
            return actions
        modifiers = buffer.modifiers_of(agent_ids, "propose_actions")
        inputs = [array[agent_ids] for array in self._vectors]
        if self._remembers:
            before = self._memory.at_observation(agent_ids, buffer.observed)
            distribution, after = self._network.run(*inputs, before)
            self._memory.advance(agent_ids, before, after, buffer.observed)
        else:
            (distribution,) = self._network.run(*inputs)
        log_probs = np.empty(count, dtype=np.float32)
        self._sampler.sample(distribution, self._generator, action_noise_scale, actions, log_probs, modifiers)
        # The network's buffers were overwritten, should an evaluation have waited for its sampling.
        self._encoded = self._distribution = None
        return actions

    # --- Memory ----------------------------------------------------------------------------------------------------

    def get_memory_state_size(self) -> int:
        """H, floats that the policy remembers of each agent; 0 without a memory cell."""
        return self._settings.memory_size

    def get_memory_state(self, agent_id: int = -1) -> FloatArray:
        """float32[H] that the agent's next evaluation reads, a copy. Raises AgentError where there is none."""
        self.manager.get_agent(agent_id)
        state: FloatArray = self._memory.states[agent_id].copy()
        return state

    def set_memory_state(self, memory_state: npt.ArrayLike, agent_id: int = -1) -> None:
        """Sets what the agent's next evaluation reads.

        Args:
            memory_state: float32[H], finite.
            agent_id: whose.

        Raises:
            AgentError: there is no such agent.
            ValueMismatchError: it has another size, or is not finite.
        """
        self.manager.get_agent(agent_id)
        state: FloatArray = np.asarray(memory_state, dtype=np.float32)
        shape = (self.get_memory_state_size(),)
        if state.shape != shape:
            raise ValueMismatchError("memory state", f"shape {shape}", f"shape {state.shape}", f"agent {agent_id}")
        if not np.isfinite(state).all():
            raise ValueMismatchError("memory state", "finite numbers", str(state), f"agent {agent_id}")
        self._memory.states[agent_id] = state

    # --- Weights ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> WeightsSnapshot:
        """The weights now in use, not copied; nobody may write to them."""
        return self._weights.snapshot

    def snapshot_as(self, version: int) -> WeightsSnapshot:
        """The same weights under another version."""
        return replace(self._weights.snapshot, version=version)

    def apply_snapshot(self, snapshot: WeightsSnapshot, *, is_known_finite: bool = False) -> None:
        """Uses these weights from the next evaluation on. Nobody may write to them any more.

        Args:
            snapshot: the weights.
            is_known_finite: whether all of them were looked at already, which takes 1 ms for about 2 million.

        Raises:
            LayoutMismatchError: they are of another network; the weights at hand stay in use.
            WeightsError: they are not finite, or not as many as they should be; likewise.
        """
        self._weights.apply(snapshot, is_known_finite=is_known_finite)

    def save_policy(self, path: str | PathLike[str], *, metadata: dict[str, str] | None = None) -> None:
        """Writes the policy to a file that `make_policy_from_file` reads. Raises PolicyFileError."""
        interactor = self._interactor
        save_policy(
            path,
            PolicyFile(
                behavior=self.name,
                observation=interactor.observation_schema_element,
                action=interactor.action_schema_element,
                policy_settings=self._settings,
                snapshot=self._weights.snapshot,
                metadata=metadata or {},
            ),
        )

    def load_policy(self, path: str | PathLike[str]) -> None:
        """Uses the weights of a policy file.

        Raises:
            PolicyFileError: the file can't be used.
            LayoutMismatchError: it was trained with other observations, actions or settings; the message names the
                element or the setting that differs.
        """
        file = load_policy(path)
        check_schemas(os.fspath(path), self._interactor, file.observation, file.action)
        self._use(file, path)

    # --- Properties ------------------------------------------------------------------------------------------------

    @property
    def interactor(self) -> Interactor:
        """How the agents see and act."""
        return self._interactor

    @property
    def settings(self) -> PolicySettings:
        """What the network was built from, beside the schemas."""
        return self._settings

    @property
    def spec(self) -> NetworkSpec:
        """The network."""
        return self._spec

    @property
    def network_hash(self) -> int:
        """The hash of the network, which weights must carry."""
        return self._spec.hash

    @property
    def version(self) -> int:
        """The version of the weights in use; 0 before any training."""
        return self._weights.snapshot.version

    @property
    def has_learned(self) -> bool:
        """Whether the weights are others than the initial ones."""
        return self._weights.is_applied

    @property
    def has_acted(self) -> bool:
        """Whether an agent that is there now has acted since it was added or reset."""
        manager = self.manager
        return bool(np.count_nonzero(manager.action_counts[manager.agent_ids]))

    @property
    def is_deterministic(self) -> bool:
        """Whether the last actions were the mode of their distribution."""
        return self._noise_scale == 0.0

    @property
    def memory(self) -> AgentMemory:
        """What it remembers of all agent slots, live; for trainers and critics."""
        return self._memory

    @property
    def log_probs(self) -> FloatArray:
        """float32[max], of each agent's last action under the policy that chose it, live."""
        return self._log_probs

    def _use(self, file: PolicyFile, path: str | PathLike[str]) -> None:
        theirs = file.observation, file.action, file.policy_settings
        check_networks(os.fspath(path), self._interactor, self._settings, *theirs)
        self.apply_snapshot(file.snapshot)

    def _weights_of(self, other: Policy | None) -> NetworkWeights:
        """The other policy's, or new ones."""
        if other is None:
            return NetworkWeights(self._spec, self._settings.seed)
        schemas = other.interactor.observation_schema_element, other.interactor.action_schema_element
        check_schemas(other.name, self._interactor, *schemas)
        check_networks(other.name, self._interactor, self._settings, *schemas, other.settings)
        return other._weights

    def _report_step(self, agent_ids: AgentIds) -> None:
        if self.after_inference is not None:
            self.after_inference(agent_ids, self._noise_scale)

    def _missing(self, call: str, missing: str) -> MissingCallError:
        ids = tuple(self.manager.agent_ids.tolist())
        return MissingCallError(call, missing, ids, "call that first; run_inference does all in order")
