"""The memory that the trainer shares with one host, while one connection of its session lasts.

    Welcome to a host that can ─► offer ─► the host's answer ─► weights in slots, experience by reference

A lost connection ends all of it: messages may have been lost, so that nobody knows which slots are still read, and
what is read must never be written again. A new connection begins with a new offer. A host that slept meanwhile may find
an old message first, so names that it may need for that are kept until it says Hello again.
"""

from __future__ import annotations

import logging

from protocol.errors import SharedMemoryError
from protocol.messages import PolicyUpdate, Release, SharedMemoryAnswer, SharedMemoryOffer
from protocol.shared_memory import ArenaCarrier, SharedSegment, WeightSlots, create_segment

logger = logging.getLogger(__name__)

_PROBE_BYTES = 64


class SessionMemory:
    """The trainer's end.

    Attributes:
        carrier: for the connection, from the offer on.
    """

    def __init__(self, label: str) -> None:
        """
        Args:
            label: the host, for logs.
        """
        self.carrier = ArenaCarrier()
        self._label = label
        self._probe: SharedSegment | None = None
        self._slots: dict[str, WeightSlots] = {}
        self._outgrown: list[WeightSlots] = []
        self._is_shared = False

    def offer(self) -> SharedMemoryOffer | None:
        """What to say to a host that can share; None where this machine can't."""
        try:
            self._probe = create_segment(_PROBE_BYTES)
        except SharedMemoryError as error:
            logger.warning("%s: arrays go through the socket: %s", self._label, error)
            return None
        return SharedMemoryOffer(self._probe.name)

    def take_answer(self, answer: SharedMemoryAnswer) -> None:
        """Whether the host could attach; an answer to no offer is nothing."""
        if self._probe is None:
            return
        self._probe.unlink()
        self._probe = None
        self._is_shared = answer.is_accepted
        if answer.is_accepted:
            logger.info("%s: arrays in shared memory", self._label)
        else:
            logger.info("%s: arrays through the socket: %s", self._label, answer.reason)

    def stage(self, update: PolicyUpdate) -> PolicyUpdate | None:
        """The update as it should be sent: with its weights in a slot where memory is shared.

        Returns:
            None while the host still reads every slot: send it later, or the next one instead.
        """
        if not self._is_shared:
            return update
        sizes = [len(update.weights)]
        if update.critic_weights is not None:
            sizes.append(len(update.critic_weights))
        slots = self._slots.get(update.behavior)
        if slots is None or slots.sizes != tuple(sizes):
            try:
                slots = WeightSlots(self.carrier, sizes)
            except SharedMemoryError as error:
                logger.warning("%s: weights go through the socket: %s", self._label, error)
                self._is_shared = False
                return update
            if (outgrown := self._slots.get(update.behavior)) is not None:
                self._outgrown.append(outgrown)  # the host may not have attached to it yet
            self._slots[update.behavior] = slots
        return slots.place(update)

    def take_back(self, update: PolicyUpdate) -> None:
        """Frees the slot of what `stage` gave and could not be sent."""
        if (slots := self._slots.get(update.behavior)) is not None:
            slots.take_back(update)

    def release(self, release: Release) -> None:
        """The host gave a slot back; one that isn't known is of an earlier connection."""
        for slots in self._slots.values():
            if slots.release(release):
                return

    @property
    def may_be_unread(self) -> bool:
        """Whether weights are on their way in memory whose name the host may still need, to read them late."""
        return any(slots.may_be_unread for slots in (*self._slots.values(), *self._outgrown))

    def close(self) -> None:
        """Takes all names away. What the host still reads stays as it is."""
        if self._probe is not None:
            self._probe.unlink()
            self._probe = None
        self._slots.clear()
        self._outgrown.clear()
        self._is_shared = False
        self.carrier.close()
