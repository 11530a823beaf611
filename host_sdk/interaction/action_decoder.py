"""From action vectors, as they were sampled, to what a game gets."""

from __future__ import annotations

import numpy as np

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_node import ActionNode
from host_sdk.inference.distribution import ActionDistribution
from protocol.action_layout import ActionLayout
from protocol.schema import ActionElement
from protocol.vector_array import BoolArray, FloatArray


class ActionDecoder:
    """Knows an action schema."""

    def __init__(self, element: ActionElement) -> None:
        """
        Args:
            element: the action schema.
        """
        self.layout = ActionLayout.of(element)
        self.node = ActionNode.of(element, self.layout)
        self._distribution = ActionDistribution(self.layout, max_batch=1)

    def decode(
        self, action_vectors: FloatArray, given: tuple[FloatArray, BoolArray] | None = None
    ) -> ActionObjectElements:
        """The actions of N agents, in memory of their own.

        Args:
            action_vectors: float32[N, A], as sampled.
            given: float32[N, C] and bool[N, C], numbers that the game itself gave, in its own units, and which.
        """
        delivered = self._distribution.to_delivered(action_vectors)
        if given is not None:
            np.copyto(delivered[:, : self.layout.continuous_size], given[0], where=given[1])
        return ActionObjectElements(self.node, delivered)

    def canonical(self, action_vector: FloatArray) -> FloatArray:
        """float32[A] with zeros for what is not acted, since options above it were not chosen."""
        vector = action_vector.copy()
        for floats, gates in self.layout.gated_levels:
            vector[floats] *= vector[gates]
        return vector
