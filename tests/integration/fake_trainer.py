"""An echo trainer that breaks the protocol, or itself, on request: for tests of the host.

Run as the launcher runs the real one: `python fake_trainer.py --fault KIND launched --rendezvous DIR …`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from protocol.bulk_carrier import DTYPE_NAMES, AnyArray, Frame, ManifestEntry
from protocol.channel_event import PeerMessage
from protocol.experience import FloatArray
from protocol.limits import MEBIBYTE
from protocol.messages import (
    Complete,
    Configure,
    Demonstrations,
    EvaluationResult,
    Experience,
    Failure,
    Hello,
    Message,
    Ready,
    Refused,
    SharedMemoryOffer,
    Stop,
)
from protocol.shared_memory import ArenaCarrier, create_segment
from tools.echo_trainer import SESSION_ID, EchoSettings, EchoTrainer, run_launched

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
    "complete_at_end",
    "ready_late",
    "offer_nothing",
    "offer_absent",
    "unknown_arena",
    "past_the_end",
    "refuse_twice",
)

ABSENT = "learning-bridge-memory-1-0123456789abcdef"
"""The name of a segment that nobody made."""


class LyingCarrier(ArenaCarrier):
    """Says of every array that it lies at a place where it doesn't."""

    def __init__(self, arena: str) -> None:
        super().__init__()
        self._place = {"arena": arena, "offset": MEBIBYTE}

    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        return [(name, DTYPE_NAMES[array.dtype], array.shape, self._place) for name, array in arrays], []


class FakeTrainer(EchoTrainer):
    """An echo trainer with one fault.

    Attributes:
        fault: one of FAULTS; may be changed on the way.
        restart_listening: when set, every connection is dropped once.
        demonstrations: those that were taken.
        is_behind: whether rounds are taken, and no weights come of them yet.
        run_directory: what Ready says.
        last_consumed: likewise.
        history: a file that gets a line of JSON for each start, Hello and batch; None: nothing is noted.
    """

    run_directory = ""
    last_consumed = 0
    history: Path | None = None
    fault = "none"
    is_ready = False
    is_behind = False

    def __init__(self, endpoint: str, settings: EchoSettings) -> None:
        super().__init__(endpoint, settings)
        self.restart_listening = threading.Event()
        self.demonstrations: list[Demonstrations] = []

    def tell_progress(self) -> None:
        if self.restart_listening.is_set():
            self.restart_listening.clear()
            self.listen_again()
        super().tell_progress()

    def listen_again(self) -> None:
        """Drops every connection and listens at the same place."""
        endpoint = self.channel.endpoint
        self.channel.close()
        self.channel = self.listen(endpoint)

    @classmethod
    def note(cls, what: str, value: object) -> None:
        """Adds a line to the history."""
        if cls.history is not None:
            with cls.history.open("a") as file:
                file.write(json.dumps([what, value]) + "\n")

    def grant(self, configure: Configure) -> Ready:
        granted = super().grant(configure)
        return replace(granted, run_directory=self.run_directory, last_consumed=self.last_consumed)

    def greet(self, hello: Hello) -> None:
        self.note("hello", hello.previous_session)
        if self.fault == "never_answer_hello":
            return
        if self.fault == "refuse_version":
            self.say(Refused("VERSION_MISMATCH", "", "$.protocol_version", "9.0", hello.protocol_version, "update"))
        elif self.fault == "forget_session":
            self.welcome(is_resumed=False)
        else:
            super().greet(hello)

    def offer_memory(self) -> None:
        if self.fault == "offer_absent":
            self.say(SharedMemoryOffer(ABSENT))
        elif self.fault != "offer_nothing":
            super().offer_memory()

    def configure(self, configure: Configure) -> None:
        if self.fault == "invalid_settings":
            where, expected = "$.learning_rate", "a positive number"
            self.say(Refused("INVALID_SETTINGS", "default", where, expected, "-1.0", "correct learning_rate"))
            return
        if self.fault == "ready_late":
            time.sleep(1.0)
            for incoming in self.channel.receive():
                if isinstance(incoming, PeerMessage):
                    self.answer(incoming.message)
        self.is_ready = True
        super().configure(configure)
        if self.fault in ("unknown_arena", "past_the_end"):
            self._probe = create_segment(64)
            arena = ABSENT if self.fault == "unknown_arena" else self._probe.name
            self.channel.carry_by(self._peer, LyingCarrier(arena))
        if self.fault == "complete_at_once":
            self.say(Complete(configure.behavior, "enough"))

    def answer(self, message: Message) -> None:
        if isinstance(message, EvaluationResult) and not self.is_ready:
            self.say(Refused("UNKNOWN_BEHAVIOR", "default", "behavior", "one of []", "default", "wait for Ready"))
        super().answer(message)

    def take(self, experience: Experience) -> None:
        self.note("batch", experience.batch_id)
        if not self.breaks():
            super().take(experience)
            self.die_if_due()

    def take_demonstrations(self, demonstrations: Demonstrations) -> None:
        if not self.breaks():
            self.demonstrations.append(demonstrations)
            super().take_demonstrations(demonstrations)
            if demonstrations.is_last:
                self.die_if_due()
                if self.fault == "complete_at_end":
                    self.say(Complete(demonstrations.behavior, "enough"))

    def breaks(self) -> bool:
        """Does what the fault wants at a batch; whether the batch is not to be taken."""
        match self.fault:
            case "die_on_experience":
                os.kill(os.getpid(), signal.SIGKILL)
            case "freeze_on_experience":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "stuck_learner":
                self.phase = "learning"
            case "never_credit":
                pass
            case "stop_on_experience":
                self.say(Stop("interrupted", True))
            case "diverge":
                self.say(Failure("DIVERGED", "default", "the policy loss is nan", "lower learning_rate"))
            case "refuse_twice" if len(self.batches) == 2:
                for _ in range(2):
                    self.say(Refused("UNKNOWN_SESSION", "", "session", "one that lives", str(SESSION_ID), "say Hello"))
            case "drop_connection" if len(self.batches) == 2:
                self.listen_again()
            case _:
                return False
        return True

    def die_if_due(self) -> None:
        """For a fault that comes after the update."""
        if self.fault == "die_after_update":
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGKILL)

    def publish(self, behavior: str, network_hash: int, weights: FloatArray) -> None:
        if self.is_behind:
            return
        if self.fault == "nan_weights":
            weights = np.full_like(weights, np.nan)
        super().publish(behavior, network_hash ^ (self.fault == "wrong_hash"), weights)


