"""Trainings whose trainer is killed every 20 seconds, beside undisturbed ones: the same return, and no step twice.

The arena plays on in real time, asynchronously, and starts its trainer again; each run is as long, in agent-steps
learnt from, as an undisturbed one of five minutes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tools.bench.options import BenchOptions
from tools.bench.restarted_training import AGENT_COUNT, STEPS_PER_SECOND, Training, TrainingOutcome, train
from tools.bench.row import BenchRow
from tools.bench.table import aligned

SEEDS = (0, 1, 2)
SECONDS = 300.0
PERIOD_S = 20.0
HEADER = (
    *("seed", "trainer", "s", "kills", "restarts", "return", "played", "learnt", "undone", "unrecorded", "dropped"),
    *("left", "nowhere", "twice", "skipped"),
)


def run(options: BenchOptions) -> list[BenchRow]:
    """Rows of the returns, and of what became of the steps."""
    total_steps = round((options.seconds or SECONDS) * STEPS_PER_SECOND)
    period_s = options.period_s or PERIOD_S
    left_alone: list[TrainingOutcome] = []
    killed: list[TrainingOutcome] = []
    lines = []
    for seed in options.seeds or SEEDS:
        for outcomes, period in ((left_alone, None), (killed, period_s)):
            with tempfile.TemporaryDirectory(prefix="lb-") as folder:
                outcome = train(Training(seed, total_steps, period), Path(folder))
            outcomes.append(outcome)
            lines.append(cells(seed, outcome))
            print(f"bench restart: seed {seed}, {outcome.kills} kills, return {outcome.return_mean:.3f}", flush=True)
    print("\n" + aligned(HEADER, lines) + "\n", flush=True)
    return rows(left_alone, killed)


def miscounted(outcome: TrainingOutcome) -> int:
    """Steps that the trainer counted and did not learn from, or the other way about."""
    return abs(outcome.line.counted_steps - outcome.line.steps)


def nowhere(outcome: TrainingOutcome) -> int:
    """Steps that were played and are in no account; the last action of each agent needn't be in one."""
    rest = outcome.play.unexplained
    return 0 if 0 <= rest <= AGENT_COUNT else abs(rest)


def cells(seed: int, outcome: TrainingOutcome) -> tuple[str, ...]:
    """One training under `HEADER`, in agent-steps from `played` to `nowhere` and in batches after that."""
    play, line = outcome.play, outcome.line
    sizes = dict(enumerate(play.handed_over, start=1))
    undone = sum(sizes[batch] for batch in line.lost)
    left = sum(play.handed_over) - line.steps - undone + play.open + AGENT_COUNT * (play.unexplained > 0)
    return (
        str(seed),
        "killed" if outcome.kills else "left alone",
        f"{outcome.seconds:.0f}",
        str(outcome.kills),
        str(outcome.restarts),
        f"{outcome.return_mean:.3f}",
        *(f"{count:,}" for count in (play.played, line.steps, undone, play.unrecorded, play.dropped, left)),
        str(nowhere(outcome) + miscounted(outcome)),
        str(line.repeated),
        str(line.skipped),
    )


def rows(left_alone: Sequence[TrainingOutcome], killed: Sequence[TrainingOutcome]) -> list[BenchRow]:
    """The bench's rows."""
    returns = [outcome.return_mean for outcome in killed]
    undisturbed = [outcome.return_mean for outcome in left_alone]
    ratios = np.array(returns) / np.array(undisturbed)
    kills = sum(outcome.kills for outcome in killed)
    spread = f"undisturbed {min(undisturbed):.3f} .. {max(undisturbed):.3f}; {kills} kills in {len(killed)} runs"

    def counted(name: str, unit: str, of: Callable[[TrainingOutcome], float], target: str = "high <= 0") -> BenchRow:
        values = [float(of(outcome)) for outcome in killed]
        return BenchRow("restart", name, float(np.median(values)), min(values), max(values), unit, target=target)

    return [
        BenchRow(
            bench="restart",
            name="return at the end, the trainer killed now and then",
            median=float(np.median(returns)),
            low=min(returns),
            high=max(returns),
            unit="return",
            peer_name="left alone",
            peer_median=float(np.median(undisturbed)),
            ratio=float(np.median(ratios)),
            target="ratio >= 0.95",
            note=spread,
        ),
        counted("batches learnt from twice", "batches", lambda outcome: outcome.line.repeated),
        counted("batches that nobody learnt from, though they came", "batches", lambda outcome: outcome.line.skipped),
        counted("steps counted and not learnt from, or learnt from and not counted", "steps", miscounted),
        counted("steps played that are in no account", "steps", nowhere),
        counted("learning undone by kills, of what was played", "%", lost_percent, ""),
        counted("played unrecorded, of what was played", "%", unrecorded_percent, ""),
    ]


def lost_percent(outcome: TrainingOutcome) -> float:
    """Of the steps that were played, those whose learning was undone."""
    sizes = dict(enumerate(outcome.play.handed_over, start=1))
    return 100 * sum(sizes[batch] for batch in outcome.line.lost) / outcome.play.played


def unrecorded_percent(outcome: TrainingOutcome) -> float:
    """Of the steps that were played, those that nobody recorded."""
    return 100 * outcome.play.unrecorded / outcome.play.played
