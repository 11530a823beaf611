"""Where every message of a host goes: to the door, to its session, to a behavior; and what ends a session."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from protocol.channel import ServerChannel
from protocol.channel_event import PeerFault, PeerMessage
from protocol.errors import PeerUnreachableError, RemoteProtocolError
from protocol.field_rule import shorten
from protocol.limits import MAX_BEHAVIORS
from protocol.messages import (
    Configure,
    Demonstrations,
    EvaluationResult,
    Experience,
    Failure,
    Heartbeat,
    Hello,
    Message,
    Progress,
    Refused,
    Release,
    SharedMemoryAnswer,
    Statistics,
    Stop,
)
from protocol.statistic import statistics_from_wire
from trainer_process.behavior import Behavior
from trainer_process.errors import ExperienceError
from trainer_process.run_watch import RunWatch
from trainer_process.session import Session
from trainer_process.session_registry import AdmissionSettings, SessionRegistry

logger = logging.getLogger(__name__)

HOST_TIMEOUT = "HOST_TIMEOUT"
"""The code in the log line about a host that fell silent."""


class Switchboard:
    """The sessions on one side and the behaviors on the other.

    Attributes:
        sessions: the live ones.
        behaviors: by name, in the order in which hosts first named them.
    """

    def __init__(
        self,
        channel: ServerChannel,
        admission: AdmissionSettings,
        make_behavior: Callable[[str], Behavior],
        on_shutdown: Callable[[str], None],
        run: RunWatch,
    ) -> None:
        """
        Args:
            channel: bound.
            admission: who is let in.
            make_behavior: makes a behavior of that name.
            on_shutdown: told why, when a host asks for the end of the trainer.
            run: what belongs to the whole run.
        """
        self._channel = channel
        self._make_behavior = make_behavior
        self._on_shutdown = on_shutdown
        self._shares_memory = admission.shares_memory
        self._run = run
        self.sessions = SessionRegistry(channel, admission)
        self.behaviors: dict[str, Behavior] = {}
        run.begin(self._tell_all)

    def receive(self, now_s: float) -> None:
        """Takes in what came since the last call; never waits."""
        began_s = time.perf_counter()
        incoming = self._channel.receive()
        seconds_each = (time.perf_counter() - began_s) / max(1, len(incoming))
        for item in incoming:
            if isinstance(item, PeerFault):
                self._answer_fault(item)
            elif isinstance(item.message, Hello):
                self._greet(item.peer, item.message, now_s)
            else:
                self._hear(item, now_s, seconds_each)

    def send_progress(self, progress: Progress) -> None:
        """Sends a sign of life to every host, and what a full queue held up; finds lost connections."""
        for session in self.sessions:
            session.flush()
            session.send(progress)
        self.sessions.forget_lost_peers()

    def free_the_silent(self, now_s: float) -> None:
        """Reports and frees hosts that have said nothing for too long; one that wakes may come back."""
        for session in self.sessions.silent(now_s):
            silence_s = now_s - session.heard_s
            logger.warning("%s: %s was silent for %.0f s; its session is freed", HOST_TIMEOUT, session, silence_s)
            self._leave(session, may_resume=True)

    def free(self, session: Session) -> None:
        """A host is known to be gone: its process has ended."""
        logger.info("%s has ended; its session is freed", session)
        self._leave(session, may_resume=False)

    def _greet(self, peer: bytes, hello: Hello, now_s: float) -> None:
        answer = self.sessions.admit(peer, hello, now_s)
        if isinstance(answer, Refused):
            who = f"{hello.host_name or 'unnamed'}, pid {hello.process_id}"
            logger.warning("a host (%s) was refused: %s: got %s", who, answer.code, answer.received)
            self._send_to_stranger(peer, answer)
            return
        session, welcome = answer
        logger.info("%s %s", session, "is back" if welcome.resumed else "is welcome")
        session.send(welcome)
        if self._shares_memory:
            session.offer_memory(hello)
        if (greeting := self._run.greeting(resumed=welcome.resumed)) is not None:
            session.send(greeting)
        if welcome.resumed:
            for behavior in self.behaviors.values():
                behavior.rejoin(session)

    def _hear(self, item: PeerMessage, now_s: float, seconds: float) -> None:
        session = self.sessions.find(item.peer, item.session_id)
        if session is None:
            self._send_to_stranger(item.peer, _unknown_session(item.session_id))
            return
        session.heard_s = now_s
        try:
            self._dispatch(session, item.message, seconds)
        except (RemoteProtocolError, ExperienceError) as error:
            self._expel(session, error)

    def _dispatch(self, session: Session, message: Message, seconds: float) -> None:
        match message:
            case Heartbeat():
                pass  # that it came is all it says; unrecorded steps are counted with each batch
            case Experience() | Demonstrations():
                self._take_batch(session, message, seconds)
            case Configure():
                self._configure(session, message)
            case EvaluationResult():
                self._take_evaluation(session, message)
            case Statistics():
                self._take_statistics(session, message)
            case SharedMemoryAnswer():
                session.take_memory_answer(message)
            case Release():
                session.release_weights(message)
            case Stop():
                self._take_stop(session, message)
            case Failure():
                logger.error("%s failed: %s: %s", session, message.code, message.reason)
                self._leave(session, may_resume=False)
            case _:
                raise RemoteProtocolError(f"expected a message that a host sends, got {type(message).__name__}")

    def _configure(self, session: Session, message: Configure) -> None:
        behavior = self.behaviors.get(message.behavior)
        if behavior is None:
            if len(self.behaviors) >= MAX_BEHAVIORS:
                session.send(_too_many_behaviors(message.behavior))
                return
            behavior = self.behaviors[message.behavior] = self._make_behavior(message.behavior)
        behavior.configure(session, message)

    def _take_batch(self, session: Session, message: Experience | Demonstrations, seconds: float) -> None:
        if message.behavior not in session.ledgers:
            session.send(_unknown_behavior(message.behavior, session))
            return
        self.behaviors[message.behavior].accept(session, message, seconds)

    def _take_evaluation(self, session: Session, message: EvaluationResult) -> None:
        if message.behavior not in session.ledgers:
            session.send(_unknown_behavior(message.behavior, session))
            return
        text = "%s evaluated %r, version %d: mean return %.3f over %d episodes"
        logger.info(text, session, message.behavior, message.policy_version, message.return_mean, message.episodes)
        self.behaviors[message.behavior].record_evaluation(message)

    def _take_statistics(self, session: Session, message: Statistics) -> None:
        entries = statistics_from_wire(message.entries)
        if message.behavior and message.behavior not in session.ledgers:
            session.send(_unknown_behavior(message.behavior, session))
            return
        for name in [message.behavior] if message.behavior else list(session.ledgers):
            self.behaviors[name].record_statistics(session, entries)

    def _take_stop(self, session: Session, message: Stop) -> None:
        logger.info("%s leaves: %s", session, message.reason)
        self._leave(session, may_resume=False)
        if message.shutdown:
            self._on_shutdown(f"{session} asked for it: {message.reason}")

    def _answer_fault(self, fault: PeerFault) -> None:
        session = self.sessions.of_peer(fault.peer)
        if session is not None:
            self._expel(session, fault.error)
            return
        logger.warning("a stranger sent what is no message: %s", fault.error)
        # A host that wakes after its session was freed refers to memory that was shared in it.
        named = fault.error.session_id
        self._send_to_stranger(fault.peer, _unknown_session(named) if named else _protocol_error(fault.error))

    def _expel(self, session: Session, error: Exception) -> None:
        """A host that sends what can't be used is told and let go; what it sent before stays."""
        logger.error("%s sent what can't be used, and is let go: %s", session, error)
        session.send(_unusable_experience(error) if isinstance(error, ExperienceError) else _protocol_error(error))
        self._leave(session, may_resume=False)

    def _tell_all(self, message: Message) -> None:
        for session in self.sessions:
            session.send(message)

    def _leave(self, session: Session, *, may_resume: bool) -> None:
        self.sessions.close(session, may_resume=may_resume)
        for behavior in self.behaviors.values():
            behavior.leave(session)

    def _send_to_stranger(self, peer: bytes, message: Message) -> None:
        try:
            self._channel.send(peer, message, 0)
        except PeerUnreachableError as error:
            logger.info("a stranger left before its answer: %s", error)
        if self.sessions.of_peer(peer) is None:
            self._channel.forget(peer)