@contextmanager
def fake_trainer_thread(endpoint: str, fault: str = "none") -> Iterator[FakeTrainer]:
    """A fake trainer in a thread of this process, listening at `endpoint`."""
    trainer = FakeTrainer(endpoint, EchoSettings(steps_per_hand_off=32))
    trainer.fault = fault
    with running(trainer):
        yield trainer


@contextmanager
def running(trainer: EchoTrainer) -> Iterator[None]:
    """Runs a trainer in a thread of this process, until the end of the context."""
    over = threading.Event()
    thread = threading.Thread(target=trainer.run, args=(over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5.0)
        trainer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", type=faults, default=("none",), help="one, or several with commas: of each start")
    parser.add_argument("--history", type=Path)
    parser.add_argument("--run-directory", default="")
    parser.add_argument("--consumed", type=int, default=0, help="what a trainer with --resume says it has learnt from")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--once", type=Path, help="a file that the first trainer makes; later ones have no fault")
    parser.add_argument("--synchronous", action="store_true")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("launched")
    parser.add_argument("--rendezvous", type=Path, required=True)
    arguments, _ = parser.parse_known_args()
    starts = [line for line in read_history(arguments.history) if line[0] == "start"]
    fault = arguments.fault[min(len(starts), len(arguments.fault) - 1)]
    if arguments.once is not None and arguments.once.exists():
        fault = "none"
    elif arguments.once is not None:
        arguments.once.touch()
    FakeTrainer.fault, FakeTrainer.history = fault, arguments.history
    FakeTrainer.run_directory = arguments.run_directory
    FakeTrainer.last_consumed = arguments.consumed if arguments.resume else 0
    FakeTrainer.note("start", sys.argv[1:])
    if fault == "exit_at_import":
        raise ImportError("No module named 'torch'")
    settings = EchoSettings(arguments.steps, arguments.synchronous)
    run_launched(FakeTrainer, settings, arguments.rendezvous, publishes=fault != "never_publish")


def faults(text: str) -> tuple[str, ...]:
    """Of each start; the last one is that of all later ones."""
    named = tuple(text.split(","))
    if unknown := set(named) - set(FAULTS):
        raise argparse.ArgumentTypeError(f"expected some of {FAULTS}, got {unknown}")
    return named


def read_history(path: Path | None) -> list[list[Any]]:
    """What trainers noted so far."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    main()
