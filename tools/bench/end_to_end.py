"""Wall-clock to the same return, with the same hyperparameters and networks, beside Stable-Baselines3 in the same run.

The return is the mean of the last training episodes, looked at after each update; both sides stop when it is at the
level. Ours is the whole of it: a game process with numpy, the trainer that it launches, and everything between them.
The two sides take turns seed by seed. The short form stops at modest levels; `--long` goes on to good ones.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.bench.learning_tasks import GYMNASIUM_TASKS
from tools.bench.measured_program import ONE_THREAD
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Spread
from tools.bench.training_run import TrainingRun, follow

WINDOW = 20
"""Episodes of the mean return."""

TIMEOUT_S = 3600.0
TARGET = "ratio <= 0.6"
SYNCHRONOUS, ASYNCHRONOUS, PEER = "synchronous", "asynchronous", "peer"


@dataclass(frozen=True)
class Race:
    """One world of this bench.

    Attributes:
        env_id: one of the learning tasks.
        level: the mean return to reach.
        seeds: one run of each side each.
        probe_steps: steps by which the peer's best number of threads is found.
    """

    env_id: str
    level: float
    seeds: tuple[int, ...]
    probe_steps: int


SHORT = (
    Race("CartPole-v1", 400.0, tuple(range(12)), 10_000),
    Race("LunarLander-v3", 0.0, (0,), 32_768),
    Race("HalfCheetah-v5", 0.0, (0,), 10_240),
)
LONG = (
    Race("CartPole-v1", 475.0, (0, 1, 2, 3, 4), 10_000),
    Race("LunarLander-v3", 200.0, (0, 1, 2), 32_768),
    Race("HalfCheetah-v5", 1000.0, (0, 1, 2), 10_240),
)


def run_ours(race: Race, seed: int, *, asynchronous: bool) -> TrainingRun:
    """One seed of ours; the trainer computes on one thread."""
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        command = [sys.executable, "-m", "tools.bench.gymnasium_training", race.env_id, str(seed)]
        command += ["--level", str(race.level), "--window", str(WINDOW), "--results", folder]
        return follow(command + ["--asynchronous"] * asynchronous, {**os.environ, **ONE_THREAD}, TIMEOUT_S)


def run_peer(python: Path, threads: int, race: Race, seed: int, steps: int = 0) -> TrainingRun:
    """One seed of the peer, or its first steps."""
    command = [str(python), "-m", "tools.bench.peers.stable_baselines3_training", race.env_id, str(seed)]
    command += ["--level", str(race.level), "--window", str(WINDOW), "--threads", str(threads), "--steps", str(steps)]
    return follow(command, {**os.environ, **dict.fromkeys(ONE_THREAD, str(threads))}, TIMEOUT_S)


def best_threads(python: Path, race: Race) -> tuple[int, str]:
    """The peer's best number of threads here, and what was measured."""
    rates = {}
    for threads in dict.fromkeys((1, os.cpu_count() or 1)):
        probed = run_peer(python, threads, race, seed=100, steps=race.probe_steps)
        rates[threads] = probed.last.steps / (probed.last.wall_s - probed.startup_s)
    best = max(rates, key=rates.__getitem__)
    return best, "the peer with " + ", ".join(
        f"{count} thread{'s' if count > 1 else ''} {rate:,.0f} steps/s" for count, rate in rates.items()
    )


def peer_name(python: Path) -> str:
    """The peer with its version."""
    program = "from importlib.metadata import version; print(version('stable-baselines3'), version('torch'))"
    done = subprocess.run((str(python), "-c", program), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"end_to_end: expected {python} to have stable-baselines3\n{done.stderr[-500:]}")
    library, torch = done.stdout.split()
    return f"stable-baselines3 {library}, torch {torch}"


def seconds_to(run: TrainingRun, level: float, *, with_startup: bool) -> float:
    """To the level, or to the end where it was never reached."""
    reached_s = run.reached_s(level)
    wall_s = run.last.wall_s if reached_s is None else reached_s
    return wall_s if with_startup else wall_s - run.startup_s


def _shown(return_mean: float | None) -> str:
    return "no return" if return_mean is None else f"{return_mean:.0f}"


