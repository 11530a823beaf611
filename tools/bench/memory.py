"""What the SDK takes beside Python with numpy, what ticks leave behind, and what both sides grow by over updates."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import tracemalloc

import psutil

from host_sdk import PPOTrainingSettings, TrainerProcessSettings
from tools.bench.noop_game import NoopGame, echo_process
from tools.bench.options import ROOT, BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Spread

MEGABYTE = 1e6
ITERATIONS = 10_000
SETTLED_ITERATIONS = 2_000
"""Allocators keep what they took at first; growth is what comes after."""

TICKS = 10_000
HAND_OFF_TICKS = 160

_BARE = (
    "import numpy, psutil; numpy.ones((128, 128)) @ numpy.ones((128, 128)); print(psutil.Process().memory_info().rss)"
)
_HOST = "from tools.bench.memory import play_host; play_host()"
SETTINGS = PPOTrainingSettings(
    steps_per_update=64, minibatch_size=64, epochs=1, total_steps=100_000_000, normalizer_initialisation="train"
)


def play_host() -> None:
    """A host of 64 agents with a trainer that consumes, for some hundred ticks; prints its own memory."""
    game = NoopGame(64, echo_process(10_000))
    try:
        game.play_until_collecting()
        for _ in range(1000):
            game.tick()
        print(psutil.Process().memory_info().rss)
    finally:
        game.close()


def _resident(program: str) -> float:
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return int(output.split()[-1]) / MEGABYTE


def growth() -> tuple[float, float]:
    """Megabytes by which host and trainer grow from the 2,000th to the 10,000th update."""
    with tempfile.TemporaryDirectory(prefix="lb-") as results:
        game = NoopGame(64, TrainerProcessSettings(results_directory=results), training_settings=SETTINGS)
        try:
            game.trainer.begin_training(SETTINGS)
            game.play_until_collecting()
            process_id = game.communicator.trainer_process_id
            assert process_id is not None
            processes = (psutil.Process(), psutil.Process(process_id))
            _play_updates(game, SETTLED_ITERATIONS)
            before = [process.memory_info().rss for process in processes]
            _play_updates(game, ITERATIONS)
            after = [process.memory_info().rss for process in processes]
        finally:
            game.close()
    host, trainer = ((late - early) / MEGABYTE for early, late in zip(before, after, strict=True))
    return host, trainer


def _play_updates(game: NoopGame, until_iteration: int) -> None:
    while game.trainer.iteration < until_iteration:
        game.tick()
        if game.trainer.has_training_failed:
            raise RuntimeError(str(game.trainer.training_failure))


def tick_growth() -> tuple[float, float]:
    """Of 64 agents, ticks and hand-offs: bytes more that stay allocated per tick, and bytes that one passes through.

    Everything is counted that Python and numpy allocate, at the same place of the loop before and after.
    """
    game = NoopGame(64, echo_process(64 * HAND_OFF_TICKS))
    try:
        game.play_until_collecting()
        tracemalloc.start()
        held = [_held_after(game, count) for count in (TICKS // 2, TICKS)]
        passing = []
        for _ in range(HAND_OFF_TICKS):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            game.tick()
            passing.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
        game.close()
    return (held[1] - held[0]) / TICKS, float(statistics.median(passing))


def _held_after(game: NoopGame, tick_count: int) -> int:
    for _ in range(tick_count):
        game.tick()
    sent = game.trainer.batches_sent
    while game.trainer.batches_sent == sent:
        game.tick()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _tick_row() -> BenchRow:
    growth_bytes, passing_bytes = tick_growth()
    return BenchRow(
        bench="memory",
        name=f"what a tick leaves allocated, over {TICKS:,}, 64 agents",
        median=growth_bytes,
        low=growth_bytes,
        high=growth_bytes,
        unit="bytes",
        target="median <= 1",
        note=f"{passing_bytes:,.0f} bytes are taken and given back within a tick",
    )


def run(options: BenchOptions) -> list[BenchRow]:
    """The host's size in processes of its own, then the long run."""
    extra = Spread.of([_resident(_HOST) - _resident(_BARE) for _ in range(min(options.rounds, 3))])
    rows = [
        BenchRow(
            bench="memory",
            name="host SDK over Python with numpy, 64 agents",
            median=extra.median,
            low=extra.low,
            high=extra.high,
            unit="MB",
            target="median <= 40",
            note="two buffers of 10,000 steps included",
        ),
        _tick_row(),
    ]
    for side, grown in zip(("host", "trainer"), growth(), strict=True):
        rows.append(
            BenchRow(
                bench="memory",
                name=f"the {side}'s growth over {ITERATIONS - SETTLED_ITERATIONS:,} updates",
                median=grown,
                low=grown,
                high=grown,
                unit="MB",
                target="median <= 5",
            )
        )
    return rows