def _protocol_error(error: Exception) -> Failure:
    return Failure(
        code="PROTOCOL_ERROR",
        behavior="",
        reason=shorten(str(error)),
        remedy="install the same release of learning-bridge for the host and the trainer; a host of your own must "
        "follow protocol/SPEC.md",
    )


def _unusable_experience(error: ExperienceError) -> Failure:
    """It is right by itself, and not what the behavior's algorithm and settings can learn from."""
    return Failure(
        code="INVALID_SETTINGS",
        behavior="",
        reason=shorten(str(error)),
        remedy="do as the reason says, and call begin_training again",
    )


def _unknown_session(session_id: int) -> Refused:
    return Refused(
        code="UNKNOWN_SESSION",
        behavior="",
        where="session",
        expected="a session that lives on this connection",
        received=str(session_id),
        remedy="say Hello, with this session as previous_session",
    )


def _unknown_behavior(behavior: str, session: Session) -> Refused:
    return Refused(
        code="UNKNOWN_BEHAVIOR",
        behavior=behavior,
        where="behavior",
        expected=f"one of {sorted(session.ledgers)}",
        received=behavior,
        remedy="send Configure for it and wait for Ready",
    )


def _too_many_behaviors(behavior: str) -> Refused:
    return Refused(
        code="TOO_MANY_BEHAVIORS",
        behavior=behavior,
        where="behavior",
        expected=f"at most {MAX_BEHAVIORS} behaviors in one trainer",
        received="one more",
        remedy="start another trainer for it",
    )