def rows_of(
    race: Race, mode: str, ours: Sequence[TrainingRun], peers: Sequence[TrainingRun], name: str, note: str
) -> list[BenchRow]:
    """Time to the level without and with the start of the processes, and time for the same number of steps."""
    what = f"{race.env_id} to a return of {race.level:g}, {mode}"
    notes = [f"{len(ours)} seed{'s' if len(ours) > 1 else ''}; ours began to collect after {ours[0].startup_s:.1f} s"]
    if peers:
        notes[0] += f", the peer after {peers[0].startup_s:.1f} s"
    for side, runs in (("ours", ours), ("the peer", peers)):
        ends = ", ".join(f"{_shown(run.last.return_mean)} at {run.last.steps:,}" for run in runs)
        failed = sum(run.reached_s(race.level) is None for run in runs)
        notes.append(f"{side} ended with {ends}" + (f" ({failed} never reached the level)" if failed else ""))
    rows = []
    for title, with_startup in ((what, False), (f"{what}, the start of the processes included", True)):
        rows.append(
            _row(
                title,
                [seconds_to(run, race.level, with_startup=with_startup) for run in ours],
                [seconds_to(run, race.level, with_startup=with_startup) for run in peers],
                name,
                "" if with_startup else TARGET,
                "" if with_startup else "; ".join([*notes, note]),
            )
        )
    pairs = list(zip(ours, peers, strict=True)) if peers else [(run, run) for run in ours]
    steps = [min(mine.last.steps, theirs.last.steps) for mine, theirs in pairs]
    mine_s = [pair[0].seconds_for(count) for pair, count in zip(pairs, steps, strict=True)]
    theirs_s = [pair[1].seconds_for(count) for pair, count in zip(pairs, steps, strict=True)] if peers else []
    title = f"{race.env_id}, the same number of steps, {mode}"
    rows.append(
        _row(
            title,
            mine_s,
            theirs_s,
            name,
            "",
            f"{', '.join(format(count, ',') for count in steps)} steps, whatever was learnt in them",
        )
    )
    return rows


def _row(title: str, ours: Sequence[float], peers: Sequence[float], peer_name: str, target: str, note: str) -> BenchRow:
    """Seeds are no pairs, since chance decides how many steps each needs: the ratio is of the sums."""
    spread = Spread.of(ours)
    return BenchRow(
        bench="end_to_end",
        name=title,
        median=spread.median,
        low=spread.low,
        high=spread.high,
        unit="s",
        peer_name=peer_name if peers else "",
        peer_median=statistics.median(peers) if peers else None,
        ratio=sum(ours) / sum(peers) if peers else None,
        target=target,
        note=note,
    )


def race_rows(race: Race, seeds: Sequence[int], python: Path | None) -> list[BenchRow]:
    """All runs of one world."""
    name, note, threads = "", "no peer to compare with", 1
    if python is not None:
        name = peer_name(python)
        threads, note = best_threads(python, race)
    sides = {
        SYNCHRONOUS: partial(run_ours, race, asynchronous=False),
        ASYNCHRONOUS: partial(run_ours, race, asynchronous=True),
    }
    if python is not None:
        sides[PEER] = partial(run_peer, python, threads, race)
    runs: dict[str, list[TrainingRun]] = {side: [] for side in sides}
    for index, seed in enumerate(seeds):
        for side in tuple(sides) if index % 2 == 0 else tuple(reversed(sides)):
            done = sides[side](seed=seed)
            runs[side].append(done)
            end = f"{_shown(done.last.return_mean)} at {done.last.steps:,} after {done.last.wall_s:.0f} s"
            print(f"  {race.env_id} seed {seed}, {side}: {end}", flush=True)
    peers = runs.get(PEER, [])
    return [row for mode in (SYNCHRONOUS, ASYNCHRONOUS) for row in rows_of(race, mode, runs[mode], peers, name, note)]


def run(options: BenchOptions) -> list[BenchRow]:
    """Each world."""
    races = LONG if options.is_long else SHORT
    unknown = set(options.tasks) - {race.env_id for race in races}
    if unknown:
        known = ", ".join(race.env_id for race in races)
        raise ValueError(f"end_to_end: expected tasks among {known}, got {', '.join(sorted(unknown))}")
    assert all(race.env_id in GYMNASIUM_TASKS for race in races)
    return [
        row
        for race in races
        if not options.tasks or race.env_id in options.tasks
        for row in race_rows(race, options.seeds or race.seeds, options.peer_python)
    ]
