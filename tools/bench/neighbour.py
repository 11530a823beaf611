"""A game's own speed beside a trainer that learns: a world that takes a core for itself, 64 agents, asynchronous."""

from __future__ import annotations

import os
import signal
import tempfile
import time

import numpy as np

from host_sdk import PPOTrainingSettings, TrainerProcessSettings
from tools.bench.noop_game import NoopGame
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Spread

AGENT_COUNT = 64
MEASURE_S = 0.4
PAIRS_PER_ROUND = 10
SETTINGS = PPOTrainingSettings(steps_per_update=8192, minibatch_size=64, epochs=100)
"""An update of several seconds, so that the learner is at work all the while that is measured."""


class BusyWorld:
    """Physics that keep one core busy for half of a 60 Hz frame, about 8 ms: arithmetic in numpy and in Python."""

    def __init__(self) -> None:
        self._bodies = np.random.default_rng(0).standard_normal((2000, 6))
        self._count = 0

    def step(self) -> None:
        """One tick's work, always the same."""
        bodies = self._bodies
        for _ in range(200):
            bodies[:, :3] += 0.01 * bodies[:, 3:]
            bodies[:, 3:] *= 0.999
        for index in range(60_000):
            self._count += index & 3


def ticks_per_second(game: NoopGame, world: BusyWorld) -> float:
    """How often the game ticks, unpaced."""
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < MEASURE_S:
        world.step()
        game.tick()
        count += 1
    return count / (time.perf_counter() - started)


def measure(pair_count: int, results: str) -> tuple[list[float], list[float]]:
    """Ticks a second of the same game in turn: its trainer stopped for a moment, and its trainer at work."""
    settings = TrainerProcessSettings(results_directory=results)
    game, world = NoopGame(AGENT_COUNT, settings, training_settings=SETTINGS), BusyWorld()
    alone, beside = [], []
    try:
        game.trainer.begin_training(SETTINGS)
        game.play_until_collecting()
        game.play_until(lambda: game.trainer.batches_sent >= 2 and game.trainer.iteration >= 1)
        process_id = game.communicator.trainer_process_id
        assert process_id is not None
        for _ in range(pair_count):
            os.kill(process_id, signal.SIGSTOP)
            alone.append(ticks_per_second(game, world))
            os.kill(process_id, signal.SIGCONT)
            beside.append(ticks_per_second(game, world))
        if game.trainer.has_training_failed:
            raise RuntimeError(str(game.trainer.training_failure))
    finally:
        game.close()
    return alone, beside


def run(options: BenchOptions) -> list[BenchRow]:
    """Pairs of moments, so that a machine that slows down slows both."""
    with tempfile.TemporaryDirectory(prefix="lb-") as results:
        alone, beside = measure(PAIRS_PER_ROUND * options.rounds, results)
    spread = Spread.of([with_trainer / own for own, with_trainer in zip(alone, beside, strict=True)])
    return [
        BenchRow(
            bench="neighbour",
            name="a game's speed beside a learning trainer, of its own alone",
            median=spread.median,
            low=spread.low,
            high=spread.high,
            unit="of 1",
            target="median >= 0.95",
            note=f"alone {Spread.of(alone).median:.0f} ticks a second, its policy at work",
        )
    ]
