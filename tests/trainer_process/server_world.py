"""A server and hosts in one process, moved on step by step, with a clock that stands until it is moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from protocol.channel import ClientChannel, ServerChannel
from protocol.channel_event import Connected, Received
from protocol.experience_wire import experience_to_message
from protocol.messages import Configure, Experience, Failure, Hello, Message, Ready, Refused, Welcome
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ObservationElement,
    action_to_wire,
    observation_to_wire,
)
from protocol.schema_hash import action_hash, observation_hash
from protocol.version import PROTOCOL_VERSION
from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.run_folder import RunFolder
from trainer_process.run_watch import RunWatch
from trainer_process.server import Server, ServerSettings
from trainer_process.session_registry import AdmissionSettings
from trainer_process.start_settings import StartSettings, same_for_all

MessageType = TypeVar("MessageType", bound=Message)

OBSERVATION = ContinuousObservation(3)
ACTION = ContinuousAction(2)
POLICY = PolicySettings(hidden_sizes=(4,))
CRITIC = CriticSettings(hidden_sizes=(4,))
TOKEN = "the token of the tests"
HANG_S = 30.0
START = StartSettings(metrics_writers=(), checkpoint_interval=0)


def hello(**changes: Any) -> Hello:
    """What a good host says first."""
    good = Hello(
        protocol_version=PROTOCOL_VERSION,
        library="tests",
        library_version="1",
        capabilities=(),
        token=TOKEN,
        previous_session=0,
        host_name="test",
        process_id=1,
    )
    return replace(good, **changes)


def configure(
    *,
    observation: ObservationElement = OBSERVATION,
    action: ActionElement = ACTION,
    policy: PolicySettings = POLICY,
    critic: CriticSettings = CRITIC,
    **changes: Any,
) -> Configure:
    """What a good host wants."""
    good = Configure(
        behavior="Walker",
        observation_schema=observation_to_wire(observation),
        action_schema=action_to_wire(action),
        observation_hash=observation_hash(observation),
        action_hash=action_hash(action),
        network_hash=build_policy_spec(observation, action, policy).hash,
        critic_network_hash=build_critic_spec(observation, policy, critic).hash,
        policy_settings=policy.to_wire(),
        critic_settings=critic.to_wire(),
        trainer_type="counting",
        settings={},
        agent_count=8,
        start="fresh",
        checkpoint="",
        version=0,
        wants_critic=False,
    )
    return replace(good, **changes)


def experience(batch_id: int = 1, step_count: int = 4, observation_size: int = 3, **changes: Any) -> Experience:
    """A batch of one agent's steps."""
    segment = random_segment(np.random.default_rng(batch_id), step_count, observation_size, 2)
    return replace(experience_to_message("Walker", make_batch([segment], batch_id)), **changes)


class Host:
    """A host reduced to what it says and hears."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._channel = ClientChannel(world.server.endpoint)
        self.session_id = 0
        self.is_connected = False
        self.heard: list[Message] = []

    def poll(self) -> None:
        for event in self._channel.poll():
            if isinstance(event, Connected):
                self.is_connected = True
            elif isinstance(event, Received):
                self.heard.append(event.message)
                if isinstance(event.message, Welcome):
                    self.session_id = event.message.session_id

    def say(self, message: Message, session_id: int | None = None) -> None:
        self._channel.send(message, self.session_id if session_id is None else session_id)

    def ask(self, message: Message, answer: type[MessageType], session_id: int | None = None) -> MessageType:
        """Says something and moves the world until a new answer of that type has come."""
        before = len(self.all_heard(answer))
        self.say(message, session_id)
        return self.await_heard(answer, before + 1)

    def all_heard(self, kind: type[MessageType]) -> list[MessageType]:
        return [message for message in self.heard if isinstance(message, kind)]

    def await_heard(self, kind: type[MessageType], count: int = 1) -> MessageType:
        """The count-th message of a type, once it has come."""
        failures = len(self.all_heard(Failure))

        def is_over() -> bool:
            return len(self.all_heard(kind)) >= count or len(self.all_heard(Failure)) > failures

        self._world.until(is_over, f"{count} {kind.__name__}")
        assert len(self.all_heard(kind)) >= count, self.heard[-1]
        return self.all_heard(kind)[count - 1]

    def join(self, wanted: Configure | None = None, greeting: Hello | None = None) -> Ready:
        """Through the door and into the behavior."""
        self.ask(greeting or hello(), Welcome)
        return self.ask(wanted or configure(), Ready)

    def is_refused(self, message: Message) -> Refused:
        return self.ask(message, Refused)

    def disconnect(self) -> None:
        self._channel.close()
        self._world.forget(self)


HostType = TypeVar("HostType", bound=Host)


class World:
    """A server over tcp on this machine, and its hosts.

    Attributes:
        sleeping: hosts that look at nothing that comes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        admission: AdmissionSettings | None = None,
        start: StartSettings = START,
        run_id: str = "run",
        run: RunWatch | None = None,
        **settings: Any,
    ) -> None:
        self.now_s = 0.0
        self.progress: list[object] = []
        self._hosts: list[Host] = []
        self.sleeping: set[Host] = set()
        self.folder = folder / run_id / "Walker"
        admission = admission or AdmissionSettings(token=TOKEN, host_timeout_s=60.0, heartbeat_interval_s=1.0)
        self.server = Server(
            ServerChannel("tcp://127.0.0.1:0"),
            RunFolder.claim(folder, run_id, resume=start.resume),
            ServerSettings(admission=admission, start_of=same_for_all(start), **settings),
            on_progress=self.progress.append,
            run=run,
            clock=lambda: self.now_s,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close("the test is over")
        for host in list(self._hosts):
            host.disconnect()

    def host(self) -> Host:
        """A host whose connection stands."""
        return self.enter(Host(self))

    def enter(self, host: HostType) -> HostType:
        """Lets a host of another kind connect."""
        self._hosts.append(host)
        self.until(lambda: host.is_connected, "a connection")
        return host

    def forget(self, host: Host) -> None:
        self._hosts.remove(host)

    def step(self) -> None:
        """One pass of the server and one look of every host."""
        self.server.step(0.02)
        for host in self._hosts:
            if host not in self.sleeping:
                host.poll()

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Moves everything on until the condition holds; the limit is for hangs alone."""
        limit_s = time.monotonic() + HANG_S
        while not condition():
            assert time.monotonic() < limit_s, (
                f"waited for {what}; the hosts heard {[host.heard for host in self._hosts]}"
            )
            self.step()

    def pass_time(self, seconds: float) -> None:
        """Moves the clock on, in steps that the server doesn't take for a standstill."""
        for _ in range(round(seconds)):
            self.now_s += 1.0
            self.step()

    def settle(self) -> None:
        """Lets everything under way arrive: a Hello of a stranger goes there and back on the same socket."""
        stranger = self.host()
        stranger.ask(hello(token="wrong"), Refused)
        stranger.disconnect()
