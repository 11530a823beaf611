"""The memory that a host shares with its trainer: where recorded steps lie, and what was attached of the trainer's."""

from __future__ import annotations

import logging
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.collection.lane_buffer import touched_floats
from protocol.endpoint import SHARED_MEMORY, is_loopback
from protocol.errors import EndpointError, SharedMemoryError
from protocol.messages import Release, SharedMemoryAnswer, SharedMemoryOffer
from protocol.shared_memory import ArenaCarrier, attach_segment
from protocol.version import SHARED_MEMORY_CAPABILITY

FloatArray: TypeAlias = npt.NDArray[np.float32]

logger = logging.getLogger(__name__)


class MemoryShare:
    """The host's end, for one connection and what comes of it when it is made again.

    Attributes:
        carrier: this side's arenas, and the trainer's.
        is_shared: whether the trainer offered memory, and this host could attach to it.
        refusal: why memory is not shared, in a sentence; empty while nobody has said no.
    """

    def __init__(self, setting: bool | None, endpoint: str) -> None:
        """
        Args:
            setting: True demands shared memory, False does without, None takes it where it can be had.
            endpoint: of the trainer.
        """
        self.carrier = ArenaCarrier()
        self.is_shared = False
        self.refusal = "the trainer did not offer to share memory; its log may say why"
        self._is_demanded = setting is True or endpoint == SHARED_MEMORY
        self._is_wanted = self._is_demanded or (setting is None and _is_on_this_machine(endpoint))

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What to list in Hello."""
        return (SHARED_MEMORY_CAPABILITY,) if self._is_wanted else ()

    @property
    def is_missing(self) -> bool:
        """Whether memory was demanded and is not shared."""
        return self._is_demanded and not self.is_shared

    def begin_connection(self) -> None:
        """A new connection: nothing is shared on it yet."""
        self.is_shared = False
        self.carrier.forget_peer()

    def consider(self, offer: SharedMemoryOffer) -> SharedMemoryAnswer:
        """Tries to attach to what the trainer offers."""
        try:
            attach_segment(offer.segment)
        except SharedMemoryError as error:
            self.refusal = str(error)
            logger.log(logging.ERROR if self._is_demanded else logging.INFO, "arrays through the socket: %s", error)
            return SharedMemoryAnswer(is_accepted=False, reason=self.refusal)
        self.is_shared = True
        return SharedMemoryAnswer(is_accepted=True, reason="")

    def close(self) -> None:
        """Ends the sharing; what either side still reads stays as it is."""
        self.is_shared = False
        self.carrier.close()

    def make_floats(self, count: int) -> FloatArray:
        """float32[count] of zeros, where the trainer reads them if memory is shared.

        Raises:
            SharedMemoryError: memory was demanded, and there is no room for it.
        """
        if not self.is_shared:
            return touched_floats(count)
        try:
            return self.carrier.make_arena(count)
        except SharedMemoryError as error:
            if self._is_demanded:
                raise
            logger.warning("experience goes through the socket: %s", error)
            return touched_floats(count)

    def release(self, weights: FloatArray) -> Release | None:
        """What to tell the trainer once weights that it sent are no longer read; nothing where they came inline."""
        origin = self.carrier.origin(weights)
        return Release(origin.arena, origin.offset) if origin is not None else None


def _is_on_this_machine(endpoint: str) -> bool:
    try:
        return is_loopback(endpoint)
    except EndpointError:
        return False
