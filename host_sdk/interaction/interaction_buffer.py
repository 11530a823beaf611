"""What an interactor holds for each agent: vectors, and counters that tell which call of a step came last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import DoubledCallError, MissingCallError
from host_sdk.interaction.agent_selection import AgentIds, Selector, selector_of

FloatArray: TypeAlias = npt.NDArray[np.float32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
UInt64Array: TypeAlias = npt.NDArray[np.uint64]


ONE_STEP = np.array(1, dtype=np.uint64)
"""Added by `counter[agents] = counter[agents] + ONE_STEP`, which costs half of what `+=` does for a single agent."""


class InteractionBuffer:
    """Vectors and iteration counters of all agent slots.

    A step of an agent is observed → decided → performed, and each counter counts how often that happened since the
    agent was added or reset; so observed ≥ decided ≥ performed, and they differ by one at most. An agent whose counter
    is still 0 where others have gone on came in between, and waits for the next step.

    Attributes:
        observation_vectors: float32[max, O].
        image_vectors: uint8[max, I], the images of the same observations.
        action_vectors: float32[max, A], as sampled.
        action_modifiers: float32[max, M], what bound the same actions.
        modifier_size: M, 0 where the game makes no modifiers.
        observed: uint64[max].
        modified: uint64[max], as high as `observed` once the modifier was made; it stays 0 where M is.
        decided: uint64[max].
        performed: uint64[max].
        is_set_by_hand: bool[max], whether the action came from `set_action_vector` or a controller.
        is_finite: bool[max], whether the last observation was; one that wasn't is held as zeros.
        agent_ids: the ids of the last `select`.
        selector: the same ids as an index.
        before_beginning: called with agents that are about to begin anew, while all that is known of them stands.
    """

    def __init__(
        self,
        max_agent_count: int,
        observation_size: int,
        action_size: int,
        image_size: int = 0,
        modifier_size: int = 0,
    ) -> None:
        self.observation_vectors: FloatArray = np.zeros((max_agent_count, observation_size), dtype=np.float32)
        self.image_vectors: ByteArray = np.zeros((max_agent_count, image_size), dtype=np.uint8)
        self.action_vectors: FloatArray = np.zeros((max_agent_count, action_size), dtype=np.float32)
        self.action_modifiers: FloatArray = np.zeros((max_agent_count, modifier_size), dtype=np.float32)
        self.modifier_size = modifier_size
        self.observed: UInt64Array = np.zeros(max_agent_count, dtype=np.uint64)
        self.modified: UInt64Array = np.zeros(max_agent_count, dtype=np.uint64)
        self.decided: UInt64Array = np.zeros(max_agent_count, dtype=np.uint64)
        self.performed: UInt64Array = np.zeros(max_agent_count, dtype=np.uint64)
        self.is_set_by_hand: BoolArray = np.zeros(max_agent_count, dtype=np.bool_)
        self.is_finite: BoolArray = np.ones(max_agent_count, dtype=np.bool_)
        self.agent_ids: AgentIds = np.zeros(0, dtype=np.int64)
        self.selector: Selector = slice(0, 0)
        self.before_beginning: list[Callable[[AgentIds], None]] = []

    def select(self, agent_ids: AgentIds) -> None:
        """Makes these the agents of the calls below; cheap while the array is the same one."""
        if agent_ids is not self.agent_ids:
            self.agent_ids = agent_ids
            self.selector = selector_of(agent_ids)

    def begin_agents(self, agent_ids: AgentIds) -> None:
        """Agents begin anew: nothing has been observed, decided or performed."""
        for hear in self.before_beginning:
            hear(agent_ids)
        for counter in (self.observed, self.modified, self.decided, self.performed):
            counter[agent_ids] = 0
        self.is_set_by_hand[agent_ids] = False
        self.is_finite[agent_ids] = True

    def check_observation_due(self, call: str) -> None:
        """Raises a CallOrderError where an agent's last step isn't through; the next call then begins a new one."""
        agents = self.selector
        if not np.count_nonzero(self.observed[agents] != self.performed[agents]):
            return
        ids = self.agent_ids
        undecided = ids[self.observed[ids] != self.decided[ids]]
        unperformed = ids[self.decided[ids] != self.performed[ids]]
        self.decided[ids] = self.observed[ids]
        self.performed[ids] = self.observed[ids]
        if undecided.size:
            remedy = "let Policy.run_inference, or evaluate, sample and perform, come between two observations"
            raise DoubledCallError(call, _names(undecided), remedy)
        remedy = "call perform_actions after the actions were sampled or set"
        raise MissingCallError(call, "perform_actions", _names(unperformed), remedy)

    def set_observation(self, agent_id: int, vector: FloatArray, *, is_counted: bool) -> None:
        """Puts in one agent's observation from outside. Raises DoubledCallError where a counted one waits already."""
        if is_counted:
            if self.observed[agent_id] != self.performed[agent_id]:
                remedy = "pass increment_iteration=False to replace the observation of the same step"
                raise DoubledCallError("set_observation_vector", (agent_id,), remedy)
            self.observed[agent_id] += 1
        self.observation_vectors[agent_id] = vector
        self.is_finite[agent_id] = True

    def set_action(self, agent_id: int, vector: FloatArray, *, is_counted: bool) -> None:
        """Puts in one agent's action from outside; likewise, and MissingCallError where it has no observation."""
        if is_counted:
            if self.decided[agent_id] != self.performed[agent_id]:
                remedy = "pass increment_iteration=False to replace the action of the same step"
                raise DoubledCallError("set_action_vector", (agent_id,), remedy)
            if self.observed[agent_id] == self.decided[agent_id]:
                remedy = "an action answers an observation; call that first"
                raise MissingCallError("set_action_vector", "gather_observations", (agent_id,), remedy)
            self.decided[agent_id] = self.observed[agent_id]
        self.action_vectors[agent_id] = vector
        self.is_set_by_hand[agent_id] = True

    def set_actions(self, agents: Selector, vectors: FloatArray) -> None:
        """Puts in the actions of agents that were observed, float32[n, A], in the place of a policy's or another's."""
        self.action_vectors[agents] = vectors
        self.decided[agents] = self.observed[agents]
        self.is_set_by_hand[agents] = True

    def set_action_modifier(self, agent_id: int, vector: FloatArray, *, is_counted: bool) -> None:
        """Puts in one agent's modifier from outside; likewise."""
        if is_counted:
            if self.observed[agent_id] == self.decided[agent_id]:
                remedy = "a modifier is of the action that answers an observation; call that first"
                raise MissingCallError("set_action_modifier_vector", "gather_observations", (agent_id,), remedy)
            if self.modified[agent_id] == self.observed[agent_id]:
                remedy = "pass increment_iteration=False to replace the modifier of the same step"
                raise DoubledCallError("set_action_modifier_vector", (agent_id,), remedy)
            self.modified[agent_id] = self.observed[agent_id]
        self.action_modifiers[agent_id] = vector

    def modification_due_agents(self, call: str) -> AgentIds:
        """Whose action awaits a modifier; raises as `action_due_agents`, and DoubledCallError where it has one."""
        ids = self.action_due_agents(call)
        done = ids[self.modified[ids] == self.observed[ids]]
        if done.size:
            remedy = "call it once between two observations; Policy.run_inference does all in order"
            raise DoubledCallError(call, _names(done), remedy)
        return ids

    def modifiers_of(self, agents: Selector, call: str) -> FloatArray | None:
        """float32[n, M] of actions about to be sampled; None where M is 0. Raises MissingCallError without them."""
        if not self.modifier_size:
            return None
        if np.count_nonzero(self.modified[agents] != self.observed[agents]):
            ids = np.arange(len(self.modified))[agents]
            remedy = "call that between gather_observations and this; Policy.run_inference does all in order"
            missing = _names(ids[self.modified[ids] != self.observed[ids]])
            raise MissingCallError(call, "make_action_modifiers", missing, remedy)
        return self.action_modifiers[agents]

    def action_due_agents(self, call: str) -> AgentIds:
        """Whose observation awaits an action; all but those that came in between.

        Raises:
            MissingCallError: nobody's, or not that of an agent which has been observed before.
        """
        remedy = "call gather_observations first; Policy.run_inference does all in order"
        return self._due_agents(call, self.observed, self.decided, "gather_observations", remedy)

    def performance_due_agents(self, call: str) -> AgentIds:
        """Whose action awaits its performance, likewise."""
        remedy = "call decode_and_sample_actions or set_action_vector first; Policy.run_inference does all in order"
        return self._due_agents(call, self.decided, self.performed, "decode_and_sample_actions", remedy)

    def _due_agents(self, call: str, ahead: UInt64Array, behind: UInt64Array, missing: str, remedy: str) -> AgentIds:
        agents = self.selector
        is_due = ahead[agents] != behind[agents]
        ids = self.agent_ids
        due_count = np.count_nonzero(is_due)  # at once, where `all` and `any` take most of a microsecond
        if due_count == len(ids):
            return ids
        idle = ids[~is_due]
        at_fault = idle[ahead[idle] > 0] if due_count else idle
        if at_fault.size:
            raise MissingCallError(call, missing, _names(at_fault), remedy)
        due: AgentIds = ids[is_due]
        return due


def _names(agent_ids: AgentIds) -> tuple[int, ...]:
    return tuple(agent_ids.tolist())
