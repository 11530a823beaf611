"""New weights on their way into use: copied and looked through bit by bit, so that large ones cost no tick."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.messages import PolicyUpdate
from protocol.weights import are_finite

FloatArray: TypeAlias = npt.NDArray[np.float32]

FLOATS_PER_LOOK = 500_000
"""Some tenths of a millisecond."""


class ArrivingWeights:
    """An update whose numbers are taken out of the message's memory, which is the trainer's, or the socket's.

    Attributes:
        update: as it came.
        policy: float32[P], a copy as far as `look` has come.
        critic: float32[Q], likewise; None where the update has none.
        is_finite: whether all numbers looked at so far are.
    """

    def __init__(self, update: PolicyUpdate) -> None:
        self.update = update
        self.policy: FloatArray = np.empty_like(update.weights)
        self.critic: FloatArray | None = None
        self.is_finite = True
        self._unseen = [(update.weights, self.policy)]
        if update.critic_weights is not None:
            self.critic = np.empty_like(update.critic_weights)
            self._unseen.append((update.critic_weights, self.critic))

    def look(self, float_count: int = FLOATS_PER_LOOK) -> bool:
        """Takes so many more numbers; whether all have been taken."""
        while self._unseen and float_count > 0:
            source, target = self._unseen.pop()
            np.copyto(target[:float_count], source[:float_count])
            self.is_finite &= are_finite(target[:float_count])
            if len(source) > float_count:
                self._unseen.append((source[float_count:], target[float_count:]))
            float_count -= len(source)
        return not self._unseen
