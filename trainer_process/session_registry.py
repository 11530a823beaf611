"""Who is let in: Hello judged, sessions begun, taken up again, and freed after a silence."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from protocol.channel import ServerChannel
from protocol.limits import MAX_HOSTS
from protocol.messages import Hello, Refused, Welcome
from protocol.version import PROTOCOL_VERSION, is_compatible
from trainer_process.library_version import library_version
from trainer_process.session import Session, SessionState

logger = logging.getLogger(__name__)

LIBRARY = "learning-bridge-python"
REMEMBERED_SESSIONS = 256
"""Sessions of hosts that fell silent, kept so that a host that wakes goes on where it was; a few numbers each."""
REMEMBERED_ENDS = 4096
"""Ids of sessions that ended for good, which nobody may take over."""


@dataclass(frozen=True)
class AdmissionSettings:
    """Whom the trainer lets in, and for how long.

    Attributes:
        token: what a Hello must carry; empty lets everyone in who can connect.
        seed: each host's stream of random numbers is drawn from it and the host index.
        heartbeat_interval_s: seconds between the trainer's signs of life.
        host_timeout_s: seconds of a host's silence after which its session is freed.
        max_hosts: sessions at one time.
        shares_memory: whether hosts on this machine may exchange arrays through shared memory.
        is_resumed: whether an earlier run goes on here, whose hosts may come back: a session that a Hello names, and
            that this process doesn't know, is then one of that run's, and begins anew under its old id.
    """

    token: str = ""
    seed: int = 1234
    heartbeat_interval_s: float = 1.0
    host_timeout_s: float = 60.0
    max_hosts: int = MAX_HOSTS
    shares_memory: bool = True
    is_resumed: bool = False


class SessionRegistry:
    """All sessions by id and by peer. Sends nothing by itself but Welcome and Refused to who says Hello."""

    def __init__(self, channel: ServerChannel, settings: AdmissionSettings) -> None:
        self._channel = channel
        self._settings = settings
        self._live: dict[int, Session] = {}
        self._by_peer: dict[bytes, Session] = {}
        self._silent: OrderedDict[int, Session] = OrderedDict()
        self._ended: deque[int] = deque(maxlen=REMEMBERED_ENDS)
        self._host_count = 0

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._live.values()))

    def __len__(self) -> int:
        return len(self._live)

    @property
    def host_count(self) -> int:
        """Hosts that were ever welcomed."""
        return self._host_count

    def find(self, peer: bytes, session_id: int) -> Session | None:
        """The live session of a peer, where the peer names the right one."""
        session = self._by_peer.get(peer)
        return session if session is not None and session.session_id == session_id else None

    def of_peer(self, peer: bytes) -> Session | None:
        """The live session of a peer, whatever it names."""
        return self._by_peer.get(peer)

    def admit(self, peer: bytes, hello: Hello, now_s: float) -> tuple[Session, Welcome] | Refused:
        """Judges a Hello; where it is accepted the peer is trusted with large messages from here on.

        Returns:
            The session, begun or taken up again, and the Welcome to send on it; or the refusal.
        """
        if (refused := self._judge(hello)) is not None:
            return refused
        session = self._take_up(hello.previous_session)
        is_resumed = session is not None
        if session is None:
            if len(self._live) >= self._settings.max_hosts:
                return _refused(
                    "TOO_MANY_HOSTS",
                    where="session",
                    expected=f"at most {self._settings.max_hosts} hosts at one time",
                    received="one more",
                    remedy="let a host end its training, or start another trainer",
                )
            session = self._begin(hello)
        self._place(session, peer, now_s)
        return session, self._welcome(session, is_resumed)

    def forget_lost_peers(self) -> None:
        """Drops the peers of sessions whose connection was found to be lost."""
        for peer in [peer for peer, session in self._by_peer.items() if session.peer != peer]:
            del self._by_peer[peer]

    def close(self, session: Session, *, may_resume: bool) -> None:
        """Ends a session.

        Args:
            session: a live one.
            may_resume: whether a Hello that names it may take it up again.
        """
        self._live.pop(session.session_id, None)
        if session.peer is not None:
            self._by_peer.pop(session.peer, None)
            self._channel.forget(session.peer)
        session.state = SessionState.CLOSED
        if not may_resume:
            session.end()
            self._ended.append(session.session_id)
            return
        session.detach()
        self._silent[session.session_id] = session
        if len(self._silent) > REMEMBERED_SESSIONS:
            forgotten, oldest = self._silent.popitem(last=False)
            oldest.end()
            self._ended.append(forgotten)

    def end(self) -> None:
        """Ends all sessions, those that might have been taken up again too."""
        for session in (*self._live.values(), *self._silent.values()):
            session.end()

    def silent(self, now_s: float) -> list[Session]:
        """The live sessions that have said nothing for longer than `host_timeout_s`."""
        return [session for session in self if now_s - session.heard_s > self._settings.host_timeout_s]

    def _judge(self, hello: Hello) -> Refused | None:
        if not is_compatible(hello.protocol_version):
            return _refused(
                "VERSION_MISMATCH",
                where="protocol_version",
                expected=f"{PROTOCOL_VERSION} (the major number must be equal)",
                received=hello.protocol_version,
                remedy="install the same release of learning-bridge for the host and the trainer",
            )
        if not hmac.compare_digest(hello.token.encode(), self._settings.token.encode()) and self._settings.token:
            return _refused(
                "WRONG_TOKEN",
                where="token",
                expected="the token that this trainer was started with",
                received="another one" if hello.token else "none",
                remedy="hand the trainer's token to the host in the environment variable LEARNING_BRIDGE_TOKEN",
            )
        return None

    def _take_up(self, session_id: int) -> Session | None:
        if (session := self._live.get(session_id)) is not None:
            if session.peer is not None:
                self._by_peer.pop(session.peer, None)
                self._channel.forget(session.peer)
            return session
        if session_id not in self._silent or len(self._live) >= self._settings.max_hosts:
            return None
        session = self._silent.pop(session_id)
        session.state = SessionState.COLLECTING if session.ledgers else SessionState.AWAIT_CONFIGURE
        self._live[session_id] = session
        return session

    def _begin(self, hello: Hello) -> Session:
        session_id = self._id_to_take_over(hello.previous_session) or secrets.randbits(62) + 1
        session = Session(self._channel, session_id, self._host_count, hello)
        self._host_count += 1
        self._live[session.session_id] = session
        return session

    def _id_to_take_over(self, named: int) -> int:
        """The id of a session of the run before this process, whose checkpoints know it by that; else 0."""
        is_free = named not in self._live and named not in self._silent and named not in self._ended
        return named if self._settings.is_resumed and is_free else 0

    def _place(self, session: Session, peer: bytes, now_s: float) -> None:
        if (other := self._by_peer.get(peer)) is not None and other is not session:
            self.close(other, may_resume=False)
        session.attach(peer, now_s)
        self._by_peer[peer] = session
        self._channel.trust(peer)

    def _welcome(self, session: Session, is_resumed: bool) -> Welcome:
        return Welcome(
            session_id=session.session_id,
            host_index=session.host_index,
            random_seed=host_seed(self._settings.seed, session.host_index),
            protocol_version=PROTOCOL_VERSION,
            library=LIBRARY,
            library_version=library_version(),
            heartbeat_interval_s=self._settings.heartbeat_interval_s,
            host_timeout_s=self._settings.host_timeout_s,
            resumed=is_resumed,
            last_consumed={name: ledger.last_consumed for name, ledger in session.ledgers.items()},
            last_accepted={name: ledger.last_accepted for name, ledger in session.ledgers.items()},
        )


def host_seed(seed: int, host_index: int) -> int:
    """The seed of a host's own stream of random numbers, in [0, 2^63)."""
    digest = blake2b(f"{seed}/host/{host_index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _refused(code: str, *, where: str, expected: str, received: str, remedy: str) -> Refused:
    return Refused(code=code, behavior="", where=where, expected=expected, received=received, remedy=remedy)
