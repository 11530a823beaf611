"""Learning from demonstrations: clones beside the library `imitation`'s, DAgger, GAIL and AIRL, and fine-tuning.

Experts, clones and trainings are kept below the results' folder, so that a run that was stopped goes on where it was;
delete their files to measure a change of the code.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.bench.imitation_cloning import run_cloning
from tools.bench.imitation_fine_tuning import run_fine_tuning
from tools.bench.imitation_interaction import run_adversarial, run_dagger
from tools.bench.imitation_tasks import IMITATION_PARTS
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow

Part = Callable[[BenchOptions, Path], list[BenchRow]]

PARTS: dict[str, Part] = {
    **{part: partial(run_cloning, part) for part in ("cart_pole", "lunar_lander", "half_cheetah", "defaults")},
    "dagger": run_dagger,
    "gail": partial(run_adversarial, "gail"),
    "airl": partial(run_adversarial, "airl"),
    "fine_tuning": run_fine_tuning,
}
assert tuple(PARTS) == IMITATION_PARTS


def run(options: BenchOptions) -> list[BenchRow]:
    """Each part that was asked for; all of them by default."""
    folder = options.results / "imitation"
    rows = []
    for part in options.tasks or IMITATION_PARTS:
        rows += PARTS[part](options, folder)
    return rows
