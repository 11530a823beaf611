"""New weights on their way into use: looked through bit by bit, so that large ones cost no tick."""

from __future__ import annotations

from protocol.messages import PolicyUpdate
from protocol.weights import are_finite

FLOATS_PER_LOOK = 500_000
"""Some tenths of a millisecond."""


class ArrivingWeights:
    """An update whose numbers are being looked at.

    Attributes:
        update: the update.
        is_finite: whether all numbers looked at so far are.
    """

    def __init__(self, update: PolicyUpdate) -> None:
        self.update = update
        self.is_finite = True
        self._unseen = [values for values in (update.weights, update.critic_weights) if values is not None]

    def look(self, float_count: int = FLOATS_PER_LOOK) -> bool:
        """Looks at so many more numbers; whether all have been looked at."""
        while self._unseen and float_count > 0:
            values = self._unseen.pop()
            self.is_finite &= are_finite(values[:float_count])
            if len(values) > float_count:
                self._unseen.append(values[float_count:])
            float_count -= len(values)
        return not self._unseen
