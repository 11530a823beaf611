"""A host of the server's world that shares memory with it, honestly or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from protocol.bulk_carrier import AnyArray, Frame, ManifestEntry
from protocol.channel_event import Connected, Malformed, Received
from protocol.errors import RemoteProtocolError
from protocol.experience import FloatArray
from protocol.messages import (
    Configure,
    Experience,
    PolicyUpdate,
    Ready,
    Release,
    SharedMemoryAnswer,
    SharedMemoryOffer,
    Welcome,
)
from protocol.shared_memory import ArenaCarrier, attach_segment
from protocol.shared_memory.segment import shared_memory_folder
from tests.trainer_process.server_world import Host, World, experience, hello

SHARING = hello(capabilities=("shared-memory",))
STEP_ARRAYS = ("observations", "actions", "rewards", "log_probs")


class LyingCarrier(ArenaCarrier):
    """Says of its references what a test wants it to say.

    Attributes:
        lie: from a true place to the one that is sent.
    """

    lie: Callable[[Mapping[str, object]], object] | None = None

    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        manifest, frames = super().put(arrays)
        if self.lie is None:
            return manifest, frames
        lied = [(*entry[:3], self.lie(entry[3]) if isinstance(entry[3], Mapping) else entry[3]) for entry in manifest]
        return lied, frames  # type: ignore[return-value]


class SharingHost(Host):
    """Takes the trainer's offer, or says why not.

    Attributes:
        carrier: its end.
        refusal: what it answers to an offer instead of taking it; empty takes it.
        faults: what could not be read.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.carrier = LyingCarrier()
        self.refusal = ""
        self._in_flight: list[Experience] = []
        self.faults: list[RemoteProtocolError] = []

    def poll(self) -> None:
        for event in self._channel.poll():
            if isinstance(event, Connected):
                self.is_connected = True
            elif isinstance(event, Malformed):
                self.faults.append(event.error)
            elif isinstance(event, Received):
                self.heard.append(event.message)
                if isinstance(event.message, Welcome):
                    self.session_id = event.message.session_id
                elif isinstance(event.message, SharedMemoryOffer):
                    self._take_offer(event.message)

    def share(self, wanted: Configure | None = None, previous_session: int = 0) -> Ready:
        """Through the door and into the behavior, with the offer taken or refused on the way."""
        return self.join(wanted, replace(SHARING, previous_session=previous_session))

    def carry(self) -> None:
        """Refers to its memory from here on, asked or not."""
        self._channel.carry_by(self.carrier)

    def experience(self, batch_id: int = 1, step_count: int = 4) -> Experience:
        """A batch whose steps lie in an arena of this host's."""
        batch = experience(batch_id, step_count)
        self._in_flight.append(replace(batch, **{name: self._moved(getattr(batch, name)) for name in STEP_ARRAYS}))
        return self._in_flight[-1]

    def release(self, update: PolicyUpdate) -> None:
        """Gives the memory of weights back."""
        origin = self.carrier.origin(update.weights)
        assert origin is not None
        self.say(Release(origin.arena, origin.offset))

    def _moved(self, array: FloatArray) -> FloatArray:
        arena = self.carrier.make_arena(array.size)
        np.copyto(arena, array.reshape(-1))
        return arena.reshape(array.shape)

    def _take_offer(self, offer: SharedMemoryOffer) -> None:
        if not self.refusal:
            attach_segment(offer.segment)
            self.carry()
        self.say(SharedMemoryAnswer(is_accepted=not self.refusal, reason=self.refusal))


def sharing_host(world: World) -> SharingHost:
    """A host of this world whose connection stands."""
    return world.enter(SharingHost(world))


def own_segments(process_id: int) -> list[Path]:
    """The segments with the name of a process."""
    return sorted(shared_memory_folder().glob(f"learning-bridge-memory-{process_id}-*"))
