"""One session with a trainer process: launched or attached to, greeted, watched and ended; never waited for."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from host_sdk.collection.lane_buffer import touched_floats
from host_sdk.connection.memory_share import MemoryShare
from host_sdk.connection.patience import PatienceClock
from host_sdk.connection.trainer_watch import TrainerWatch
from host_sdk.errors import LaunchError
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.settings import CommunicatorSettings, TrainerProcessSettings
from protocol.bulk_carrier import INLINE
from protocol.channel import ClientChannel
from protocol.channel_event import Connected, Disconnected, Malformed, Received
from protocol.errors import BridgeError, LocalProtocolError, PeerUnreachableError
from protocol.experience import FloatArray
from protocol.messages import Failure, Hello, Message, Progress, Refused, Release, SharedMemoryOffer, Stop, Welcome
from protocol.shared_memory import sweep_stale_segments
from protocol.version import PROTOCOL_VERSION

if TYPE_CHECKING:
    from host_sdk.launcher import TrainerProcess

logger = logging.getLogger(__name__)

LAUNCH_POLL_S = 0.01
"""How often a waiting host looks whether the trainer that it launched listens by now."""

FAREWELL_S = 0.2
"""How long a channel stays open after the last word on it, so that the word can leave."""


_TRAINER_LIVES = frozenset({FailureCode.REFUSED, FailureCode.INVALID_SETTINGS, FailureCode.PROTOCOL_ERROR})
"""Failures of this host alone, after which its trainer goes on and would wait for it."""


class ConnectionState(Enum):
    """Where a connection stands."""

    IDLE = "idle"
    LAUNCHING = "launching"
    CONNECTING = "connecting"
    GREETING = "greeting"
    OPEN = "open"
    FAILED = "failed"
    CLOSED = "closed"


class TrainerConnection:
    """From the launch to the farewell. Knows of sessions and silence, and nothing of behaviors.

    Attributes:
        state: where it stands.
        failure: why it failed, once `state` is FAILED.
        welcome: the trainer's last Welcome.
    """

    def __init__(
        self,
        settings: CommunicatorSettings,
        *,
        process: TrainerProcessSettings | None,
        endpoint: str | None,
        token: str,
        before: TrainerConnection | None = None,
    ) -> None:
        """
        Args:
            settings: how long to wait for what.
            process: how to start a trainer, or None to attach to the one at `endpoint`.
            endpoint: where a trainer listens already.
            token: what that trainer wants to hear.
            before: to the trainer whose place this one's takes. It is ended by this; its session is named to the new
                trainer, and memory that batches lie in goes on to be shared. To be begun once the old trainer is
                gone, since it would read on.
        """
        self._settings = settings
        self._process_settings = process
        self._endpoint = endpoint
        self._token = token
        self.state = ConnectionState.IDLE
        self.failure: TrainingFailure | None = None
        self.welcome: Welcome | None = None
        self._session_id = 0
        self._previous_session = 0
        self._channel: ClientChannel | None = None
        self._share: MemoryShare | None = None
        self._releases: deque[Release] = deque()
        self._child: TrainerProcess | None = None
        self._clock = PatienceClock()
        self._now_s = 0.0
        self._farewell_s = 0.0
        self._watch = TrainerWatch(settings)
        if before is not None:
            self._previous_session = before._session_id or before._previous_session
            self._share, before._share = before._share, None
            before.kill()

    @property
    def now_s(self) -> float:
        """Seconds on the patient clock at the last `poll`."""
        return self._now_s

    @property
    def process_id(self) -> int | None:
        """The launched trainer's process id, while there is one."""
        return self._child.process_id if self._child is not None else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in (ConnectionState.FAILED, ConnectionState.CLOSED)

    def begin(self) -> None:
        """Launches the trainer, or starts to connect to it; a failure shows in `failure`."""
        self._clock = PatienceClock()
        sweep_stale_segments()
        if self._process_settings is None:
            assert self._endpoint is not None
            self._open_channel(self._endpoint)
            return
        from host_sdk.launcher import TrainerProcess  # slow to import, and a host that attaches needs none of it

        try:
            self._child = TrainerProcess(self._process_settings)
        except LaunchError as error:
            remedy = "set TrainerProcessSettings.interpreter to a Python in which learning-bridge[trainer] is installed"
            self._fail(FailureCode.LAUNCH_FAILED, str(error), remedy)
            return
        self._token = self._child.token
        self.state = ConnectionState.LAUNCHING

    def poll(self) -> Iterator[Message]:
        """Yields what the trainer said on an open session, its Welcome first. Never waits, never raises.

        To be run to its end once a tick: what came is taken in before any silence is judged.
        """
        self._now_s = self._clock.look()
        if self.has_ended:
            self._bury()
            return
        if self.state is ConnectionState.LAUNCHING and self._child is not None:
            try:
                info = self._child.rendezvous()
            except BridgeError as error:
                self._fail(FailureCode.PROTOCOL_ERROR, str(error), "update host and trainer to the same release")
                return
            if info is not None:
                self._open_channel(info.endpoint)
        yield from self._drain()
        if not self.has_ended:
            self._send_releases()
            self._judge()

    def send(self, message: Message) -> bool:
        """Sends on the open session; False where the line is down or takes no more. Arrays are not copied."""
        if self._channel is None:
            return False
        try:
            self._channel.send(message, self._session_id)
        except PeerUnreachableError:
            return False
        except LocalProtocolError as error:
            self._fail(FailureCode.PROTOCOL_ERROR, f"this host may not send that: {error}", "send smaller batches")
            return False
        return True

    @property
    def shares_memory(self) -> bool:
        """Whether arrays go through memory that the trainer reads, and not through the socket."""
        return self._share is not None and self._share.is_shared

    def make_floats(self, count: int) -> FloatArray:
        """float32[count] of zeros for experience, where the trainer reads it if it can.

        Raises:
            SharedMemoryError: shared memory was demanded, and there is no room.
        """
        return self._share.make_floats(count) if self._share is not None else touched_floats(count)

    def give_back(self, weights: FloatArray) -> None:
        """Weights that came are read no longer; the trainer may write others in their place."""
        if self._share is not None and (release := self._share.release(weights)) is not None:
            self._releases.append(release)
            self._send_releases()

    def wait(self, timeout_s: float) -> None:
        """Sleeps until a message comes or `timeout_s` is over (synchronous mode only)."""
        if self._channel is not None:
            self._channel.wait(timeout_s)
        else:
            # nothing to listen on yet; a launched trainer is looked for by polling
            time.sleep(min(timeout_s, LAUNCH_POLL_S))

    def end(self, reason: str) -> None:
        """Says farewell, and asks a launched trainer to leave; returns at once."""
        if self.state is ConnectionState.OPEN:
            self._say_farewell(reason)
        elif self.state is not ConnectionState.FAILED:
            self._close_channel()
            self._close_share()
        if self._child is not None:
            self._child.request_stop()
        if self.state is not ConnectionState.FAILED:
            self.state = ConnectionState.CLOSED

    def close(self) -> None:
        """Ends, and waits until a launched trainer is gone."""
        if not self.has_ended:
            self.end("the host closes")
        self._close_channel(FAREWELL_S)
        self._close_share()
        if self._child is not None:
            self._child.close()
            self._child = None

    def kill(self) -> None:
        """Ends without a word: the launched trainer failed and another shall take its place."""
        self._close_channel()
        self._close_share()
        if self._child is not None and not self._child.poll_stop():
            self._child.request_stop(at_once=True)

    def refuse(self, error: BridgeError) -> None:
        """Fails, since a message of the trainer turned out to be one that this host can't use."""
        reason = f"the trainer sent what this host can't use: {error}"
        self._fail(FailureCode.PROTOCOL_ERROR, reason, "update host and trainer to the same release")

    def poll_end(self) -> bool:
        """Whether an ended connection still has a last word on its way, or a trainer that leaves. Never waits."""
        self._bury()
        return self._channel is not None or self._child is not None

    def _open_channel(self, endpoint: str) -> None:
        try:
            self._channel = ClientChannel(
                endpoint,
                heartbeat_interval_s=self._settings.heartbeat_interval_s,
                heartbeat_timeout_s=self._settings.dead_after_s / 2,
            )
        except BridgeError as error:
            self._fail(FailureCode.REFUSED, str(error), "check the endpoint")
            return
        self._share = self._share or MemoryShare(self._settings.shared_memory, endpoint)
        self.state = ConnectionState.CONNECTING

    def _drain(self) -> Iterator[Message]:
        if self._channel is None:
            return
        for event in self._channel.poll():
            match event:
                case Connected():
                    self._greet()
                case Disconnected():
                    self._lose()
                case Malformed(error=error):
                    reason = f"the trainer sent what this host can't read: {error}"
                    self._fail(FailureCode.PROTOCOL_ERROR, reason, "update host and trainer to the same release")
                case Received(message=message):
                    yield from self._hear(message)
            if self.has_ended:
                return

    def _send_releases(self) -> None:
        """Those that a full queue held up too: a slot that never came back would be lost to the trainer."""
        while self._releases and self.send(self._releases[0]):
            self._releases.popleft()

    def _greet(self) -> None:
        assert self._share is not None
        self._share.begin_connection()
        if self._channel is not None:
            self._channel.carry_by(INLINE)
        self._releases.clear()
        self._watch.connection_made(self._now_s)
        hello = Hello(
            protocol_version=PROTOCOL_VERSION,
            library="learning-bridge-python",
            library_version=_library_version(),
            capabilities=self._share.capabilities,
            token=self._token,
            previous_session=self._session_id or self._previous_session,
            host_name=socket.gethostname(),
            process_id=os.getpid(),
        )
        self.send(hello)
        self.state = ConnectionState.GREETING

    def _lose(self) -> None:
        if self.state in (ConnectionState.OPEN, ConnectionState.GREETING):
            logger.warning("the connection to the trainer is lost; connecting again")
            self._watch.connection_lost(self._now_s)
            self.state = ConnectionState.CONNECTING

    def _hear(self, message: Message) -> Iterator[Message]:
        self._watch.heard(self._now_s)
        match message:
            case Welcome():
                self.welcome = message
                self._session_id = message.session_id
                self._watch.welcomed(self._now_s)
                self.state = ConnectionState.OPEN
                yield message
            case Progress():
                self._watch.progress(message, self._now_s)
                yield message
            case SharedMemoryOffer():
                self._take_offer(message)
            case Refused():
                self._take_refusal(message)
            case Failure():
                self._fail(_failure_code(message.code), message.reason, message.remedy)
            case Stop():
                remedy = "call begin_training to train on from the weights at hand"
                self._fail(FailureCode.STOPPED, f"the trainer was stopped: {message.reason}", remedy)
            case _ if self._share is not None and self._share.is_missing:
                remedy = "start the trainer on this machine, as this user; or set shared_memory to None"
                self._fail(FailureCode.INVALID_SETTINGS, f"shared memory was asked for: {self._share.refusal}", remedy)
            case _:
                yield message

    def _take_offer(self, offer: SharedMemoryOffer) -> None:
        if self._share is None or self._channel is None or not self._share.capabilities:
            return
        answer = self._share.consider(offer)
        if answer.is_accepted:
            self._channel.carry_by(self._share.carrier)
        self.send(answer)

    def _take_refusal(self, refused: Refused) -> None:
        if refused.code == "UNKNOWN_SESSION":
            if self.state is ConnectionState.OPEN:  # else hello was said already, for another message refused
                logger.warning("the trainer no longer knows this session; saying hello again")
                self._greet()
            return
        code = FailureCode.INVALID_SETTINGS if refused.code == "INVALID_SETTINGS" else FailureCode.REFUSED
        where = f" at {refused.where}" if refused.where else ""
        reason = f"the trainer refused ({refused.code}){where}: expected {refused.expected}, got {refused.received}"
        self._fail(code, reason, refused.remedy)

    def _judge(self) -> None:
        if self._child is not None and (exit_code := self._child.exit_code()) is not None:
            if self._child.has_spoken_out:
                self._fail_with_exit(exit_code)
        elif self._session_id != 0:
            if (verdict := self._watch.verdict(self._now_s)) is not None:
                self._fail(*verdict)
        elif self._now_s > self._settings.connect_timeout_s:
            waited = f"no trainer answered within {self._settings.connect_timeout_s:g} s ({self._where_stuck()})"
            remedy = (
                "look at the trainer's log above; raise CommunicatorSettings.connect_timeout_s on a slow disk; when "
                "attaching, check the endpoint and that `learning-bridge serve` runs there"
            )
            self._fail(FailureCode.CONNECT_TIMEOUT, waited, remedy)

    def _where_stuck(self) -> str:
        return {
            ConnectionState.IDLE: "the process of the one before has not ended yet",
            ConnectionState.LAUNCHING: "its process started and has not said where it listens",
            ConnectionState.CONNECTING: f"nobody listens at {self._endpoint or 'its endpoint'}",
            ConnectionState.GREETING: "it took the connection and has not answered Hello",
        }.get(self.state, self.state.value)

    def _fail_with_exit(self, exit_code: int) -> None:
        assert self._child is not None
        if self._session_id == 0:
            code, reason = FailureCode.LAUNCH_FAILED, "the trainer process ended before it took the first call"
            remedy = "read its last words; usually learning-bridge[trainer] is not installed for that Python"
        else:
            code, reason = FailureCode.CRASHED, f"the trainer process (pid {self._child.process_id}) ended"
            remedy = "call begin_training to start a new trainer from the weights at hand"
        self._fail(code, reason, remedy, exit_code)

    def _fail(self, code: FailureCode, reason: str, remedy: str, exit_code: int | None = None) -> None:
        tail = self._child.stderr_tail() if self._child is not None else ()
        self.failure = TrainingFailure(code, reason, remedy, exit_code, tail)
        is_heard = self.state is ConnectionState.OPEN and code in _TRAINER_LIVES
        self.state = ConnectionState.FAILED
        if is_heard:
            self._say_farewell(code.value)
        else:
            self._close_channel()
            if self._process_settings is None or self._process_settings.max_lifetime_restarts == 0:
                self._close_share()  # else whoever takes this one's place may go on with it
        if self._child is not None:
            self._child.request_stop(at_once=code in (FailureCode.TIMEOUT, FailureCode.STUCK))

    def _say_farewell(self, reason: str) -> None:
        """So that the trainer frees the session at once; the channel stays open a little, for the word to leave."""
        self.send(Stop(reason=reason, shutdown=self._process_settings is not None))
        self._farewell_s = time.monotonic()

    def _bury(self) -> None:
        if time.monotonic() - self._farewell_s > FAREWELL_S:
            self._close_channel()
            self._close_share()
        if self._child is not None and self._child.poll_stop():
            self._child = None

    def _close_channel(self, linger_s: float = 0.0) -> None:
        if self._channel is not None:
            self._channel.close(linger_s)
            self._channel = None
        self._releases.clear()

    def _close_share(self) -> None:
        if self._share is not None:
            self._share.close()
            self._share = None


def _failure_code(code: str) -> FailureCode:
    return FailureCode(code) if code in FailureCode.__members__ else FailureCode.LEARNER_ERROR


def _library_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and wanted once a session

    try:
        return version("learning-bridge")
    except PackageNotFoundError:
        return "unknown"
