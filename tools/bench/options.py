"""What every bench is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class BenchOptions:
    """The command line as data.

    Attributes:
        rounds: repetitions of each measurement; each gives one value of the spread.
        peer_python: a Python in whose environment the peers are installed; None compares with nothing that needs one.
        results: folder of everything that is saved.
        tasks: of `learning` and `end_to_end`, the worlds to run; empty runs all of the bench.
        seeds: of those, the seeds to run; empty runs the bench's own.
        seconds: of `restart`, how long an undisturbed run takes; None: the bench's own.
        period_s: of `restart`, between two kills; likewise.
        is_long: of `end_to_end`, whether whole trainings are run.
    """

    rounds: int = 7
    peer_python: Path | None = None
    results: Path = field(default=ROOT / "results" / "bench")
    tasks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()
    is_long: bool = False
    seconds: float | None = None
    period_s: float | None = None
