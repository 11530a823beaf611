"""Getting the modifiers of many agents' actions from a game's callback into vectors."""

from __future__ import annotations

import numpy as np

from host_sdk.action_modifier import ActionModifier
from host_sdk.action_modifier_element import ActionModifierElement
from host_sdk.errors import ValueMismatchError
from host_sdk.inference.distribution import ActionDistribution
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.action_modifier_writer import ActionModifierWriter
from host_sdk.interaction.agent_selection import AgentIds, Selector
from host_sdk.interaction.interaction_buffer import InteractionBuffer
from host_sdk.interaction.interactor_callbacks import ActionModifierElements, InteractorCallbacks
from protocol.errors import SchemaError
from protocol.limits import MAX_ACTION_SIZE
from protocol.vector_array import BoolArray, FloatArray


class ActionModification:
    """Calls `make_agent_action_modifiers` and writes what it returns into rows of floats.

    Attributes:
        action_modifier: what the callback is given.
        action_modifier_elements: what it last returned.
    """

    def __init__(self, callbacks: InteractorCallbacks, decoder: ActionDecoder, buffer: InteractionBuffer) -> None:
        """
        Args:
            callbacks: the game's interactor.
            decoder: of its action schema.
            buffer: whose modifier vectors are written.

        Raises:
            SchemaError: a modifier of such an action is larger than one may be.
        """
        layout = decoder.layout
        if layout.modifier_size > MAX_ACTION_SIZE:
            expected = f"at most {MAX_ACTION_SIZE} floats in the modifier of an action that is modified"
            raise SchemaError("$", expected, str(layout.modifier_size))
        self.action_modifier = ActionModifier()
        self.action_modifier_elements: ActionModifierElements = []
        self._callbacks = callbacks
        self._buffer = buffer
        self._size = layout.continuous_size
        self._writer = ActionModifierWriter(decoder.node, layout)
        self._distribution = ActionDistribution(layout, max_batch=1)
        # What was given in the game's own units, which the policy's don't lead back to exactly.
        self._given: FloatArray = np.zeros((len(buffer.action_vectors), self._size), dtype=np.float32)

    def make(self) -> None:
        """Makes those of the selected agents whose observation awaits an action, and counts it.

        Raises:
            CallOrderError: they were made before, or nothing was observed.
            ValueMismatchError: a modifier doesn't fit the schema.
        """
        buffer = self._buffer
        agent_ids = buffer.modification_due_agents("make_action_modifiers")
        agents = buffer.selector if agent_ids is buffer.agent_ids else agent_ids
        elements = self._callbacks.make_agent_action_modifiers(self.action_modifier, agent_ids)
        self.action_modifier_elements = elements
        # A slice gives views to write into; other slots get their rows from arrays of their own.
        rows, given = buffer.action_modifiers[agents], self._given[agents]
        self._write(elements, rows, given, agent_ids)
        if not isinstance(agents, slice):
            buffer.action_modifiers[agents] = rows
            self._given[agents] = given
        buffer.modified[agents] = buffer.observed[agents]

    def set(self, agent_id: int, vector: FloatArray, *, is_counted: bool) -> None:
        """Puts in one agent's modifier from outside. Raises as `make`."""
        self._writer.check_vector(vector, agent_id)
        self._buffer.set_action_modifier(agent_id, vector, is_counted=is_counted)
        actions = np.zeros((1, self._buffer.action_vectors.shape[1]), dtype=np.float32)
        actions[0, : self._size] = vector[: self._size]
        self._given[agent_id] = self._distribution.to_delivered(actions)[0, : self._size]

    def given(self, agents: Selector) -> tuple[FloatArray, BoolArray] | None:
        """float32[n, C] and bool[n, C], numbers in the game's own units and which of them the game gave."""
        if not self._size:
            return None
        buffer, size = self._buffer, self._size
        flags = buffer.action_modifiers[agents, size : 2 * size] > 0.5
        is_set_by_hand = buffer.is_set_by_hand[agents, np.newaxis]
        if np.count_nonzero(is_set_by_hand):
            # Whoever sets an action by hand has the last word, unless they kept what was given.
            flags &= ~is_set_by_hand | (buffer.action_vectors[agents, :size] == buffer.action_modifiers[agents, :size])
        return self._given[agents], flags

    def _write(
        self, elements: ActionModifierElements, rows: FloatArray, given: FloatArray, agent_ids: AgentIds
    ) -> None:
        if isinstance(elements, ActionModifierElement):
            self._writer.write(elements, rows, given, agent_ids, is_batched=True)
            return
        if len(elements) != len(agent_ids):
            raise ValueMismatchError(
                "make_agent_action_modifiers",
                f"a list of {len(agent_ids)} modifiers, one for each agent, or one batched modifier",
                f"a list of {len(elements)}",
            )
        for index, (element, agent_id) in enumerate(zip(elements, agent_ids.tolist(), strict=True)):
            row = slice(index, index + 1)
            self._writer.write(element, rows[row], given[row], (agent_id,), is_batched=False)
