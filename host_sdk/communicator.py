"""The host's line to a trainer process, for one or many behaviors."""

from __future__ import annotations

import os

from host_sdk.connection.behavior_link import BehaviorLink
from host_sdk.connection.parameter_feed import ParameterFeed
from host_sdk.connection.statistics_outbox import StatisticsOutbox
from host_sdk.connection.trainer_connection import ConnectionState, TrainerConnection
from host_sdk.connection.trainer_restart import TrainerRestarts
from host_sdk.environment_parameters import EnvironmentParameters
from host_sdk.failure import TrainingFailure
from host_sdk.settings import CommunicatorSettings, TrainerProcessSettings
from host_sdk.stats_recorder import StatsRecorder
from protocol.endpoint import ENDPOINT_VARIABLE, TOKEN_VARIABLE
from protocol.errors import SchemaError
from protocol.experience import FloatArray
from protocol.messages import Complete, Credit, EvaluationResult, Heartbeat, PolicyUpdate, Ready, Welcome
from protocol.messages import EnvironmentParameters as ParametersMessage


class Communicator:
    """Carries messages between behaviors and the trainer; looks inside none of their payloads.

    Every method but `wait` and `close` returns at once. `poll` is to be called once a tick; with several behaviors
    on one line, each may call it.
    """

    def __init__(
        self,
        settings: CommunicatorSettings | None = None,
        *,
        process: TrainerProcessSettings | None = None,
        endpoint: str | None = None,
        token: str = "",
    ) -> None:
        """Prefer `make_launched`, `make_attached` or `from_environment`, which say what they do.

        Args:
            settings: how long to wait for what.
            process: how to start a trainer; used when no endpoint is given.
            endpoint: where a trainer listens already, as `tcp://127.0.0.1:5555`, or `shm` for the one of this user on
                this machine that was started with `--shared-memory`.
            token: what that trainer wants to hear.
        """
        self.settings = settings or CommunicatorSettings()
        self._process = None if endpoint is not None else process or TrainerProcessSettings()
        self._endpoint = endpoint
        self._token = token
        self._links: dict[str, BehaviorLink] = {}
        self._statistics = StatisticsOutbox()
        self._leaving: list[TrainerConnection] = []
        self._parameter_feed = ParameterFeed()
        self._restarts = TrainerRestarts(self._process)
        self._failure: TrainingFailure | None = None
        self._is_relaunch_due = False
        self._connection = self._make_connection()
        self.unrecorded_steps = 0

    @classmethod
    def make_launched(
        cls, process: TrainerProcessSettings | None = None, settings: CommunicatorSettings | None = None
    ) -> Communicator:
        """A communicator that starts a trainer of its own (the default)."""
        return cls(settings, process=process)

    @classmethod
    def make_attached(
        cls, endpoint: str, *, token: str = "", settings: CommunicatorSettings | None = None
    ) -> Communicator:
        """A communicator to a trainer that runs already, at `endpoint` (`tcp://127.0.0.1:5555`, or `shm`)."""
        return cls(settings, endpoint=endpoint, token=token)

    @classmethod
    def from_environment(
        cls, process: TrainerProcessSettings | None = None, settings: CommunicatorSettings | None = None
    ) -> Communicator:
        """Attached where a trainer launched this host (it leaves its endpoint in the environment), else launched."""
        if endpoint := os.environ.get(ENDPOINT_VARIABLE):
            return cls.make_attached(endpoint, token=os.environ.get(TOKEN_VARIABLE, ""), settings=settings)
        return cls.make_launched(process, settings)

    @property
    def state(self) -> ConnectionState:
        """Where the line stands."""
        return ConnectionState.LAUNCHING if self._is_relaunch_due else self._connection.state

    @property
    def failure(self) -> TrainingFailure | None:
        """Why the line failed, if it did, and no trainer takes the place of the one that failed."""
        return self._failure

    @property
    def restart_count(self) -> int:
        """How often a lost trainer was started again since training began; see `TrainerProcessSettings`."""
        return self._restarts.count

    @property
    def restart_failure(self) -> TrainingFailure | None:
        """What led to the last restart; None before the first."""
        return self._restarts.failure

    @property
    def welcome(self) -> Welcome | None:
        """The trainer's greeting: this host's index and random numbers."""
        return self._connection.welcome

    @property
    def environment_parameters(self) -> EnvironmentParameters:
        """The numbers of the world that the trainer sets; for each agent its training environment's has them."""
        return self._parameter_feed.parameters

    @property
    def trainer_process_id(self) -> int | None:
        """The launched trainer's process id, while there is one."""
        return self._connection.process_id

    def open_behavior(self, link: BehaviorLink) -> None:
        """Adds a behavior to the line, which is begun, or begun anew after its end."""
        if self._connection.has_ended:
            self._replace_connection()
            self._links.clear()
        self._links[link.behavior] = link
        if self.state is ConnectionState.IDLE:
            self._connection.begin()
        elif self.state is ConnectionState.OPEN:
            self._connection.send(link.configure())
        self._judge()

    def close_behavior(self, link: BehaviorLink, reason: str) -> None:
        """Takes a behavior off the line; with the last one the session ends, and a launched trainer with it."""
        if link.ready is not None and self.state is ConnectionState.OPEN:
            self._send_statistics()
        self._links.pop(link.behavior, None)
        if (update := link.take_update()) is not None:
            self.give_back(update)
        if not self._links and self.state is not ConnectionState.IDLE:
            self._is_relaunch_due = False
            self._connection.end(reason)

    @property
    def stats(self) -> StatsRecorder:
        """Numbers of the game's own for the metrics of every behavior on this line."""
        return self._statistics.recorder("")

    def stats_of(self, behavior: str) -> StatsRecorder:
        """Numbers of the game's own for the metrics of one behavior; see also `Trainer.stats`."""
        return self._statistics.recorder(behavior)

    def report_evaluation(self, result: EvaluationResult) -> None:
        """Tells the trainer what an evaluation gave; a line that is down loses it."""
        if self.state is ConnectionState.OPEN:
            self._connection.send(result)

    @property
    def shares_memory(self) -> bool:
        """Whether arrays go through memory that host and trainer share, and not through the socket."""
        return self._connection.shares_memory

    def make_floats(self, count: int) -> FloatArray:
        """float32[count] of zeros for experience, where the trainer reads it if it can.

        Raises:
            SharedMemoryError: shared memory was demanded, and there is no room.
        """
        return self._connection.make_floats(count)

    def give_back(self, update: PolicyUpdate) -> None:
        """The weights of an update are read no longer. To be called once for each that `BehaviorLink` gave."""
        self._connection.give_back(update.weights)

    def poll(self) -> None:
        """Takes in what came, judges the silence, sends what waits. Never waits, never raises."""
        if self._leaving:
            self._leaving = [connection for connection in self._leaving if connection.poll_end()]
        if self._is_relaunch_due:
            self._relaunch_if_free()
        for message in self._connection.poll():
            match message:
                case Welcome():
                    self._take_welcome(message)
                case PolicyUpdate():
                    link = self._links.get(message.behavior)
                    overtaken = message if link is None else link.hear_update(message)
                    if overtaken is not None:
                        self.give_back(overtaken)
                case ParametersMessage():
                    self._take_parameters(message)
                case Ready() | Credit() | Complete():
                    if isinstance(message, Ready):
                        self._restarts.hear_ready(message)
                    if (link := self._links.get(message.behavior)) is not None:
                        link.hear(message)
        if self.state is ConnectionState.OPEN:
            self._send_waiting()
        self._judge()

    def wait(self, timeout_s: float) -> None:
        """Sleeps until a message comes or `timeout_s` is over (synchronous mode only)."""
        self._connection.wait(timeout_s)

    def close(self) -> None:
        """Ends everything and waits until a launched trainer is gone."""
        self._links.clear()
        self._is_relaunch_due = False
        for connection in (*self._leaving, self._connection):
            connection.close()
        self._leaving.clear()

    def _replace_connection(self) -> None:
        """Another trainer takes the place of one that failed, which is killed, or was told to end, which may take its
        time over it."""
        if self._connection.failure is not None:
            self._connection.kill()
        self._leaving.append(self._connection)
        self._restarts = TrainerRestarts(self._process)
        self._failure = None
        self._connection = self._make_connection()

    def _make_connection(self, before: TrainerConnection | None = None) -> TrainerConnection:
        self._heartbeat_due_s = 0.0
        process = self._restarts.process()
        return TrainerConnection(
            self.settings, process=process, endpoint=self._endpoint, token=self._token, before=before
        )

    def _judge(self) -> None:
        """A trainer that was lost is followed by another one as long as the quota allows it."""
        lost = self._connection
        if lost.failure is None or self._failure is not None:
            return
        self._failure = self._restarts.take(lost.failure)
        if self._failure is None:
            self._connection = self._make_connection(before=lost)
            self._leaving.append(lost)
            self._is_relaunch_due = True

    def _relaunch_if_free(self) -> None:
        """Not before the lost trainer is gone, which would write to the same run and read the same memory."""
        if not self._leaving and self._restarts.is_due:
            self._is_relaunch_due = False
            self._connection.begin()
            self._judge()

    def _take_parameters(self, message: ParametersMessage) -> None:
        try:
            self._parameter_feed.hear(message)
        except SchemaError as error:
            self._connection.refuse(error)

    def _take_welcome(self, welcome: Welcome) -> None:
        self._parameter_feed.begin_session(welcome)
        for name, link in self._links.items():
            if welcome.resumed and link.ready is not None:
                link.resume(welcome.last_consumed.get(name, 0), welcome.last_accepted.get(name, 0))
            else:
                link.restart()
                self._connection.send(link.configure())

    def _send_waiting(self) -> None:
        for link in self._links.values():
            while link.ready is not None and (batch := link.next_unsent()) is not None:
                if not self._connection.send(batch):
                    return
                link.mark_sent()
        if self._connection.now_s >= self._heartbeat_due_s:
            self._heartbeat_due_s = self._connection.now_s + self.settings.heartbeat_interval_s
            self._connection.send(Heartbeat(unrecorded_steps=self.unrecorded_steps))
            self._send_statistics()

    def _send_statistics(self) -> None:
        """With every heartbeat, and before a behavior leaves."""
        ready = [name for name, link in self._links.items() if link.ready is not None]
        self._statistics.send(self._connection.send, ready)
