"""Recording what a policy's agents see, do and remember: the vectors of a tick on their way into a recorder."""

from __future__ import annotations

import numpy as np

from host_sdk.collection.lane_buffer import AllocateFloats, touched_floats
from host_sdk.collection.segment_log import FinalState
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.policy import Policy
from host_sdk.trajectory_recorder import TrajectoryRecorder
from protocol.collection_contract import CollectionContract
from protocol.experience import ByteArray, ExperienceBatch, FloatArray


class PolicyRecording:
    """Hands a policy's steps to a recorder, with images and memory where there are any.

    A tick is `begin_step` after each inference, and `end_step` once its outcome is known, before any reset.

    Attributes:
        recorder: whose other calls are for the owner.
    """

    def __init__(
        self,
        policy: Policy,
        contract: CollectionContract,
        *,
        max_episode_step_count: int = 0,
        allocate: AllocateFloats = touched_floats,
    ) -> None:
        """Takes all memory that it will need.

        Args:
            policy: whose steps are recorded.
            contract: as for `TrajectoryRecorder`, like the others.
            max_episode_step_count: likewise; agents go on remembering where only the record ends.
            allocate: likewise.

        Raises:
            CollectionError: the contract asks for more than a batch may hold.
        """
        interactor = policy.interactor
        memory_size = policy.get_memory_state_size()
        self.recorder = TrajectoryRecorder(
            interactor.observation_layout,
            interactor.action_layout,
            policy.manager.max_agent_count,
            contract,
            max_episode_step_count=max_episode_step_count,
            modifier_size=interactor.get_action_modifier_vector_size(),
            memory_size=memory_size,
            allocate=allocate,
        )
        self._policy = policy
        self._interactor = interactor
        self._buffer = interactor.buffer
        self._images = self._buffer.image_vectors if interactor.observation_layout.image_size else None
        self._memory = policy.memory if memory_size else None

    def begin_step(self, agent_ids: AgentIds, action_noise_scale: float) -> None:
        """Takes in what the policy has just decided; see `Policy.after_inference`."""
        buffer = self._buffer
        self.recorder.begin_step(
            agent_ids,
            buffer.observation_vectors,
            buffer.action_vectors,
            self._policy.log_probs,
            policy_version=self._policy.version,
            images=self._images,
            memory=None if self._memory is None else self._memory.before,
            action_modifiers=self._buffer.action_modifiers if self._buffer.modifier_size else None,
            noise_scale=action_noise_scale,
            is_set_by_hand=buffer.is_set_by_hand,
            is_finite=buffer.is_finite,
        )

    def end_step(self, agent_ids: AgentIds, rewards: FloatArray, completions: ByteArray) -> None:
        """Gives the last actions their rewards, and closes the episodes that end with them.

        Args:
            agent_ids: int64[n], rising.
            rewards: float32[n].
            completions: uint8[n], `Completion` numbers.
        """
        closing = self.recorder.end_step(agent_ids, rewards, completions)
        if closing.agent_ids.size:
            final = self._final_state(closing.agent_ids)
            self.recorder.close_segments(
                closing.agent_ids,
                closing.completions,
                final.observations,
                final_images=final.images,
                final_memory=final.memory,
            )

    def take(self) -> ExperienceBatch | None:
        """Cuts all that is open and hands it off; None where nothing was recorded."""
        final = self._final_state(self.recorder.open_agent_ids)
        self.recorder.cut_all(final.observations, final_images=final.images, final_memory=final.memory)
        return self.recorder.take()

    def _final_state(self, agent_ids: AgentIds) -> FinalState:
        """What agents see now, and remember after their last evaluation."""
        images = None if self._images is None else np.empty((len(agent_ids), self._images.shape[1]), dtype=np.uint8)
        observations = self._interactor.peek_observations(agent_ids, out_images=images)
        memory = None if self._memory is None else self._memory.states[agent_ids]
        return FinalState(observations, images, memory)
