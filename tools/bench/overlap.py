"""Collecting and learning at once (asynchronous mode), beside one after the other (synchronous mode), on two cores.

The real PPO trainer learns in its process; the game computes so much a tick that collecting an update's steps takes
about as long as learning from them, where overlapping brings the most: twice the steps. Only steps that were learnt
from count, from the arrival of one update to the arrival of a later one.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace

import numpy as np

from host_sdk import PPOTrainingSettings, TrainerProcessSettings
from tools.bench.noop_game import NoopGame
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import alternate

AGENT_COUNT = 64
UPDATES_A_TURN = 4
CALIBRATIONS = 3
TIMEOUT_S = 120.0
SETTINGS = PPOTrainingSettings(
    steps_per_update=8192,
    minibatch_size=256,
    epochs=10,
    total_steps=1_000_000_000,
    normalizer_initialisation="train",
)


class WorkingWorld:
    """A game's own work each tick: arithmetic that stays in the cache, on the thread that ticks.

    Attributes:
        units: how much of it, each some 20 µs.
    """

    def __init__(self) -> None:
        self.units = 0
        self._matrix = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
        self._product = np.zeros_like(self._matrix)

    def step(self) -> None:
        """One tick's work."""
        for _ in range(self.units):
            np.matmul(self._matrix, self._matrix, self._product)
            np.tanh(self._product, self._product)

    def unit_s(self) -> float:
        """Seconds of one unit, now."""
        kept, self.units = self.units, 20
        times = []
        for _ in range(50):
            started = time.perf_counter()
            self.step()
            times.append((time.perf_counter() - started) / self.units)
        self.units = kept
        return statistics.median(times)


class Mode:
    """One game in one of the two modes, with a trainer of its own; it rests between its turns.

    Attributes:
        collect_s: of the last turn, seconds an update that went into collecting.
        learn_s: and into waiting for the trainer; synchronous mode only.
    """

    def __init__(self, world: WorkingWorld, results: str, *, synchronous: bool) -> None:
        process = TrainerProcessSettings(results_directory=results, arguments=("--checkpoint-interval", "0"))
        settings = replace(SETTINGS, synchronous=synchronous)
        self._world = world
        self._game = NoopGame(AGENT_COUNT, process, training_settings=settings)
        self.collect_s = 0.0
        self.learn_s = 0.0

    def turn(self, update_count: int = UPDATES_A_TURN) -> float:
        """Agent-steps a second that were learnt from, over so many updates after the next one."""
        self._play_until_update()
        metrics = self._game.trainer.metrics
        steps_before, dropped, collect_s = metrics["steps"], 0.0, 0.0
        started_s = time.perf_counter()
        for _ in range(update_count):
            collect_s += self._play_until_update()
            metrics = self._game.trainer.metrics
            dropped += metrics.get("dropped_steps_lag", 0.0) + metrics.get("dropped_steps_off_policy", 0.0)
        wall_s = time.perf_counter() - started_s
        self.collect_s, self.learn_s = collect_s / update_count, (wall_s - collect_s) / update_count
        self._rest()
        return (metrics["steps"] - steps_before - dropped) / wall_s

    def close(self) -> None:
        """Ends the trainer."""
        self._game.close()

    def _play_until_update(self) -> float:
        """Ticks until new weights come; the seconds of all ticks but that one, which waits in synchronous mode."""
        trainer, iteration = self._game.trainer, self._game.trainer.iteration
        deadline_s = time.perf_counter() + TIMEOUT_S
        before_s = began_s = time.perf_counter()
        while trainer.iteration == iteration:
            before_s = time.perf_counter()
            if trainer.has_training_failed or before_s > deadline_s:
                raise RuntimeError(f"overlap: no update within {TIMEOUT_S:g} s: {trainer.training_failure}")
            self._world.step()
            self._game.tick()
        return before_s - began_s

    def _rest(self) -> None:
        """Until its trainer has nothing left to learn from, so that the other mode has the machine."""
        trainer = self._game.trainer
        quiet_since_s = time.perf_counter()
        while time.perf_counter() - quiet_since_s < 2 * max(self.learn_s, self.collect_s, 0.1):
            iteration = trainer.iteration
            trainer.wait_until_recording(0.01)
            time.sleep(0.01)
            if trainer.iteration != iteration:
                quiet_since_s = time.perf_counter()


def balance(world: WorkingWorld, synchronous: Mode) -> None:
    """Gives the world so much work that collecting takes as long as learning, in synchronous mode."""
    assert SETTINGS.steps_per_update is not None
    ticks = SETTINGS.steps_per_update / AGENT_COUNT
    for _ in range(CALIBRATIONS):
        synchronous.turn(2)
        missing_s = (synchronous.learn_s - synchronous.collect_s) / ticks
        world.units = max(0, world.units + round(missing_s / world.unit_s()))


def run(options: BenchOptions) -> list[BenchRow]:
    """The two modes in turn; each has a trainer of its own, which is idle while the other is measured."""
    world = WorkingWorld()
    shares: list[float] = []
    with tempfile.TemporaryDirectory(prefix="lb-") as results:
        together = Mode(world, results, synchronous=False)
        in_turn = Mode(world, results, synchronous=True)

        def measure_in_turn() -> float:
            value = in_turn.turn()
            shares.append(in_turn.collect_s / (in_turn.collect_s + in_turn.learn_s))
            return value

        try:
            balance(world, in_turn)
            together.turn(1)
            compared = alternate(together.turn, measure_in_turn, options.rounds)
        finally:
            together.close()
            in_turn.close()
    share = statistics.median(shares[1:])
    return [
        BenchRow(
            bench="overlap",
            name=f"steps learnt from, collecting and learning at once, {AGENT_COUNT} agents",
            median=compared.ours.median,
            low=compared.ours.low,
            high=compared.ours.high,
            unit="steps/s",
            peer_name="synchronous mode",
            peer_median=compared.peer.median,
            ratio=compared.ratio.median,
            target="ratio >= 1.6",
            note=(
                f"in synchronous mode {100 * share:.0f} % of the time goes into collecting: overlapping can bring "
                f"{1 / max(share, 1 - share):.2f} at the most; ratios of the rounds {compared.ratio.low:.2f} .. "
                f"{compared.ratio.high:.2f}; wants two cores with nothing else on them"
            ),
        )
    ]
