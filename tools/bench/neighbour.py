"""A game's own speed beside a trainer that learns: a world that takes a core for itself, 64 agents, asynchronous."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

import numpy as np

from host_sdk import PPOTrainingSettings, TrainerProcessSettings
from tools.bench.noop_game import NoopGame
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Spread

AGENT_COUNT = 64
MEASURE_S = 3.0
SETTINGS = PPOTrainingSettings(steps_per_update=8192, minibatch_size=64, epochs=100)
"""An update of several seconds, so that the learner is at work all the while that is measured."""


class BusyWorld:
    """Physics that keep one core busy for about 2 ms a tick: arithmetic on bodies, in numpy and in Python."""

    def __init__(self) -> None:
        self._bodies = np.random.default_rng(0).standard_normal((2000, 6))
        self._count = 0

    def step(self) -> None:
        """One tick's work, always the same."""
        bodies = self._bodies
        for _ in range(20):
            bodies[:, :3] += 0.01 * bodies[:, 3:]
            bodies[:, 3:] *= 0.999
        for index in range(10_000):
            self._count += index & 3


def ticks_per_second(tick: Callable[[], object], world: BusyWorld) -> float:
    """How often the game ticks, unpaced."""
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < MEASURE_S:
        world.step()
        tick()
        count += 1
    return count / (time.perf_counter() - started)


def measure_round(results: str) -> tuple[float, float]:
    """Ticks a second without a trainer, and beside one that learns."""
    game, world = NoopGame(AGENT_COUNT, TrainerProcessSettings(results_directory=results)), BusyWorld()
    try:
        alone = ticks_per_second(game.policy.run_inference, world)
        game.trainer.begin_training(SETTINGS)
        game.play_until_collecting()
        game.play_until(lambda: game.trainer.batches_sent >= 2)
        beside = ticks_per_second(game.tick, world)
        if game.trainer.has_training_failed:
            raise RuntimeError(str(game.trainer.training_failure))
        return alone, beside
    finally:
        game.close()


def run(options: BenchOptions) -> list[BenchRow]:
    """Both in turn, with a new trainer in each round."""
    with tempfile.TemporaryDirectory(prefix="lb-") as results:
        pairs = [measure_round(results) for _ in range(options.rounds)]
    spread = Spread.of([beside / alone for alone, beside in pairs])
    alone = Spread.of([pair[0] for pair in pairs])
    return [
        BenchRow(
            bench="neighbour",
            name="a game's speed beside a learning trainer, of its own alone",
            median=spread.median,
            low=spread.low,
            high=spread.high,
            unit="of 1",
            target="median >= 0.95",
            note=f"alone {alone.median:.0f} ticks a second, its policy at work",
        )
    ]
