"""From steps to episodes: which steps of an agent belong together, and where an episode must be cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from host_sdk.collection.step_store import StepArrays, StepStore
from host_sdk.interaction.agent_selection import AgentIds, Selector
from host_sdk.interaction.finiteness import are_finite
from host_sdk.interaction.interaction_buffer import ONE_STEP, InteractionBuffer
from protocol.completion import Completion
from protocol.experience import ByteArray, FloatArray, Int64Array
from protocol.recording import Episode, EpisodeSizes
from protocol.vector_array import BoolArray

_TRUNCATION = np.uint8(Completion.TRUNCATION)


class EpisodeCollector:
    """Takes steps out of an interactor's buffer once their outcome is known, and hands on each episode as it ends.

    A step that can't be used, since its observation or reward is not finite, its reward never came or its outcome was
    never seen, cuts its episode before it; the cut has the step's own observation for the final one. What the agent
    does after that is another episode.

    Letters: n agents of a call, O observation, I bytes of images.

    Attributes:
        episode_count: episodes handed on.
        step_count: steps of them.
    """

    def __init__(
        self,
        buffer: InteractionBuffer,
        sizes: EpisodeSizes,
        max_step_count: int,
        hand_on: Callable[[Episode], None],
        *,
        actions: FloatArray | None = None,
    ) -> None:
        """
        Args:
            buffer: of the interactor.
            sizes: of the episodes' vectors.
            max_step_count: after which an episode is to be closed.
            hand_on: takes each episode.
            actions: float32[max, A], live, recorded in the place of those that were performed.
        """
        agent_count = len(buffer.observed)
        self.episode_count = 0
        self.step_count = 0
        self._buffer = buffer
        self._max_step_count = max_step_count
        self._hand_on = hand_on
        self._store = StepStore(agent_count, sizes)
        self._rewards: FloatArray = np.full(agent_count, np.nan, dtype=np.float32)
        self._sources = StepArrays(
            buffer.observation_vectors,
            buffer.image_vectors,
            buffer.action_vectors if actions is None else actions,
            buffer.action_modifiers,
            self._rewards,
        )
        self._first_row: Int64Array = np.full(agent_count, -1, dtype=np.int64)
        # The step of each agent that was looked at last, as the buffer counts them; the present ones weren't.
        self._recorded = buffer.performed - np.minimum(buffer.performed, ONE_STEP)

    @property
    def open_agent_ids(self) -> AgentIds:
        """int64[n], rising: who has an open episode."""
        return np.flatnonzero(self._first_row >= 0)

    def unrecorded_agents(self, agent_ids: AgentIds) -> AgentIds:
        """Those of the agents who have acted since they were last recorded."""
        unrecorded: AgentIds = agent_ids[self._buffer.performed[agent_ids] != self._recorded[agent_ids]]
        return unrecorded

    def add(self, agent_ids: AgentIds, agents: Selector, rewards: FloatArray | None) -> AgentIds:
        """Takes in the steps that agents have just been rewarded for.

        Args:
            agent_ids: int64[n], rising.
            agents: the same as an index.
            rewards: float32[n]; None where nobody gives any.

        Returns:
            Whose reward was not finite.
        """
        buffer, first_row = self._buffer, self._first_row
        # What doesn't follow upon the last recorded step, or upon nothing, is not the next one of an episode.
        is_open = first_row[agents] >= 0
        is_late = is_open & (buffer.performed[agents] - self._recorded[agents] != 1)
        if np.count_nonzero(is_late):
            self.cut_before_last_step(agent_ids[is_late])
        if np.count_nonzero(is_open) != np.count_nonzero(first_row >= 0):
            self.cut_before_last_step(np.setdiff1d(self.open_agent_ids, agent_ids))
        self._recorded[agents] = buffer.performed[agents]
        is_usable: BoolArray = buffer.is_finite[agents]
        unrewarded = agent_ids[:0]
        if np.count_nonzero(is_usable) < len(agent_ids):
            self.cut_before_last_step(agent_ids[~is_usable])
        if rewards is not None:
            self._rewards[agents] = rewards
            if not are_finite(rewards):
                is_rewarded: BoolArray = np.isfinite(rewards)
                unrewarded = agent_ids[~is_rewarded]
                self._cut_at_observation(agent_ids[is_usable & ~is_rewarded])
                is_usable = is_usable & is_rewarded
        if np.count_nonzero(is_usable) < len(agent_ids):
            agent_ids = agents = agent_ids[is_usable]
        if agent_ids.size:
            self._write(agents)
        return unrewarded

    def ended(self, agent_ids: AgentIds, completions: ByteArray) -> tuple[AgentIds, ByteArray]:
        """Whose open episodes end with the step just taken in, by their completion or their length, and how."""
        first_row = self._first_row[agent_ids]
        ends: BoolArray = completions.astype(np.bool_)
        ends |= self._store.row - first_row >= self._max_step_count
        ends &= first_row >= 0
        return agent_ids[ends], np.maximum(completions[ends], _TRUNCATION)

    def close(
        self, agent_ids: AgentIds, completions: ByteArray, final_observations: FloatArray, final_images: ByteArray
    ) -> None:
        """Closes open episodes after their last step.

        Args:
            agent_ids: int64[n].
            completions: uint8[n], TRUNCATION or TERMINATION.
            final_observations: float32[n, O], what they see now. One that is not finite costs its episode the last
                step, unless the episode was terminated; nothing follows there, and zeros stand for it.
            final_images: uint8[n, I], likewise.
        """
        is_usable: BoolArray = np.logical_and.reduce(np.isfinite(final_observations), axis=1)
        is_terminated = completions == Completion.TERMINATION
        finals = np.where(is_usable[:, np.newaxis], final_observations, np.float32(0.0))
        for index, agent_id in enumerate(agent_ids.tolist()):
            if is_usable[index] or is_terminated[index]:
                self._end(agent_id, finals[index], final_images[index], Completion(int(completions[index])))
            else:
                self._end_before_last_step(agent_id)

    def interrupt(self, agent_ids: AgentIds) -> None:
        """Cuts the open episodes of agents that are about to begin anew, who may be somewhere else already.

        The last observation that was gathered is the final one, and a step that it led to is dropped.
        """
        open_ids = agent_ids[self._first_row[agent_ids] >= 0]
        if open_ids.size:
            buffer = self._buffer
            has_seen_more = (buffer.observed[open_ids] > self._recorded[open_ids]) & buffer.is_finite[open_ids]
            self._cut_at_observation(open_ids[has_seen_more])
            self.cut_before_last_step(open_ids[~has_seen_more])

    def follow(self, agent_ids: AgentIds) -> None:
        """Agents begin anew: the buffer counts their steps from 0."""
        self._recorded[agent_ids] = 0

    def awaiting_outcome(self, agent_ids: AgentIds) -> BoolArray:
        """bool[n], who has observed since the step that was recorded last."""
        awaiting: BoolArray = self._buffer.observed[agent_ids] > self._recorded[agent_ids]
        return awaiting

    def cut_before_last_step(self, agent_ids: AgentIds) -> None:
        """Ends open episodes with the observation of their last step, whose outcome can't be known."""
        for agent_id in agent_ids[self._first_row[agent_ids] >= 0].tolist():
            self._end_before_last_step(agent_id)

    def _cut_at_observation(self, agent_ids: AgentIds) -> None:
        buffer = self._buffer
        for agent_id in agent_ids[self._first_row[agent_ids] >= 0].tolist():
            final, image = buffer.observation_vectors[agent_id].copy(), buffer.image_vectors[agent_id].copy()
            self._end(agent_id, final, image, Completion.TRUNCATION)

    def _write(self, agents: Selector) -> None:
        store = self._store
        if store.needs_room:
            store.make_room(self._first_row)
        first_row = self._first_row[agents]
        if np.count_nonzero(first_row < 0):
            self._first_row[agents] = np.where(first_row < 0, store.row, first_row)
        store.write(agents, self._sources)

    def _end(self, agent_id: int, final_observation: FloatArray, final_image: ByteArray, how: Completion) -> None:
        steps = self._store.take(agent_id, int(self._first_row[agent_id]), self._store.row)
        self._first_row[agent_id] = -1
        self._emit(agent_id, steps, final_observation, final_image, how)

    def _end_before_last_step(self, agent_id: int) -> None:
        steps = self._store.take(agent_id, int(self._first_row[agent_id]), self._store.row)
        self._first_row[agent_id] = -1
        before = steps.at(slice(0, -1))
        self._emit(agent_id, before, steps.observations[-1], steps.images[-1], Completion.TRUNCATION)

    def _emit(
        self, agent_id: int, steps: StepArrays, final_observation: FloatArray, final_image: ByteArray, how: Completion
    ) -> None:
        if not len(steps.rewards):
            return
        episode = Episode(
            observations=steps.observations,
            images=steps.images,
            actions=steps.actions,
            action_modifiers=steps.action_modifiers,
            rewards=steps.rewards,
            final_observation=final_observation,
            final_image=final_image,
            completion=how,
            agent_id=agent_id,
            serial=self.episode_count,
        )
        self.episode_count += 1
        self.step_count += episode.step_count
        self._hand_on(episode)
