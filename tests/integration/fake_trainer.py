"""A trainer without torch that keeps the protocol, or breaks it on request: for tests of the host.

Run as the launcher runs the real one: `python fake_trainer.py --fault KIND launched --rendezvous DIR …`. It answers
Hello and Configure, gives credit for every batch, and sends the host's own weights back with a new version.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from protocol.channel import ServerChannel
from protocol.endpoint import TOKEN_VARIABLE
from protocol.errors import PeerUnreachableError
from protocol.experience import FloatArray
from protocol.messages import (
    Complete,
    Configure,
    Credit,
    Experience,
    Failure,
    Hello,
    Message,
    PolicyUpdate,
    Progress,
    Ready,
    Refused,
    Stop,
    Welcome,
)
from protocol.rendezvous import Rendezvous
from protocol.version import PROTOCOL_VERSION

FAULTS = (
    "none",
    "exit_at_import",
    "never_publish",
    "never_answer_hello",
    "refuse_version",
    "invalid_settings",
    "die_on_experience",
    "die_after_update",
    "freeze_on_experience",
    "stuck_learner",
    "stop_on_experience",
    "diverge",
    "nan_weights",
    "wrong_hash",
    "never_credit",
    "forget_session",
    "drop_connection",
    "complete_at_once",
)


class FakeTrainer:
    """One host, one behavior, no learning."""

    def __init__(self, channel: ServerChannel, fault: str, *, synchronous: bool, steps: int, interval_s: float) -> None:
        self.channel = channel
        self.fault = fault
        self.synchronous = synchronous
        self.steps = steps
        self.interval_s = interval_s
        self.version = 0
        self.weights: FloatArray | None = None
        self.network_hash = 0
        self.busy = False
        self.batches: list[int] = []
        self.hellos: list[int] = []
        self.is_over = False
        self._progress_due_s = 0.0

    def run(self, until: threading.Event | None = None) -> None:
        """Answers until the host stops it."""
        while not self.is_over and not (until is not None and until.is_set()):
            self.channel.wait(0.02)
            for peer, message, *_ in self.channel.receive():
                if isinstance(message, Message):
                    self.answer(peer, message)
            self._tell_progress()

    def _tell_progress(self) -> None:
        if time.monotonic() >= self._progress_due_s and self.hellos:
            self._progress_due_s = time.monotonic() + self.interval_s
            phase = "learning" if self.busy else "waiting"
            self.say(self._peer, Progress(phase=phase, counter=1, iteration=self.version, pending_batches=0))

    def say(self, peer: bytes, message: Message) -> None:
        """Sends, whether or not the host still listens."""
        try:
            self.channel.send(peer, message, 1)
        except PeerUnreachableError:
            pass

    def answer(self, peer: bytes, message: Message) -> None:
        """One message of the host."""
        self._peer = peer
        match message:
            case Hello():
                self.channel.trust(peer)
                self.greet(peer, message)
            case Configure():
                self.configure(peer, message)
            case Experience():
                self.learn(peer, message)
            case Stop(shutdown=shutdown):
                self.is_over = shutdown

    def greet(self, peer: bytes, hello: Hello) -> None:
        """Welcomes a host, or not."""
        self.hellos.append(hello.previous_session)
        if self.fault == "never_answer_hello":
            return
        if self.fault == "refuse_version":
            refusal = Refused("VERSION_MISMATCH", "", "$.protocol_version", "9.0", hello.protocol_version, "update")
            self.say(peer, refusal)
            return
        resumed = hello.previous_session == 1 and self.fault != "forget_session"
        last = max(self.batches, default=0)
        known = {"default": last} if resumed else {}
        self.say(
            peer,
            Welcome(
                session_id=1,
                host_index=0,
                random_seed=7,
                protocol_version=PROTOCOL_VERSION,
                library="fake",
                library_version="0",
                heartbeat_interval_s=self.interval_s,
                host_timeout_s=60.0,
                resumed=resumed,
                last_consumed=known,
                last_accepted=known,
            ),
        )

    def configure(self, peer: bytes, configure: Configure) -> None:
        """Grants a small contract."""
        if self.fault == "invalid_settings":
            refusal = Refused(
                "INVALID_SETTINGS", "default", "$.learning_rate", "a positive number", "-1.0", "correct learning_rate"
            )
            self.say(peer, refusal)
            return
        self.network_hash = configure.network_hash
        self.weights = configure.weights
        self.say(
            peer,
            Ready(
                behavior=configure.behavior,
                steps_per_hand_off=self.steps,
                horizon=0,
                buffer_count=1 if self.synchronous else 2,
                synchronous=self.synchronous,
                required_fields=("observations", "actions", "rewards", "log_probs"),
                settings=dict(configure.settings),
                policy_version=configure.version,
                run_directory="",
            ),
        )
        if self.fault == "complete_at_once":
            self.say(peer, Complete(configure.behavior, "enough"))

    def learn(self, peer: bytes, experience: Experience) -> None:
        """Takes a batch and goes wrong where asked to."""
        self.batches.append(experience.batch_id)
        match self.fault:
            case "die_on_experience":
                os.kill(os.getpid(), signal.SIGKILL)
            case "freeze_on_experience":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "stuck_learner":
                self.busy = True
                return
            case "never_credit":
                return
            case "stop_on_experience":
                self.say(peer, Stop("interrupted", True))
                return
            case "diverge":
                self.say(peer, Failure("DIVERGED", "default", "the policy loss is nan", "lower learning_rate"))
                return
            case "drop_connection" if len(self.batches) == 2:
                self.channel.close()
                self.channel = ServerChannel(self.endpoint, heartbeat_interval_s=0.2, heartbeat_timeout_s=2.0)
                return
        self.publish(peer, experience)
        if self.fault == "die_after_update":
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGKILL)

    endpoint = ""

    def publish(self, peer: bytes, experience: Experience) -> None:
        """New weights, then the credit."""
        self.version += 1
        if self.weights is not None:
            weights = np.full_like(self.weights, np.nan) if self.fault == "nan_weights" else self.weights
            network_hash = self.network_hash ^ (self.fault == "wrong_hash")
            self.say(peer, PolicyUpdate(experience.behavior, network_hash, self.version, self.version, False, {}, weights))
        self.say(peer, Credit(experience.behavior, experience.batch_id))


@contextmanager
def fake_trainer_thread(endpoint: str, fault: str = "none", **options: object) -> Iterator[FakeTrainer]:
    """A fake trainer in a thread of this process, listening at `endpoint`."""
    channel = ServerChannel(endpoint, heartbeat_interval_s=0.2, heartbeat_timeout_s=2.0)
    settings = {"synchronous": False, "steps": 32, "interval_s": 0.1, **options}
    trainer = FakeTrainer(channel, fault, **settings)  # type: ignore[arg-type]
    trainer.endpoint = channel.endpoint
    over = threading.Event()
    thread = threading.Thread(target=trainer.run, args=(over,), daemon=True)
    thread.start()
    try:
        yield trainer
    finally:
        over.set()
        thread.join(timeout=5.0)
        trainer.channel.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--synchronous", action="store_true")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("launched")
    parser.add_argument("--rendezvous", type=Path, required=True)
    arguments, _ = parser.parse_known_args()
    if arguments.fault == "exit_at_import":
        raise ImportError("No module named 'torch'")
    assert os.environ[TOKEN_VARIABLE]
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    rendezvous = Rendezvous(arguments.rendezvous)
    channel = ServerChannel(rendezvous.bind_endpoint, heartbeat_interval_s=0.2, heartbeat_timeout_s=2.0)
    trainer = FakeTrainer(
        channel, arguments.fault, synchronous=arguments.synchronous, steps=arguments.steps, interval_s=0.1
    )
    trainer.endpoint = channel.endpoint
    if arguments.fault != "never_publish":
        rendezvous.publish(channel.endpoint)
    trainer.run()
    channel.close()


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
