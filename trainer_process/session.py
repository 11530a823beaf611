"""One host, as the trainer knows it: who it is, where it is, and which of its batches were trained on.

    (a peer without session: AWAIT_HELLO)
        │ Hello, welcomed
        ▼
    AWAIT_CONFIGURE ── Configure, Ready ──► COLLECTING
        │                                       │
        └──────────── Stop, Failure, silence ───┴──► CLOSED ── Hello naming it ──► as before

A lost connection changes no state: the session has no peer for a while, and a Hello that names it gives it another.
"""

from __future__ import annotations

import logging
from collections import deque
from enum import Enum

from protocol.channel import ServerChannel
from protocol.errors import PeerBusyError, PeerUnreachableError
from protocol.messages import Hello, Message, PolicyUpdate, Progress, Release, SharedMemoryAnswer
from protocol.version import SHARED_MEMORY_CAPABILITY
from trainer_process.batch_ledger import BatchLedger
from trainer_process.session_memory import SessionMemory

logger = logging.getLogger(__name__)


class SessionState(Enum):
    """How far a session is."""

    AWAIT_CONFIGURE = "await_configure"
    COLLECTING = "collecting"
    CLOSED = "closed"


class Session:
    """One host's session.

    Attributes:
        session_id: names it on the wire; drawn at random, since it lets a host take its session up again.
        host_index: which host of the run it is; never given twice.
        state: how far it is.
        process_id: the host's, as it says, on its machine.
        heard_s: when the host last said anything, on the server's clock.
        ledgers: for each behavior that the host was made Ready for, its batches.
        wants_critic: the behaviors whose critic the host wants too.
    """

    def __init__(self, channel: ServerChannel, session_id: int, host_index: int, hello: Hello) -> None:
        self._channel = channel
        self._peer: bytes | None = None
        self._waiting: deque[Message] = deque()
        self.session_id = session_id
        self.host_index = host_index
        self.process_id = hello.process_id
        self.state = SessionState.AWAIT_CONFIGURE
        self.heard_s = 0.0
        self.ledgers: dict[str, BatchLedger] = {}
        self.wants_critic: set[str] = set()
        self._memory: SessionMemory | None = None
        self._unread_memory: SessionMemory | None = None
        self.label = f"host {host_index} ({hello.host_name or 'unnamed'}, pid {hello.process_id})"

    def __str__(self) -> str:
        return self.label

    @property
    def peer(self) -> bytes | None:
        """The connection, or None while it is lost."""
        return self._peer

    def attach(self, peer: bytes, now_s: float) -> None:
        """The host is (again) at the other end of this connection; what waited for the old one is dropped."""
        self.detach()
        self._forget_memory()
        self._peer = peer
        self.heard_s = now_s

    def offer_memory(self, hello: Hello) -> None:
        """Offers a host that can share memory to do so, on the connection that it just made."""
        if SHARED_MEMORY_CAPABILITY not in hello.capabilities or self._peer is None:
            return
        memory = SessionMemory(self.label)
        if (offer := memory.offer()) is not None:
            self._memory = memory
            self._channel.carry_by(self._peer, memory.carrier)
            self.send(offer)

    def take_memory_answer(self, answer: SharedMemoryAnswer) -> None:
        """What the host says to the offer."""
        if self._memory is not None:
            self._memory.take_answer(answer)

    def release_weights(self, release: Release) -> None:
        """The host gives memory of weights back, so that what waited for it can go."""
        if self._memory is not None:
            self._memory.release(release)
            self.flush()

    def open_ledger(self, behavior: str, last_consumed: int = 0) -> None:
        """The host begins to collect for that behavior; its batches up to `last_consumed` were learnt from before."""
        self.ledgers[behavior] = BatchLedger(last_consumed)
        self.state = SessionState.COLLECTING

    def send(self, message: Message) -> None:
        """Sends to the host, or keeps the message while its queue is full; a lost connection is noted, not raised.

        Progress is dropped where it can't go at once, and of several kept weights the newest is enough.
        """
        if self._peer is None:
            return
        if not self._waiting and self._try(message):
            return
        if isinstance(message, Progress) or self._peer is None:
            return
        if isinstance(message, PolicyUpdate):
            self._waiting = deque(kept for kept in self._waiting if not _is_overtaken(kept, message))
        self._waiting.append(message)

    def flush(self) -> None:
        """Sends what was kept, as far as it goes now."""
        while self._waiting and self._try(self._waiting[0]):
            self._waiting.popleft()

    def detach(self) -> None:
        """The connection is lost; the session may be taken up again."""
        self._peer = None
        self._waiting.clear()
        if self._memory is not None and self._memory.may_be_unread:
            self._unread_memory = self._memory
        elif self._memory is not None:
            self._memory.close()
        self._memory = None

    def end(self) -> None:
        """The session will not be taken up again."""
        self.detach()
        self._forget_memory()

    def _forget_memory(self) -> None:
        if self._unread_memory is not None:
            self._unread_memory.close()
            self._unread_memory = None

    def _try(self, message: Message) -> bool:
        if self._peer is None:
            return False
        outgoing = message
        if self._memory is not None and isinstance(message, PolicyUpdate):
            staged = self._memory.stage(message)
            if staged is None:
                return False
            outgoing = staged
        try:
            self._channel.send(self._peer, outgoing, self.session_id)
        except PeerBusyError:
            if self._memory is not None and isinstance(outgoing, PolicyUpdate):
                self._memory.take_back(outgoing)
            return False
        except PeerUnreachableError:
            logger.info("%s: the connection is gone; it may come back", self)
            self._channel.forget(self._peer)
            self.detach()
            return False
        return True


def _is_overtaken(kept: Message, update: PolicyUpdate) -> bool:
    return isinstance(kept, PolicyUpdate) and kept.behavior == update.behavior
