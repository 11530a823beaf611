"""A game whose agents see pictures and remember, recorded as a trainer records it; every byte tells whose and when."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_modifier import ActionModifier
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.collection.lane_buffer import AllocateFloats, touched_floats
from host_sdk.inference import NumpyNetwork
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interactor_callbacks import ActionModifierElements, ObservationObjectElements
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.policy import Policy
from host_sdk.policy_recording import PolicyRecording
from protocol.collection_contract import CollectionContract
from protocol.experience import STEP_FIELDS, ByteArray, ExperienceBatch, FloatArray
from protocol.policy_settings import PolicySettings
from tests.host_sdk.small_game import Agent

HEIGHT, WIDTH = 3, 2
IMAGE_SIZE = HEIGHT * WIDTH
SETTINGS = PolicySettings(hidden_sizes=(6,), memory_cell="gru", memory_state_size=4)


def picture(agents: npt.ArrayLike, time: npt.ArrayLike) -> ByteArray:
    """uint8[n, I], of which no two are alike within 16 agents and some dozen steps."""
    first = np.asarray(agents) * 16 + np.asarray(time) * 37
    return (first[:, np.newaxis] + np.arange(IMAGE_SIZE) * 5).astype(np.uint8)


class SeeingInteractor(Interactor):
    """Agents see (slot, time), and a picture of it unless they are blind; they choose a push and a gear."""

    def __init__(self, is_blind: bool = False) -> None:
        self.time = 0
        self.poisoned: set[int] = set()
        self.is_blind = is_blind

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        """Who, when and a picture."""
        elements = {"where": observation_schema.continuous(2, scale=10.0)}
        if not self.is_blind:
            elements["picture"] = observation_schema.image(HEIGHT, WIDTH, filters=(2,), encoding_size=3)
        return observation_schema.struct(elements)

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        """A push of two numbers, one of three gears."""
        return action_schema.struct({"push": action_schema.continuous(2), "gear": action_schema.exclusive_discrete(3)})

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """One batched element."""
        where = np.stack([agent_ids, np.full(len(agent_ids), self.time)], axis=1).astype(np.float64)
        where[np.isin(agent_ids, list(self.poisoned)), 1] = np.nan
        elements = {"where": observation_object.continuous(where)}
        if not self.is_blind:
            pixels = picture(agent_ids, self.time).reshape(-1, HEIGHT, WIDTH)
            elements["picture"] = observation_object.image(pixels)
        return observation_object.struct(elements)

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        """Time goes on."""
        self.time += 1


def modifier(agents: npt.ArrayLike, time: npt.ArrayLike) -> FloatArray:
    """float32[n, 7] of a bound agent: what is given, whether it is, and which gear can't be chosen."""
    agents, time = np.broadcast_arrays(np.asarray(agents), np.asarray(time))
    vectors = np.zeros((len(agents), 7), np.float32)
    vectors[:, 1], vectors[:, 3] = time / 8, 1.0
    vectors[np.arange(len(agents)), 4 + (agents + time) % 3] = 1.0
    return vectors


class BoundInteractor(SeeingInteractor):
    """The same, but that the second push is given, and one gear can't be chosen."""

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElements:
        """One batched modifier."""
        pushes = np.stack([np.zeros(len(agent_ids)), np.full(len(agent_ids), self.time / 8)], axis=1)
        push = action_modifier.continuous(pushes, is_given=np.tile([False, True], (len(agent_ids), 1)))
        gear = action_modifier.exclusive_discrete((agent_ids[:, np.newaxis] + self.time) % 3 == np.arange(3))
        return action_modifier.struct({"push": push, "gear": gear})


class _Changes(ManagerListener):
    """Tells the recorder who comes, goes and begins anew, as a trainer does."""

    def __init__(self, manager: Manager, recording: PolicyRecording) -> None:
        self._recorder = recording.recorder
        self._listen_to(manager)

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        self._recorder.begin_agents(agent_ids)

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        self._recorder.end_agents(agent_ids)

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        self._recorder.begin_agents(agent_ids)


