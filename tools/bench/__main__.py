"""Measures this project, beside its peers where there are some, and says whether it reaches what it promises.

Each bench is a module of its name with `run(options) -> list[BenchRow]`. `compare` shows what changed between two runs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tools.bench.chart import HAS_MATPLOTLIB, MISSING, draw_curves, draw_targets
from tools.bench.comparison import compare
from tools.bench.imitation_tasks import IMITATION_PARTS
from tools.bench.learning_tasks import GYMNASIUM_TASKS, LEARNING_TASKS
from tools.bench.machine import describe_machine
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.saved_run import SavedRunError, load, save
from tools.bench.table import meets_target, table

BENCHES = {
    "update": "PPO's update of 10,240 samples, beside Stable-Baselines3's train()",
    "tick": "what the SDK costs a tick of the game",
    "transport": "a batch of 10,000 steps through the channel, beside bare pyzmq",
    "handoff": "from a full batch to the trainer's hands, and from published weights to the game's",
    "throughput": "agent-steps a second through the bridge, beside gRPC, TCP + JSON and lockstep pyzmq",
    "scaling": "agent-steps a second over numbers of agents and of hosts",
    "overlap": "collecting and learning at once, beside one after the other",
    "stall": "the longest tick that the SDK causes while the trainer learns, hangs and dies",
    "neighbour": "a game's own speed beside a trainer that learns",
    "memory": "what the SDK takes, and whether anything grows",
    "end_to_end": "wall-clock to the same return on Gymnasium's worlds, beside Stable-Baselines3",
    "restart": "trainings whose trainer is killed every 20 s, beside undisturbed ones (half an hour)",
    "learning": "returns on Gymnasium's worlds, and on ours beside a flat policy (hours; goes on where it was stopped)",
    "imitation": "learning from demonstrations, beside the library imitation (half an hour; goes on where stopped)",
}
ALL = tuple(name for name in BENCHES if name not in ("restart", "learning", "imitation"))
WITH_TASKS: Mapping[str, Collection[str]] = {
    "learning": LEARNING_TASKS,
    "end_to_end": GYMNASIUM_TASKS,
    "imitation": IMITATION_PARTS,
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; without a bench it means all."""
    parser = argparse.ArgumentParser(
        prog="python tools/dev.py bench", description=__doc__, epilog="Without a bench, all are run."
    )
    commands = parser.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for name, what in {
        **BENCHES,
        "all": "every bench but restart, learning and imitation, one after the other",
    }.items():
        _add_options(commands.add_parser(name, help=what, description=what), name)
    what = "what changed between two saved runs"
    command = commands.add_parser("compare", help=what, description=what)
    command.add_argument("before", type=Path, metavar="BEFORE.json")
    command.add_argument("after", type=Path, metavar="AFTER.json")
    is_named = bool(arguments) and (not arguments[0].startswith("-") or arguments[0] in ("-h", "--help"))
    return parser.parse_args(arguments if is_named else ["all", *arguments])


def _add_options(command: argparse.ArgumentParser, name: str) -> None:
    defaults = BenchOptions()
    command.add_argument("--rounds", type=_positive, default=defaults.rounds, help="repetitions (%(default)s)")
    command.add_argument(
        "--peer-python",
        type=_program,
        default=os.environ.get("LEARNING_BRIDGE_PEER_PYTHON"),
        metavar="PATH",
        help="a Python that has stable-baselines3, and imitation for that bench; also LEARNING_BRIDGE_PEER_PYTHON",
    )
    command.add_argument("--results", type=Path, default=defaults.results, metavar="FOLDER")
    if name in WITH_TASKS:
        command.add_argument("--tasks", nargs="+", default=(), choices=sorted(WITH_TASKS[name]), metavar="WORLD")
    if name in (*WITH_TASKS, "restart"):
        command.add_argument("--seeds", nargs="+", type=int, default=(), metavar="SEED")
    if name == "restart":
        command.add_argument("--seconds", type=float, help="of an undisturbed run (300)")
        command.add_argument("--period", dest="period_s", type=float, metavar="SECONDS", help="between kills (20)")
    if name == "end_to_end":
        command.add_argument("--long", dest="is_long", action="store_true", help="whole trainings (an hour and more)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


def _program(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"expected a Python to run, got {text!r}, which is no file")
    return path


def options_of(arguments: argparse.Namespace) -> BenchOptions:
    """What a bench is told."""
    return BenchOptions(
        rounds=arguments.rounds,
        peer_python=arguments.peer_python,
        results=arguments.results,
        tasks=tuple(getattr(arguments, "tasks", ())),
        seeds=tuple(getattr(arguments, "seeds", ())),
        is_long=getattr(arguments, "is_long", False),
        seconds=getattr(arguments, "seconds", None),
        period_s=getattr(arguments, "period_s", None),
    )


def run(name: str, options: BenchOptions) -> list[BenchRow]:
    """Rows of one bench."""
    print(f"bench {name}: {BENCHES[name]}", flush=True)
    rows: list[BenchRow] = importlib.import_module(f"tools.bench.{name}").run(options)
    return rows


def run_each(names: Sequence[str], options: BenchOptions) -> tuple[list[BenchRow], list[str]]:
    """The rows of all, and the benches that broke off, whose errors are printed: what others measured is kept."""
    rows: list[BenchRow] = []
    broken = []
    for name in names:
        try:
            rows += run(name, options)
        except Exception:
            traceback.print_exc()
            broken.append(name)
    return rows, broken


def draw(rows: Sequence[BenchRow], saved: Path) -> list[Path]:
    """The pictures of a run beside its file."""
    if not HAS_MATPLOTLIB:
        print(MISSING)
        return []
    drawn = []
    path = saved.with_suffix(".png")
    if draw_targets(rows, path, f"{saved.stem}: what is promised, and how far it is reached"):
        drawn.append(path)
    for bench in dict.fromkeys(row.bench for row in rows):
        curve = path if not drawn else saved.with_name(f"{saved.stem}-{bench}.png")
        if draw_curves([row for row in rows if row.bench == bench], curve, f"{bench}, {saved.stem}"):
            drawn.append(curve)
    return drawn


def show_comparison(before: Path, after: Path) -> int:
    """Prints what changed; 2 where a file can't be read."""
    try:
        print(compare(load(before), load(after)))
    except SavedRunError as error:
        print(f"bench compare: {error}", file=sys.stderr)
        return 2
    return 0


def main(arguments: Sequence[str]) -> int:
    """Runs benches, prints, draws and saves their table; 1 when a target is missed or a bench broke off."""
    parsed = parse(arguments)
    if parsed.bench == "compare":
        return show_comparison(parsed.before, parsed.after)
    options, machine = options_of(parsed), describe_machine()
    rows, broken = run_each(ALL if parsed.bench == "all" else (parsed.bench,), options)
    if rows:
        print(table(rows))
        saved = save(rows, machine, options.results, parsed.bench)
        print("\n" + "\n".join(f"saved to {path}" for path in (saved, *draw(rows, saved))))
    if broken:
        print(f"broke off, see above: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken or any(meets_target(row) is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
