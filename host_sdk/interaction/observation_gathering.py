"""Getting the observations of many agents from a game's callback into vectors."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.finiteness import NonFiniteReporter, are_finite
from host_sdk.interaction.interaction_buffer import ONE_STEP, InteractionBuffer
from host_sdk.interaction.interactor_callbacks import InteractorCallbacks, ObservationObjectElements
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.observation_object import ObservationObject, ObservationObjectElement
from protocol.observation_layout import ObservationLayout
from protocol.schema import ObservationElement

FloatArray: TypeAlias = npt.NDArray[np.float32]


class ObservationGathering:
    """Calls `gather_agent_observations` and writes what it returns into rows of floats.

    Attributes:
        observation_object: what the callback is given.
        observation_object_elements: what it last returned in a step.
    """

    def __init__(self, callbacks: InteractorCallbacks, element: ObservationElement, buffer: InteractionBuffer) -> None:
        """
        Args:
            callbacks: the game's interactor.
            element: its observation schema.
            buffer: whose observation vectors are written.
        """
        self.observation_object = ObservationObject()
        self.observation_object_elements: ObservationObjectElements = []
        self._callbacks = callbacks
        self._element = element
        self._buffer = buffer
        layout = ObservationLayout.of(element)
        self._reporter = NonFiniteReporter(layout)
        self._single_row: FloatArray = np.zeros(layout.size, dtype=np.float32)
        self._single_writer = ObservationWriter(element, self._single_row)
        self._rows: FloatArray = buffer.observation_vectors[:0]
        self._writer = ObservationWriter(element, self._rows)
        self._has_own_rows = False
        self._agent_ids: AgentIds = buffer.agent_ids
        self._peeked: FloatArray = np.zeros((0, layout.size), dtype=np.float32)
        self._peek_writer = self._writer

    def select(self, agent_ids: AgentIds) -> None:
        """Makes these the agents of `gather`; cheap while the array is the same one."""
        self._buffer.select(agent_ids)
        if agent_ids is self._agent_ids:
            return
        self._agent_ids = agent_ids
        selector, vectors = self._buffer.selector, self._buffer.observation_vectors
        # Slots in an unbroken run are written in place; others by way of rows of their own.
        self._has_own_rows = not isinstance(selector, slice)
        self._rows = (
            np.zeros((len(agent_ids), vectors.shape[1]), np.float32) if self._has_own_rows else vectors[selector]
        )
        self._writer = ObservationWriter(self._element, self._rows)

    def gather(self) -> None:
        """Gathers for the selected agents, of whom there must be some, and counts it. Raises ValueMismatchError."""
        buffer = self._buffer
        agent_ids, agents = buffer.agent_ids, buffer.selector
        rows, writer, has_own_rows = self._rows, self._writer, self._has_own_rows
        elements = self._callbacks.gather_agent_observations(self.observation_object, agent_ids)
        self.observation_object_elements = elements
        self._write(elements, rows, writer, agent_ids)
        buffer.is_finite[agents] = True
        if not are_finite(rows):
            is_row_finite = self._reporter.report(agent_ids, rows)
            rows[~is_row_finite] = 0.0
            buffer.is_finite[agent_ids] = is_row_finite
        if has_own_rows:
            buffer.observation_vectors[agent_ids] = rows
        buffer.observed[agents] = buffer.observed[agents] + ONE_STEP

    def peek(self, agent_ids: AgentIds, rows: FloatArray) -> None:
        """Gathers into `rows`, float32[n, O], and nowhere else. Raises ValueMismatchError."""
        if not len(agent_ids):
            return
        if len(agent_ids) != len(self._peeked):
            self._peeked = np.zeros_like(rows)
            self._peek_writer = ObservationWriter(self._element, self._peeked)
        elements = self._callbacks.gather_agent_observations(self.observation_object, agent_ids)
        self._write(elements, self._peeked, self._peek_writer, agent_ids)
        rows[...] = self._peeked
        if not are_finite(self._peeked):
            self._reporter.report(agent_ids, rows)

    def _write(
        self, elements: ObservationObjectElements, rows: FloatArray, writer: ObservationWriter, agent_ids: AgentIds
    ) -> None:
        if isinstance(elements, ObservationObjectElement):
            writer.write(elements, agent_ids)
            return
        if len(elements) != len(agent_ids):
            raise ValueMismatchError(
                "gather_agent_observations",
                f"a list of {len(agent_ids)} elements, one for each agent, or one batched element",
                f"a list of {len(elements)}",
            )
        for index, (element, agent_id) in enumerate(zip(elements, agent_ids.tolist(), strict=True)):
            self._single_writer.write(element, (agent_id,))
            rows[index] = self._single_row
