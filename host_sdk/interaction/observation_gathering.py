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
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_value import ObservationObjectElement
from protocol.limits import MEBIBYTE
from protocol.schema import ObservationElement

FloatArray: TypeAlias = npt.NDArray[np.float32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]

_KEPT_BYTES = 4 * MEBIBYTE
"""Of rows for numbers of agents that were peeked at, which are bound to the schema's elements; the last are kept."""


class ObservationGathering:
    """Calls `gather_agent_observations` and writes what it returns into rows of floats and of images.

    Attributes:
        observation_object: what the callback is given.
        observation_object_elements: what it last returned in a step.
    """

    def __init__(self, callbacks: InteractorCallbacks, element: ObservationElement, buffer: InteractionBuffer) -> None:
        """
        Args:
            callbacks: the game's interactor.
            element: its observation schema.
            buffer: whose observation and image vectors are written.
        """
        self.observation_object = ObservationObject()
        self.observation_object_elements: ObservationObjectElements = []
        self._callbacks = callbacks
        self._element = element
        self._buffer = buffer
        self._has_images = element.image_size > 0
        self._reporter = NonFiniteReporter(element)
        self._single = _Rows.of_one(element)
        self._rows = _Rows(element, buffer.observation_vectors[:0], buffer.image_vectors[:0])
        self._has_own_rows = False
        self._agent_ids: AgentIds = buffer.agent_ids
        self._peeked: dict[int, _Rows] = {}

    def select(self, agent_ids: AgentIds) -> None:
        """Makes these the agents of `gather`; cheap while the array is the same one."""
        self._buffer.select(agent_ids)
        if agent_ids is self._agent_ids:
            return
        self._agent_ids = agent_ids
        buffer, selector = self._buffer, self._buffer.selector
        # Slots in an unbroken run are written in place; others by way of rows of their own.
        self._has_own_rows = not isinstance(selector, slice)
        if self._has_own_rows:
            self._rows = _Rows.of_many(self._element, len(agent_ids))
        else:
            self._rows = _Rows(self._element, buffer.observation_vectors[selector], buffer.image_vectors[selector])

    def gather(self) -> None:
        """Gathers for the selected agents, of whom there must be some, and counts it. Raises ValueMismatchError."""
        buffer = self._buffer
        agent_ids, agents = buffer.agent_ids, buffer.selector
        rows, has_own_rows = self._rows, self._has_own_rows
        elements = self._callbacks.gather_agent_observations(self.observation_object, agent_ids)
        self.observation_object_elements = elements
        self._write(elements, rows, agent_ids)
        buffer.is_finite[agents] = True
        if not are_finite(rows.floats):
            is_row_finite = self._reporter.report(agent_ids, rows.floats)
            rows.floats[~is_row_finite] = 0.0
            rows.images[~is_row_finite] = 0
            buffer.is_finite[agent_ids] = is_row_finite
        if has_own_rows:
            buffer.observation_vectors[agent_ids] = rows.floats
            if self._has_images:
                buffer.image_vectors[agent_ids] = rows.images
        buffer.observed[agents] = buffer.observed[agents] + ONE_STEP

    def peek(self, agent_ids: AgentIds, rows: FloatArray, image_rows: ByteArray | None = None) -> None:
        """Gathers into float32[n, O] and, where wanted, uint8[n, I], and nowhere else. Raises ValueMismatchError."""
        if not len(agent_ids):
            return
        peeked = self._peeked_rows(len(agent_ids))
        elements = self._callbacks.gather_agent_observations(self.observation_object, agent_ids)
        self._write(elements, peeked, agent_ids)
        rows[...] = peeked.floats
        if image_rows is not None:
            image_rows[...] = peeked.images
        if not are_finite(peeked.floats):
            self._reporter.report(agent_ids, rows)

    def _peeked_rows(self, count: int) -> _Rows:
        """Rows for so many agents, which are kept, since other numbers of episodes end with every tick."""
        rows = self._peeked.get(count)
        if rows is None:
            rows = _Rows.of_many(self._element, count)
            if sum(kept.byte_count for kept in self._peeked.values()) + rows.byte_count > _KEPT_BYTES:
                self._peeked.clear()
            self._peeked[count] = rows
        return rows

    def _write(self, elements: ObservationObjectElements, rows: _Rows, agent_ids: AgentIds) -> None:
        if isinstance(elements, ObservationObjectElement):
            rows.writer.write(elements, agent_ids)
            return
        if len(elements) != len(agent_ids):
            raise ValueMismatchError(
                "gather_agent_observations",
                f"a list of {len(agent_ids)} elements, one for each agent, or one batched element",
                f"a list of {len(elements)}",
            )
        single = self._single
        for index, (element, agent_id) in enumerate(zip(elements, agent_ids.tolist(), strict=True)):
            single.writer.write(element, (agent_id,))
            rows.floats[index] = single.floats
            if self._has_images:
                rows.images[index] = single.images


class _Rows:
    """Rows of floats and of images, and the writer that is bound to them."""

    def __init__(self, element: ObservationElement, floats: FloatArray, images: ByteArray) -> None:
        self.floats = floats
        self.images = images
        self.writer = ObservationWriter(element, floats, images)
        self.byte_count = floats.nbytes + images.nbytes

    @classmethod
    def of_one(cls, element: ObservationElement) -> _Rows:
        """For one agent, without an agent axis."""
        return cls(element, np.zeros(element.vector_size, np.float32), np.zeros(element.image_size, np.uint8))

    @classmethod
    def of_many(cls, element: ObservationElement, count: int) -> _Rows:
        """For so many agents."""
        floats, images = (count, element.vector_size), (count, element.image_size)
        return cls(element, np.zeros(floats, np.float32), np.zeros(images, np.uint8))
