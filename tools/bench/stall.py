"""The longest tick that the SDK causes while a real trainer learns, hangs and dies: 64 agents, asynchronous."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from host_sdk import CommunicatorSettings, PPOTrainingSettings, TrainerProcessSettings
from tools.bench.noop_game import NoopGame
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow

AGENT_COUNT = 64
LEARNING_TICKS = 10_000
FRAME_S = 0.002
SETTINGS = PPOTrainingSettings(steps_per_update=4096, minibatch_size=256, epochs=10)
QUICK_TO_JUDGE = CommunicatorSettings(heartbeat_interval_s=0.5, dead_after_s=3.0)


@dataclass
class TickLog:
    """What each tick took.

    Attributes:
        thread_ms: of the calling thread's own processor time.
        wall_ms: of the clock's.
        waits: how often the thread gave its processor up within ticks (voluntary context switches).
    """

    thread_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    waits: int = 0

    def time(self, action: Callable[[], object]) -> None:
        """Times one tick, and then rests until the next frame."""
        waits = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        thread, wall = time.thread_time_ns(), time.perf_counter_ns()
        action()
        self.thread_ms.append((time.thread_time_ns() - thread) / 1e6)
        spent_ns = time.perf_counter_ns() - wall
        self.wall_ms.append(spent_ns / 1e6)
        self.waits += resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - waits
        time.sleep(max(0.0, FRAME_S - spent_ns / 1e9))


def play(game: NoopGame, log: TickLog, control: TickLog, spin_ns: int) -> None:
    """One tick with the SDK, and one of a loop that only spins as long, for comparison."""
    log.time(game.tick)
    control.time(lambda: _spin(spin_ns))


def _spin(duration_ns: int) -> None:
    until = time.thread_time_ns() + duration_ns
    while time.thread_time_ns() < until:
        pass


def _begin(game: NoopGame) -> None:
    game.trainer.begin_training(SETTINGS)
    game.play_until_collecting()
    game.play_until(lambda: game.trainer.iteration >= 1)


def _until_failed(game: NoopGame, log: TickLog, control: TickLog, sent: signal.Signals, spin_ns: int) -> None:
    process_id = game.communicator.trainer_process_id
    assert process_id is not None
    os.kill(process_id, sent)
    while not game.trainer.has_training_failed:
        play(game, log, control, spin_ns)
    for _ in range(500):
        play(game, log, control, spin_ns)


def measure(results: str) -> tuple[dict[str, TickLog], dict[str, TickLog]]:
    """The logs of the three phases, with the SDK and without; run folders go into `results`."""
    names = ("learns", "hangs", "dies")
    logs, controls = ({name: TickLog() for name in names} for _ in range(2))
    process = TrainerProcessSettings(results_directory=results)
    game = NoopGame(AGENT_COUNT, process, training_settings=SETTINGS, communicator_settings=QUICK_TO_JUDGE)
    try:
        _begin(game)
        calibration = TickLog()
        for _ in range(500):
            calibration.time(game.tick)
        spin_ns = int(1e6 * float(np.median(calibration.thread_ms)))
        for _ in range(LEARNING_TICKS):
            play(game, logs["learns"], controls["learns"], spin_ns)
        _until_failed(game, logs["hangs"], controls["hangs"], signal.SIGSTOP, spin_ns)
        _begin(game)
        _until_failed(game, logs["dies"], controls["dies"], signal.SIGKILL, spin_ns)
    finally:
        game.close()
    return logs, controls


def run(options: BenchOptions) -> list[BenchRow]:
    """One row a phase; the repetitions are the ticks, so that low is the median tick and high the longest."""
    with tempfile.TemporaryDirectory(prefix="lb-") as results:
        logs, controls = measure(results)
    rows = []
    for name, log in logs.items():
        thread, wall = np.array(log.thread_ms), np.array(log.wall_ms)
        excess = np.percentile(wall, 99.9) - np.percentile(controls[name].wall_ms, 99.9)
        rows.append(
            BenchRow(
                bench="stall",
                name=f"the 999th of 1,000 ticks while the trainer {name}",
                median=float(np.percentile(thread, 99.9)),
                low=float(np.median(thread)),
                high=float(thread.max()),
                unit="ms",
                target="median <= 2",
                note=(
                    f"thread time of {len(thread):,} ticks (low: the median, high: the longest); {log.waits} waits; "
                    f"wall-clock 99.9 % {np.percentile(wall, 99.9):.2f} ms, {excess:+.2f} ms over a loop without SDK"
                ),
            )
        )
    return rows
