"""Whether a vector that comes from outside is one of a schema's."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.known_schema import describe_mismatch, remember_schema
from protocol.errors import LayoutMismatchError
from protocol.schema import ActionElement, ObservationElement
from protocol.schema_hash import action_hash, observation_hash
from protocol.vector_array import FloatArray


class SchemaIdentity:
    """A schema and its hash, which those vectors carry that are made with it."""

    def __init__(self, what: Literal["observation", "action"], element: ObservationElement | ActionElement) -> None:
        self._what = what
        self._element = element
        self.hash = observation_hash(element) if isinstance(element, ObservationElement) else action_hash(element)
        remember_schema(self.hash, element)

    def check(self, their_hash: int, agent_id: int) -> None:
        """Refuses a vector of another schema. Raises LayoutMismatchError, which names what differs."""
        if their_hash != self.hash:
            what, difference = self._what, describe_mismatch(self._element, self.hash, their_hash)
            raise LayoutMismatchError(
                f"the {what} vector for agent {agent_id} was made with another {what} schema than this interactor's: "
                f"{difference}; specify the same {what} on both sides"
            )

    def checked(self, name: str, vector: npt.ArrayLike, size: int, their_hash: int, agent_id: int) -> FloatArray:
        """The vector as float32[size].

        Args:
            name: of the vector, for messages.
            vector: as it came.
            size: that it must have.
            their_hash: that came with it.
            agent_id: whose it is.

        Raises:
            LayoutMismatchError: it belongs to another schema.
            ValueMismatchError: it has another size, or is not finite.
        """
        self.check(their_hash, agent_id)
        array: FloatArray = np.asarray(vector, dtype=np.float32)
        if array.shape != (size,) or not np.isfinite(array).all():
            received = f"shape {array.shape}" if array.shape != (size,) else "numbers that are not finite"
            raise ValueMismatchError(f"{name} vector", f"{size} finite floats", received, f"agent {agent_id}")
        return array
