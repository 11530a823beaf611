"""Cutting what agents live through into segments of experience for the trainer."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.collection.buffer_rotation import BufferRotation, CollectionCounts
from host_sdk.collection.episode_tally import EpisodeTally
from host_sdk.collection.lane_buffer import AllocateFloats, StepSizes, touched_floats
from host_sdk.collection.reward_report import RewardReporter
from host_sdk.collection.segment_log import FinalState
from host_sdk.collection.step_writer import ActedStep, StepWriter
from host_sdk.errors import CollectionError
from host_sdk.interaction.agent_selection import AgentIds
from protocol.action_layout import ActionLayout
from protocol.collection_contract import CollectionContract
from protocol.completion import Completion
from protocol.experience import ExperienceBatch
from protocol.observation_layout import ObservationLayout

FloatArray: TypeAlias = npt.NDArray[np.float32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


class Closing(NamedTuple):
    """Agents whose recorded episodes end with the step just made, and how.

    Attributes:
        agent_ids: int64[k].
        completions: uint8[k], TRUNCATION or TERMINATION.
    """

    agent_ids: AgentIds
    completions: ByteArray


_NOBODY = Closing(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint8))


class TrajectoryRecorder:
    """Writes each tick into lanes and hands them off in batches, without copying steps.

    A tick of the owner, after `Manager` listeners have passed on who came, went or was reset
    (`begin_agents`, `interrupt`):

        closing = recorder.end_step(ids, rewards, completions)      # of the actions of the tick before
        recorder.close_segments(*closing, final observations, …)    # where closing names somebody, before the reset
        if recorder.is_full:
            recorder.cut_all(final observations of open_agent_ids, …)
            batch = recorder.take()                                 # later: recorder.release(batch.batch_id)
        recorder.begin_step(ids, observations, actions, …)          # after the inference

    While no buffer is free it goes on counting and records nothing. A step that can't be used, since its observation
    or reward is not finite, its reward never came or its outcome was never seen, cuts its trajectory before it; the
    cut has the step's own observation for its bootstrap.

    Letters: n agents of a call, T rows, N lanes, O observation, I bytes of images, A action, M action modifier,
    H memory.

    Attributes:
        counts: agent-steps that are in no batch, by reason, since the beginning.
        tally: the present episode of each agent.
    """

    def __init__(
        self,
        observation_layout: ObservationLayout,
        action_layout: ActionLayout,
        max_agent_count: int,
        contract: CollectionContract,
        *,
        max_episode_step_count: int = 0,
        modifier_size: int = 0,
        memory_size: int = 0,
        first_batch_id: int = 1,
        allocate: AllocateFloats = touched_floats,
    ) -> None:
        """Takes all memory that it will need.

        Args:
            observation_layout: of the interactor.
            action_layout: of the interactor.
            max_agent_count: agent slots of the manager.
            contract: what the trainer asks for.
            max_episode_step_count: steps after which a recorded episode is closed as truncated, while the agent plays
                on; 0 for no limit.
            modifier_size: M, 0 where the game makes no action modifiers.
            memory_size: H.
            first_batch_id: of the first batch; rises by one with each.
            allocate: makes float32[n] for the steps; called once for each buffer, and for a buffer that takes the
                place of a retired one.

        Raises:
            CollectionError: the contract asks for more than a batch may hold.
        """
        image_size = observation_layout.image_size
        sizes = StepSizes(observation_layout.size, action_layout.vector_size, modifier_size, memory_size, image_size)
        needed = (("images", image_size), ("action_modifiers", modifier_size), ("memory", memory_size))
        self._needed = tuple(name for name, size in needed if size)
        self.counts = CollectionCounts()
        self.tally = EpisodeTally(max_agent_count)
        self._buffers = BufferRotation(sizes, contract, max_agent_count, first_batch_id, allocate)
        self._writer = StepWriter(
            max_agent_count, self._buffers, self.tally, self.counts, is_bounded=contract.horizon > 0
        )
        self._max_episode_step_count = max_episode_step_count
        self._reward_reporter = RewardReporter()

    # --- What the owner asks ---------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether the batch has the steps that the trainer wants, or no agent has room in it any more."""
        return self._buffers.is_full

    @property
    def is_recording(self) -> bool:
        """Whether there is a buffer to record into."""
        return self._buffers.current is not None

    @property
    def step_count(self) -> int:
        """Steps in the present buffer."""
        return self._buffers.step_count

    @property
    def in_flight_count(self) -> int:
        """Batches taken and not yet released."""
        return self._buffers.in_flight_count

    @property
    def open_agent_ids(self) -> AgentIds:
        """int64[n], rising: whose segments are open."""
        return self._writer.open_agent_ids

    @property
    def unrecorded_steps(self) -> int:
        """Agent-steps played unrecorded since the beginning."""
        return self.counts.unrecorded_steps

    # --- A tick ----------------------------------------------------------------------------------------------------

    def begin_step(
        self,
        agent_ids: AgentIds,
        observations: FloatArray,
        actions: FloatArray,
        log_probs: FloatArray,
        *,
        policy_version: int,
        images: ByteArray | None = None,
        memory: FloatArray | None = None,
        action_modifiers: FloatArray | None = None,
        noise_scale: float = 1.0,
        is_set_by_hand: BoolArray | None = None,
        is_finite: BoolArray | None = None,
    ) -> None:
        """Takes in what agents saw and did; everything is copied.

        An agent whose last action has got no reward loses that step, which is counted.

        Args:
            agent_ids: int64[n], rising. The manager's own array, while it is the same, is the quick way.
            observations: float32[max, O], indexed by agent id like all that follow.
            actions: float32[max, A], as sampled.
            log_probs: float32[max].
            policy_version: of the weights that chose the actions.
            images: uint8[max, I]; needed where I isn't 0.
            memory: float32[max, H], before the evaluation; needed where H isn't 0.
            action_modifiers: float32[max, M]; needed where M isn't 0.
            noise_scale: 1 where the actions were sampled from the policy's own distribution.
            is_set_by_hand: bool[max], where an action is not the policy's; away where none is.
            is_finite: bool[max], where the observation was finite; away where all were.

        Raises:
            CollectionError: an array that is needed is not given.
        """
        if self._needed:
            self._check_given("begin_step", images=images, memory=memory, action_modifiers=action_modifiers)
        if agent_ids.size:
            acted = ActedStep(observations, actions, log_probs, policy_version, images, memory, action_modifiers)
            self._writer.begin(agent_ids, acted, noise_scale == 1.0, is_set_by_hand, is_finite)

    def end_step(self, agent_ids: AgentIds, rewards: npt.ArrayLike, completions: npt.ArrayLike) -> Closing:
        """Gives the last actions their rewards. Agents that have not acted yet are passed over.

        Args:
            agent_ids: int64[n], rising.
            rewards: [n], as float32; a step whose reward is not finite is cut away, and reported once per agent.
            completions: [n], `Completion` numbers.

        Returns:
            Whose recorded episodes end here, by their completion or by `max_episode_step_count`: `close_segments`
            wants their final observations, which must be gathered before the agents are reset.
        """
        reward: FloatArray = np.asarray(rewards, dtype=np.float32)
        completion: ByteArray = np.asarray(completions, dtype=np.uint8)
        if not agent_ids.size:
            return _NOBODY
        broken = self._writer.end(agent_ids, reward)
        if broken.size:
            self._reward_reporter.report(broken)
        return self._closing(agent_ids, completion)

    def close_segments(
        self,
        agent_ids: AgentIds,
        completions: npt.ArrayLike,
        final_observations: FloatArray,
        *,
        final_images: ByteArray | None = None,
        final_memory: FloatArray | None = None,
    ) -> None:
        """Closes segments, and, where the completion isn't RUNNING, the episodes with them.

        Args:
            agent_ids: int64[k], each once; those without an open segment only end their episode.
            completions: [k].
            final_observations: float32[k, O], what agents see after their last action and before any reset. One that
                is not finite costs its trajectory the last step, unless it is the observation after a TERMINATION,
                which nothing is bootstrapped from; that one is sent as zeros.
            final_images: uint8[k, I], likewise; needed where I isn't 0.
            final_memory: float32[k, H], after the last evaluation; needed where H isn't 0.

        Raises:
            CollectionError: an array that is needed is not given.
        """
        if self._needed:
            self._check_given("close_segments", images=final_images, memory=final_memory)
        completion: ByteArray = np.asarray(completions, dtype=np.uint8)
        if len(agent_ids):
            self._writer.close(agent_ids, completion, FinalState(final_observations, final_images, final_memory))
            self.tally.end(agent_ids[completion != Completion.RUNNING])

    def cut_all(
        self,
        final_observations: FloatArray,
        *,
        final_images: ByteArray | None = None,
        final_memory: FloatArray | None = None,
    ) -> None:
        """Cuts every open segment where it stands; the episodes go on.

        Args:
            final_observations: float32[n, O], what the `open_agent_ids` see, in their order.
            final_images: uint8[n, I], likewise; needed where I isn't 0.
            final_memory: float32[n, H], what they remember after the last evaluation; needed where H isn't 0.

        Raises:
            CollectionError: an array that is needed is not given.
        """
        agent_ids = self.open_agent_ids
        running = np.zeros(len(agent_ids), np.uint8)
        self.close_segments(
            agent_ids, running, final_observations, final_images=final_images, final_memory=final_memory
        )

    def take(self) -> ExperienceBatch | None:
        """Hands off the present buffer and goes on with the next free one, or unrecorded where there is none.

        Returns:
            The batch, made of views that stay as they are until `release`; None where nothing was recorded.

        Raises:
            CollectionError: a segment is open.
        """
        if self.open_agent_ids.size:
            raise CollectionError(
                f"take: the segments of agents {self.open_agent_ids.tolist()} are open; call cut_all with their final "
                "observations first"
            )
        self._writer.leave_buffer()
        return self._buffers.take(self.counts, self.tally)

    def release(self, batch_id: int) -> bool:
        """Lets the buffer of a batch that the trainer is done with be written again; false where it is unknown."""
        return self._buffers.release(batch_id)

    def number_batches_from(self, batch_id: int) -> None:
        """The next batch that is taken has this id, above all before; it rises by one with each."""
        self._buffers.number_from(batch_id)

    def retire_in_flight(self) -> None:
        """Batches in flight keep their memory for good; others take its place as they are released.

        For memory that a trainer reads which was given up, and which may go on reading when it wakes.
        """
        self._buffers.retire_in_flight()

    # --- Agents that come, go and begin anew -----------------------------------------------------------------------

    def begin_agents(self, agent_ids: AgentIds) -> None:
        """New agents, or agents that were reset: their next step is the first of a new episode."""
        self.interrupt(agent_ids)
        self.tally.begin(agent_ids)

    def end_agents(self, agent_ids: AgentIds) -> None:
        """Agents that were removed."""
        self.begin_agents(agent_ids)
        self._writer.give_back(agent_ids)

    def interrupt(self, agent_ids: AgentIds) -> None:
        """Cuts these agents' trajectories at the last transition that is whole.

        An action that waits for its reward is dropped, and what was seen at it is the bootstrap. Where none waits, the
        last step is dropped in its stead, since nobody has seen what came of it.
        """
        self._writer.interrupt(agent_ids)

    def _closing(self, agent_ids: AgentIds, completions: ByteArray) -> Closing:
        if not self._max_episode_step_count and not np.count_nonzero(completions):
            return _NOBODY
        ends: BoolArray = completions.astype(np.bool_)
        if self._max_episode_step_count:
            ends |= self.tally.steps[agent_ids] >= self._max_episode_step_count
        if not np.count_nonzero(ends):
            return _NOBODY
        return Closing(agent_ids[ends], np.maximum(completions[ends], np.uint8(Completion.TRUNCATION)))

    def _check_given(self, call: str, **arrays: npt.NDArray[np.generic] | None) -> None:
        missing = [name for name in self._needed if name in arrays and arrays[name] is None]
        if missing:
            raise CollectionError(f"{call}: expected {' and '.join(missing)}, which this recorder hands off, got none")
