"""Measures this project, beside its peers where there are some, and says whether it reaches what it promises.

Each bench is a module of its name with `run(options) -> list[BenchRow]`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

from tools.bench.learning_tasks import LEARNING_TASKS
from tools.bench.machine import describe_machine
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.table import meets_target, save, table

BENCHES = {
    "update": "PPO's update of 10,240 samples, beside Stable-Baselines3's train()",
    "tick": "what the SDK costs a tick of the game",
    "transport": "a batch of 10,000 steps through the channel, beside bare pyzmq",
    "stall": "the longest tick that the SDK causes while the trainer learns, hangs and dies",
    "neighbour": "a game's own speed beside a trainer that learns",
    "memory": "what the SDK takes, and whether anything grows",
    "learning": "returns and wall-clock on Gymnasium's worlds (hours; goes on where it was stopped)",
}
QUICK = tuple(name for name in BENCHES if name != "learning")


def parse(arguments: list[str]) -> tuple[str, BenchOptions]:
    """The bench's name and its options."""
    parser = argparse.ArgumentParser(prog="python tools/dev.py bench", description=__doc__)
    commands = parser.add_subparsers(dest="bench", required=True, metavar="BENCH")
    defaults = BenchOptions()
    for name, what in {**BENCHES, "all": "every bench but learning, one after the other"}.items():
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("--rounds", type=int, default=defaults.rounds, help="repetitions (%(default)s)")
        command.add_argument(
            "--peer-python",
            type=Path,
            default=os.environ.get("LEARNING_BRIDGE_PEER_PYTHON"),
            metavar="PATH",
            help="a Python that has stable-baselines3; also LEARNING_BRIDGE_PEER_PYTHON",
        )
        command.add_argument("--results", type=Path, default=defaults.results, metavar="FOLDER")
        if name == "learning":
            command.add_argument("--tasks", nargs="+", default=(), choices=sorted(LEARNING_TASKS), metavar="ENV_ID")
            command.add_argument("--seeds", nargs="+", type=int, default=(), metavar="SEED")
    parsed = vars(parser.parse_args(arguments))
    name = parsed.pop("bench")
    for plural in ("tasks", "seeds"):
        parsed[plural] = tuple(parsed.get(plural, ()))
    return name, BenchOptions(**parsed)


def run(name: str, options: BenchOptions) -> list[BenchRow]:
    """Rows of one bench."""
    print(f"bench {name}: {BENCHES[name]}", flush=True)
    rows: list[BenchRow] = importlib.import_module(f"tools.bench.{name}").run(options)
    return rows


def main(arguments: list[str]) -> int:
    """Runs benches, prints and saves their table; 1 when a target is missed."""
    name, options = parse(arguments)
    machine = describe_machine()
    rows = [row for bench in (QUICK if name == "all" else (name,)) for row in run(bench, options)]
    print(table(rows))
    print(f"\nsaved to {save(rows, machine, options.results, name)}")
    return 1 if any(meets_target(row) is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
