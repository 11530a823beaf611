"""Room for the weights of one behavior on their way to one host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.messages import PolicyUpdate, Release
from protocol.shared_memory.arena_carrier import ArenaCarrier

FloatArray: TypeAlias = npt.NDArray[np.float32]

SLOT_COUNT = 2
"""One that the host reads, and one for what comes next; newer weights overtake what waits for a slot."""

_ALIGNMENT = 16
"""Floats that a slot's arrays begin at a multiple of: one cache line."""


class WeightSlots:
    """Slots in one arena. A slot is written only before it was ever handed over, or after the host gave it back."""

    def __init__(self, carrier: ArenaCarrier, sizes: Sequence[int]) -> None:
        """
        Args:
            carrier: of the session.
            sizes: floats of each vector of weights: the policy's, then the critic's where it is wanted.

        Raises:
            SharedMemoryError: there is no room.
        """
        self.sizes = tuple(sizes)
        padded = [-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes]
        self._arena = carrier.make_arena(SLOT_COUNT * sum(padded))
        starts = np.cumsum([0, *padded])[:-1]
        self._slots = [
            tuple(part[start : start + size] for start, size in zip(starts, sizes, strict=True))
            for part in np.split(self._arena, SLOT_COUNT)
        ]
        self._free = list(range(SLOT_COUNT))
        origin = carrier.own_reference(self._arena)
        assert origin is not None
        self._name = origin.arena
        self._slot_bytes = 4 * sum(padded)
        self._is_known = False

    @property
    def may_be_unread(self) -> bool:
        """Whether the host may have to attach yet, to read what is on its way: it gave nothing back so far."""
        return not self._is_known and len(self._free) < SLOT_COUNT

    def place(self, update: PolicyUpdate) -> PolicyUpdate | None:
        """The update with its weights copied into a free slot; None while there is none.

        Args:
            update: with as many weights as the slots were made for.
        """
        if not self._free:
            return None
        slot = self._slots[self._free.pop(0)]
        np.copyto(slot[0], update.weights)
        if update.critic_weights is None:
            return replace(update, weights=slot[0])
        np.copyto(slot[1], update.critic_weights)
        return replace(update, weights=slot[0], critic_weights=slot[1])

    def take_back(self, update: PolicyUpdate) -> None:
        """Frees the slot of an update of `place` that was never sent."""
        self._free.extend(index for index, slot in enumerate(self._slots) if slot[0] is update.weights)

    def release(self, release: Release) -> bool:
        """Frees the slot that the host gave back; False where it is none of these, or free already."""
        if release.arena != self._name or release.offset % self._slot_bytes:
            return False
        index = release.offset // self._slot_bytes
        if index >= SLOT_COUNT or index in self._free:
            return False
        self._free.append(index)
        self._is_known = True
        return True
