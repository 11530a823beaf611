"""Trainings of `bench imitation` that are kept: run once, and read ever after."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from tools.bench.evaluated_training import Training
from tools.bench.imitation_experts import run_program
from tools.bench.learning_run import write_whole


@dataclass(frozen=True)
class Look:
    """One evaluation of a training.

    Attributes:
        update: after which.
        steps: of training until then.
        return_mean: of the mode.
        wall_s: seconds of training until then.
    """

    update: int
    steps: int
    return_mean: float
    wall_s: float


def kept_training(name: str, training: Training, folder: Path) -> tuple[Look, ...]:
    """All looks at a training, the first before its first update; run where that wasn't done yet.

    Raises:
        LearningRunError: it failed.
    """
    places = {"results": "", "save": ""}
    identity = json.dumps({**asdict(training), **places}, sort_keys=True)
    path = folder / f"{name}-{blake2b(identity.encode(), digest_size=6).hexdigest()}.json"
    if not path.exists():
        lines = [json.loads(line) for line in run_program(training.command()).splitlines()]
        write_whole(path, {"training": asdict(training), "looks": lines})
        last = lines[-1]
        print(
            f"  {name}: {last['return_mean']:.1f} after {last['steps']:,} steps and {last['wall_s']:.0f} s", flush=True
        )
    kept = json.loads(path.read_text(encoding="utf-8"))["looks"]
    return tuple(Look(look["update"], look["steps"], look["return_mean"], look["wall_s"]) for look in kept)


def steps_to(looks: tuple[Look, ...], level: float) -> int | None:
    """Steps until the first look that was at the level; None where none was."""
    return next((look.steps for look in looks if look.return_mean >= level), None)