class SeeingGame:
    """Plays, records, and replays each evaluation by itself, one agent at a time.

    Attributes:
        remembered: (slot, time) -> memory before and after the evaluation there, as replayed.
        batches: copies of all that was handed off.
    """

    def __init__(
        self,
        agents: Iterable[int],
        max_agents: int = 6,
        *,
        steps_per_hand_off: int = 1000,
        horizon: int = 0,
        max_episode_step_count: int = 0,
        settings: PolicySettings = SETTINGS,
        allocate: AllocateFloats = touched_floats,
        is_bound: bool = False,
    ) -> None:
        self.manager = Manager(max_agents)
        self.manager.add_agents(Agent() for _ in range(max_agents))
        self.manager.remove_agents(sorted(set(range(max_agents)) - set(agents)))
        self.interactor = (BoundInteractor if is_bound else SeeingInteractor).make_interactor(self.manager)
        self.policy = Policy.make_policy(self.manager, self.interactor, settings)
        contract = CollectionContract(steps_per_hand_off, horizon, 2, STEP_FIELDS, False)
        self.recording = PolicyRecording(
            self.policy, contract, max_episode_step_count=max_episode_step_count, allocate=allocate
        )
        self.policy.after_inference = self._begin_step
        self._changes = _Changes(self.manager, self.recording)
        self._replayed = NumpyNetwork(self.policy.spec, 1)
        self._state: dict[int, FloatArray] = {}
        self.remembered: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}
        self.batches: list[ExperienceBatch] = []

    def tick(
        self,
        completions: dict[int, int] | None = None,
        *,
        reset: Iterable[int] = (),
        removed: Iterable[int] = (),
        added: int = 0,
        new_version: bool = False,
    ) -> None:
        """The outcome of the last actions, what changes then, and the next actions."""
        present = self.manager.agent_ids
        if self.policy.has_acted:
            ended = np.array([(completions or {}).get(agent, 0) for agent in present.tolist()], np.uint8)
            self.recording.end_step(present, np.ones(len(present), np.float32), ended)
            self._reset(present[ended != 0].tolist())
        if self.recording.recorder.is_full:
            self.hand_off()
        self._reset([agent for agent in reset if agent in present])
        leaving = [agent for agent in removed if agent in present]
        self.manager.remove_agents(leaving)
        room = self.manager.max_agent_count - self.manager.agent_count
        newcomers = self.manager.add_agents(Agent() for _ in range(min(added, room)))
        for agent in [*leaving, *newcomers.tolist()]:
            self._state.pop(agent, None)
        if new_version:
            snapshot = self.policy.snapshot()
            values = snapshot.values * np.float32(0.9)
            self.policy.apply_snapshot(type(snapshot)(snapshot.network_hash, snapshot.version + 1, values))
        self.policy.run_inference()

    def hand_off(self) -> ExperienceBatch | None:
        """What is recorded, as a copy."""
        batch = self.recording.take()
        if batch is None:
            return None
        assert self.recording.recorder.release(batch.batch_id)
        arrays = {name: value.copy() for name, value in vars(batch).items() if isinstance(value, np.ndarray)}
        self.batches.append(type(batch)(**{**vars(batch), **arrays}))
        return self.batches[-1]

    def _reset(self, agents: list[int]) -> None:
        if agents:
            self.manager.reset_agents(agents)
        for agent in agents:
            self._state.pop(agent, None)

    def _begin_step(self, agent_ids: AgentIds, noise_scale: float) -> None:
        buffer, time = self.interactor.buffer, self.interactor.time
        self._replayed.load(self.policy.snapshot().values)
        for agent in agent_ids.tolist():
            size = self.policy.get_memory_state_size()
            before = self._state.get(agent, np.zeros(size, np.float32))
            row = slice(agent, agent + 1)
            inputs = (buffer.observation_vectors[row], buffer.image_vectors[row], before[np.newaxis])
            _, after = self._replayed.run(*inputs)
            self._state[agent] = after[0].copy()
            self.remembered[agent, time] = before, self._state[agent]
        self.recording.begin_step(agent_ids, noise_scale)
