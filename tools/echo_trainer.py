"""A trainer without torch that learns nothing: it takes every batch, gives credit, and echoes the host's weights.

For benches of the bridge alone, for tests (which subclass it to misbehave), and as the shortest program that speaks
the trainer's side of the protocol. A host launches it with
`TrainerProcessSettings(command=(sys.executable, "-m", "tools.echo_trainer"))`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from protocol.channel import ServerChannel
from protocol.channel_event import PeerMessage
from protocol.errors import PeerUnreachableError
from protocol.experience import FloatArray
from protocol.messages import (
    Configure,
    Credit,
    Demonstrations,
    Experience,
    Hello,
    Message,
    PolicyUpdate,
    Progress,
    Ready,
    Release,
    SharedMemoryAnswer,
    Stop,
    Welcome,
)
from protocol.rendezvous import Rendezvous
from protocol.version import PROTOCOL_VERSION, SHARED_MEMORY_CAPABILITY
from trainer_process.session_memory import SessionMemory

SESSION_ID = 1
HEARTBEAT_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class EchoSettings:
    """How an echo trainer lets its host collect.

    Attributes:
        steps_per_hand_off: of one batch.
        synchronous: whether the host waits for each update.
        heartbeat_interval_s: between signs of life.
        publishes: whether each batch is answered by weights, or by credit alone.
    """

    steps_per_hand_off: int = 10_000
    synchronous: bool = False
    heartbeat_interval_s: float = 0.2
    publishes: bool = True


class EchoTrainer:
    """One host, one behavior, no learning.

    Attributes:
        channel: where it listens.
        batches: ids of the batches that came, in order.
        hellos: the previous session that each Hello named.
    """

    def __init__(self, endpoint: str, settings: EchoSettings) -> None:
        self.settings = settings
        self.channel = self.listen(endpoint)
        self.batches: list[int] = []
        self.hellos: list[int] = []
        self.phase = "waiting"
        self.version = 0
        self.is_over = False
        self._weights: FloatArray | None = None
        self._network_hash = 0
        self._peer = b""
        self._memory = SessionMemory("the host")
        self._can_share = False
        self._progress_due_s = 0.0

    def listen(self, endpoint: str) -> ServerChannel:
        """Opens the channel."""
        interval_s = self.settings.heartbeat_interval_s
        return ServerChannel(endpoint, heartbeat_interval_s=interval_s, heartbeat_timeout_s=HEARTBEAT_TIMEOUT_S)

    def run(self, until: threading.Event | None = None) -> None:
        """Answers until the host stops it, or `until` is set."""
        while not self.is_over and not (until is not None and until.is_set()):
            self.channel.wait(0.02)
            for incoming in self.channel.receive():
                if isinstance(incoming, PeerMessage):
                    self._peer = incoming.peer
                    self.answer(incoming.message)
            self.tell_progress()

    def tell_progress(self) -> None:
        """Gives the sign of life when it is due."""
        if self._peer and time.monotonic() >= self._progress_due_s:
            self._progress_due_s = time.monotonic() + self.settings.heartbeat_interval_s
            self.say(Progress(phase=self.phase, counter=1, iteration=self.version, pending_batches=0))

    def say(self, message: Message) -> None:
        """Sends, whether or not the host still listens."""
        with contextlib.suppress(PeerUnreachableError):
            self.channel.send(self._peer, message, SESSION_ID)

    def close(self) -> None:
        """Leaves."""
        self.channel.close()
        self._memory.close()

    def answer(self, message: Message) -> None:
        """One message of the host."""
        match message:
            case Hello():
                self.channel.trust(self._peer)
                self.hellos.append(message.previous_session)
                self._can_share = SHARED_MEMORY_CAPABILITY in message.capabilities
                self.greet(message)
            case SharedMemoryAnswer():
                self._memory.take_answer(message)
            case Release():
                self._memory.release(message)
            case Configure():
                self.configure(message)
            case Experience():
                self.batches.append(message.batch_id)
                self.take(message)
            case Demonstrations():
                self.batches.append(message.batch_id)
                self.take_demonstrations(message)
            case Stop(shutdown=shutdown):
                self.is_over = shutdown

    def greet(self, hello: Hello) -> None:
        """Welcomes the host, or welcomes it back if it was here."""
        self.welcome(is_resumed=hello.previous_session == SESSION_ID and len(self.hellos) > 1)

    def welcome(self, *, is_resumed: bool) -> None:
        """Says Welcome."""
        last = {"default": max(self.batches, default=0)} if is_resumed else {}
        welcome = Welcome(
            session_id=SESSION_ID,
            host_index=0,
            random_seed=7,
            protocol_version=PROTOCOL_VERSION,
            library="echo",
            library_version="0",
            heartbeat_interval_s=self.settings.heartbeat_interval_s,
            host_timeout_s=60.0,
            resumed=is_resumed,
            last_consumed=last,
            last_accepted=last,
        )
        self.say(welcome)
        self.offer_memory()

    def offer_memory(self) -> None:
        """Offers to share memory to a host that can."""
        self._memory.close()
        self._memory = SessionMemory("the host")
        if self._can_share and (offer := self._memory.offer()) is not None:
            self.channel.carry_by(self._peer, self._memory.carrier)
            self.say(offer)

    def configure(self, configure: Configure) -> None:
        """Grants what the settings say."""
        self._network_hash = configure.network_hash
        self._weights = configure.weights
        self.say(self.grant(configure))

    def grant(self, configure: Configure) -> Ready:
        """What the settings say."""
        return Ready(
            last_consumed=0,
            behavior=configure.behavior,
            steps_per_hand_off=self.settings.steps_per_hand_off,
            horizon=0,
            buffer_count=1 if self.settings.synchronous else 2,
            synchronous=self.settings.synchronous,
            required_fields=("observations", "actions", "rewards", "log_probs"),
            settings=dict(configure.settings),
            policy_version=configure.version,
            iteration=0,
            run_directory="",
        )

    def take(self, experience: Experience) -> None:
        """Answers a batch."""
        self.version += 1
        if self._weights is not None and self.settings.publishes:
            self.publish(experience.behavior, self._network_hash, self._weights)
        self.say(Credit(experience.behavior, experience.batch_id))

    def take_demonstrations(self, demonstrations: Demonstrations) -> None:
        """Answers episodes; the last of them with weights too."""
        self.say(Credit(demonstrations.behavior, demonstrations.batch_id))
        if demonstrations.is_last:
            self.version += 1
            if self._weights is not None and self.settings.publishes:
                self.publish(demonstrations.behavior, self._network_hash, self._weights)

    def measured(self) -> dict[str, float]:
        """The metrics of an update that is about to be sent."""
        return {}

    def publish(self, behavior: str, network_hash: int, weights: FloatArray) -> None:
        """Sends weights with the present version, unless the host still reads all that came before."""
        update = PolicyUpdate(behavior, network_hash, self.version, self.version, False, self.measured(), weights)
        if (staged := self._memory.stage(update)) is not None:
            self.say(staged)


def run_launched(make_trainer: type[EchoTrainer], settings: EchoSettings, folder: Path, *, publishes: bool) -> None:
    """Runs a trainer as a host launches it: listens where the rendezvous says, and leaves with its parent."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    rendezvous = Rendezvous(folder)
    trainer = make_trainer(rendezvous.bind_endpoint, settings)
    if publishes:
        rendezvous.publish(trainer.channel.endpoint)
    trainer.run()
    trainer.close()


def _leave_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def main() -> None:
    """Reads the launcher's command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--synchronous", action="store_true")
    parser.add_argument("--credit-only", action="store_true")
    parser.add_argument("launched")
    parser.add_argument("--rendezvous", type=Path, required=True)
    arguments, _ = parser.parse_known_args()
    settings = EchoSettings(arguments.steps, arguments.synchronous, publishes=not arguments.credit_only)
    run_launched(EchoTrainer, settings, arguments.rendezvous, publishes=True)


if __name__ == "__main__":
    main()
