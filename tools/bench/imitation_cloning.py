"""Behavioural cloning beside the library `imitation`: the same demonstrations, network and budget, clone by clone."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

from tools.bench.imitation_chart import ReturnPoint, draw_returns
from tools.bench.imitation_experts import Shown, shown_by
from tools.bench.imitation_tasks import (
    CLONING_TASKS,
    DEFAULTS,
    EXPERTS,
    CloningTask,
    DefaultsTask,
)
from tools.bench.learning_report import pooled_standard_error
from tools.bench.learning_run import EVALUATION_SEED_OFFSET, write_whole
from tools.bench.measured_program import ONE_THREAD, READY, STOP_TIMEOUT_S
from tools.bench.options import ROOT, BenchOptions
from tools.bench.row import BenchRow

OURS, PEER = "ours", "peer"
WALL_CLOCK_TARGET = "ratio <= 0.5"


class CloningProgram:
    """One side: a process that makes a clone for each job it is asked for; use it in a `with` block.

    Attributes:
        versions: of what it depends on.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if (line := self._read()) != READY:
            raise RuntimeError(f"{command}: expected {READY!r}, got {line!r}")
        self.versions: dict[str, str] = json.loads(self._read())

    def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The clone's `seconds` and `returns`."""
        assert self._process.stdin is not None
        print(json.dumps(job), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._read())
        return answer

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r}: expected an answer, got exit status {self._process.wait()}")
        return line.strip()

    def __enter__(self) -> CloningProgram:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@dataclass(frozen=True)
class ClonePair:
    """A clone of each side; the peer's is None where there was no peer."""

    ours: Mapping[str, Any]
    peer: Mapping[str, Any] | None
    peer_name: str


class Sides:
    """Both programs, started when the first clone is made that isn't kept already."""

    def __init__(self, folder: Path, peer_python: Path | None) -> None:
        self._folder = folder
        self._peer_python = peer_python
        self._programs: dict[str, CloningProgram] = {}
        self._turn = 0

    def pair(self, name: str, ours: Mapping[str, Any], peer: Mapping[str, Any]) -> ClonePair:
        """The clones of two jobs, made one right after the other, and kept."""
        identity = json.dumps([ours, peer, self._peer_python is not None], sort_keys=True)
        path = self._folder / f"{name}-{blake2b(identity.encode(), digest_size=6).hexdigest()}.json"
        if not path.exists():
            jobs = {OURS: ours, **({PEER: peer} if self._peer_python is not None else {})}
            self._turn += 1
            order = list(jobs) if self._turn % 2 else list(reversed(jobs))
            found = {side: self._program(side).ask(jobs[side]) for side in order}
            versions = {side: self._program(side).versions for side in jobs}
            write_whole(path, {"ours": found[OURS], "peer": found.get(PEER), "versions": versions})
            shown = ", ".join(f"{side} {statistics.fmean(found[side]['returns']):.1f}" for side in jobs)
            print(f"  {name}: {shown}", flush=True)
        kept = json.loads(path.read_text(encoding="utf-8"))
        peer_name = f"imitation {kept['versions'][PEER]['imitation']}" if kept["peer"] is not None else ""
        return ClonePair(kept["ours"], kept["peer"], peer_name)

    def _program(self, side: str) -> CloningProgram:
        if side not in self._programs:
            module = "tools.bench.cloning_program" if side == OURS else "tools.bench.peers.imitation_cloning"
            python = sys.executable if side == OURS else str(self._peer_python)
            self._programs[side] = CloningProgram([python, "-m", module])
        return self._programs[side]

    def __enter__(self) -> Sides:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in self._programs.values():
            program.__exit__(kind, error, trace)


