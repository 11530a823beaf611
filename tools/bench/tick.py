"""What the SDK, inference included, costs a tick: a no-op world, batched callbacks, a trainer that only consumes.

Beside plain numbers, a policy with memory, and structured observations (see `structured_tick`).
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from protocol.policy_settings import MemoryCell
from tools.bench import structured_tick
from tools.bench.noop_game import MEMORY_UNITS, NoopGame, echo_process
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Spread

STEPS_PER_HAND_OFF = 10_000
WARM_UP_TICKS = 300


@dataclass(frozen=True)
class _Case:
    agent_count: int
    tick_count: int
    is_per_agent_step: bool
    target: str
    memory_cell: MemoryCell = "none"

    @property
    def name(self) -> str:
        what = "an agent-step" if self.is_per_agent_step else "a tick"
        memory = f" and a {self.memory_cell.upper()} of {MEMORY_UNITS}" if self.memory_cell != "none" else ""
        return f"{what} with {self.agent_count:,} agent{'s' if self.agent_count > 1 else ''}{memory}"


CASES = (
    _Case(1, 4000, False, "median <= 60"),
    _Case(64, 2000, True, ""),
    _Case(256, 1000, True, "median <= 2"),
    _Case(1024, 400, True, "median <= 1.5"),
    _Case(1024, 400, True, "", "gru"),
)


def measure(case: _Case, rounds: int) -> tuple[Spread, int]:
    """Microseconds a tick, or an agent-step, of each round's median tick; and the steps that went unrecorded."""
    game = NoopGame(case.agent_count, echo_process(STEPS_PER_HAND_OFF), memory_cell=case.memory_cell)
    try:
        game.play_until_collecting()
        for _ in range(WARM_UP_TICKS):
            game.tick()
        scale = 1e6 / (case.agent_count if case.is_per_agent_step else 1)
        unrecorded = game.trainer.unrecorded_steps
        values = [scale * statistics.median(_tick_times(game, case.tick_count)) for _ in range(rounds)]
        return Spread.of(values), game.trainer.unrecorded_steps - unrecorded
    finally:
        game.close()


def _tick_times(game: NoopGame, count: int) -> list[float]:
    times: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        game.tick()
        times.append(time.perf_counter() - started)
    return times


def run(options: BenchOptions) -> list[BenchRow]:
    """Each number of agents in turn, then structured observations."""
    rows = []
    for case in CASES:
        spread, unrecorded = measure(case, options.rounds)
        rows.append(
            BenchRow(
                bench="tick",
                name=case.name,
                median=spread.median,
                low=spread.low,
                high=spread.high,
                unit="µs",
                target=case.target,
                note=f"{unrecorded:,} steps unrecorded, the trainer being behind" if unrecorded else "",
            )
        )
    return [*rows, *structured_tick.rows(options.rounds)]