def jobs_of(
    shown: Shown, env_id: str, seed: int, episodes: tuple[int, int], evaluation_episodes: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both sides are asked, but for how long."""
    common = {
        "env_id": env_id,
        "seed": seed,
        "episodes": list(episodes),
        "evaluation": [seed + EVALUATION_SEED_OFFSET, evaluation_episodes],
    }
    return {**common, "recording": str(shown.recording)}, {**common, "arrays": str(shown.arrays)}


def compare(task: CloningTask, sides: Sides, shown: Shown, seeds: Sequence[int], picture: Path) -> list[BenchRow]:
    """All clones of a world: their returns, and the time that they took."""
    expert = EXPERTS[task.expert]
    world = expert.env_id.rpartition(":")[2]
    rows: list[BenchRow] = []
    points = []
    for count in task.episode_counts:
        groups = expert.episodes // count
        pairs = []
        for seed in seeds:
            ours, peer = jobs_of(shown, expert.env_id, seed, (seed % groups * count, count), task.evaluation_episodes)
            budget = {"gradient_steps": task.gradient_steps}
            pairs.append(sides.pair(f"{task.name}-{count}-{seed}", {**ours, **budget}, {**peer, **budget}))
        title = f"{world}, clones of {count} episode{'s' if count > 1 else ''}"
        rows += [returns_row(title, pairs, shown), seconds_row(title, pairs, task)]
        points.append(ReturnPoint(count, means(pairs, OURS), means(pairs, PEER)))
    draw_returns(points, shown.return_mean, picture, f"{world}: clones by what they saw")
    return rows


def means(pairs: Sequence[ClonePair], side: str) -> list[float]:
    """The mean return of each clone of a side."""
    found = [pair.ours if side == OURS else pair.peer for pair in pairs]
    return [statistics.fmean(clone["returns"]) for clone in found if clone is not None]


def returns_row(title: str, pairs: Sequence[ClonePair], shown: Shown) -> BenchRow:
    """The mean over seeds, which must not be below the peer's by more than a pooled standard error."""
    ours, peers = means(pairs, OURS), means(pairs, PEER)
    least = statistics.fmean(peers) - pooled_standard_error(ours, peers) if peers else None
    seeds = f"ours {', '.join(f'{value:.1f}' for value in ours)}"
    return BenchRow(
        bench="imitation",
        name=f"{title}, mean return over seeds",
        median=statistics.fmean(ours),
        low=min(ours),
        high=max(ours),
        unit="return",
        peer_name=pairs[0].peer_name,
        peer_median=statistics.fmean(peers) if peers else None,
        target=f"median >= {least:.1f}" if least is not None else "",
        note=f"{seeds}{'; the peer ' if peers else ''}{', '.join(f'{value:.1f}' for value in peers)}; the expert, "
        f"trained by {shown.trained_by}, has {shown.return_mean:.1f}; the target is the peer's mean less one pooled "
        "standard error",
    )


def seconds_row(title: str, pairs: Sequence[ClonePair], task: CloningTask) -> BenchRow:
    """Wall-clock of a clone, each beside the peer's that was made right before or after it."""
    ours = [float(pair.ours["seconds"]) for pair in pairs]
    peers = [float(pair.peer["seconds"]) for pair in pairs if pair.peer is not None]
    return BenchRow(
        bench="imitation",
        name=f"{title}, wall-clock",
        median=statistics.median(ours),
        low=min(ours),
        high=max(ours),
        unit="s",
        peer_name=pairs[0].peer_name,
        peer_median=statistics.median(peers) if peers else None,
        ratio=statistics.median(a / b for a, b in zip(ours, peers, strict=True)) if peers else None,
        target=WALL_CLOCK_TARGET if peers else "",
        note=f"{task.gradient_steps} gradient steps; ours with its files, the peer's without any",
    )


def defaults_row(task: DefaultsTask, sides: Sides, shown: Shown) -> BenchRow:
    """A world with each side's own defaults."""
    expert = EXPERTS[task.expert]
    groups = max(1, expert.episodes // task.episodes)
    pairs = []
    for seed in task.seeds:
        seen = seed % groups * task.episodes, task.episodes
        ours, peer = jobs_of(shown, expert.env_id, seed, seen, task.evaluation_episodes)
        name = f"defaults-{task.expert}-{task.episodes}-{seed}"
        pairs.append(sides.pair(name, ours, {**peer, **task.peer_budget}))
    count = f"{task.episodes} episode{'s' if task.episodes > 1 else ''}"
    row = returns_row(f"{expert.env_id}, {count}, each side's own defaults", pairs, shown)
    seconds = statistics.median(float(pair.ours["seconds"]) for pair in pairs)
    peers = [float(pair.peer["seconds"]) for pair in pairs if pair.peer is not None]
    taken = f"; ours took {seconds:.1f} s" + (f", the peer {statistics.median(peers):.1f} s" if peers else "")
    note = row.note if task.level is None else row.note.partition("; the target")[0]
    target = row.target if task.level is None else f"low >= {task.level:g}"
    return replace(row, target=target, note=note + taken)


def run_cloning(part: str, options: BenchOptions, folder: Path) -> list[BenchRow]:
    """The rows of one world, or of the defaults."""
    with Sides(folder / "clones", options.peer_python) as sides:
        if part == "defaults":
            experts = folder / "experts"
            return [defaults_row(each, sides, shown_by(each.expert, experts, options.peer_python)) for each in DEFAULTS]
        task = CLONING_TASKS[part]
        shown = shown_by(task.expert, folder / "experts", options.peer_python)
        return compare(task, sides, shown, options.seeds or task.seeds, folder / f"clones-{part}.png")
