"""Where a second goes: a game and its trainer, the real ones, looked into while they run.

    python tools/dev.py profile                          a no-op world of 64 agents, collecting and learning at once
    python tools/dev.py profile --agents 1024 --synchronous
    python tools/dev.py profile --env-id CartPole-v1     copies of a Gymnasium world

For each thread: what of a second its phases take, and the functions that take most by themselves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from host_sdk import Communicator, PPOTrainer, PPOTrainingSettings, TrainerProcessSettings
from host_sdk.host_program.training_loop import tick_patiently
from tools.bench.noop_game import NoopGame
from tools.bench.profile_phase import leaf_counts, phase_counts
from tools.bench.sampler import Sampler, Samples, read
from tools.bench.table import aligned

WARM_UP_UPDATES = 2
FUNCTIONS_SHOWN = 8
LEAST_SHARE = 0.005
SHOWN = ("MainThread", "learner")
"""Threads with work of their own; others wait for a pipe, or write TensorBoard's files."""

NAMES = {"MainThread": "main thread", "learner": "learner thread"}
SETTINGS = PPOTrainingSettings(
    steps_per_update=8192, minibatch_size=256, epochs=10, total_steps=1_000_000_000, normalizer_initialisation="train"
)
_Play: TypeAlias = tuple[PPOTrainer, Callable[[], None]]


def play_noop(arguments: argparse.Namespace, process: TrainerProcessSettings, stack: ExitStack) -> _Play:
    """A no-op world."""
    settings = replace(SETTINGS, synchronous=arguments.synchronous)
    game = NoopGame(arguments.agents, process, training_settings=settings)
    stack.callback(game.close)
    return game.trainer, game.tick


def play_gymnasium(arguments: argparse.Namespace, process: TrainerProcessSettings, stack: ExitStack) -> _Play:
    """Copies of a Gymnasium world, which stand still while the trainer is behind."""
    from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker

    settings = replace(SETTINGS, synchronous=arguments.synchronous)
    communicator = Communicator.make_launched(process)
    stack.callback(communicator.close)
    host = stack.enter_context(GymnasiumHost(environment_maker(arguments.env_id), arguments.agents))
    trainer = PPOTrainer.make_ppo_trainer(
        host.manager, host.interactor, host.environment, host.policy, communicator=communicator
    )
    return trainer, partial(tick_patiently, trainer, settings)


def sample_both(arguments: argparse.Namespace) -> tuple[Samples, Samples]:
    """What the game's process and the trainer's did in the same seconds, once learning is under way."""
    with tempfile.TemporaryDirectory(prefix="lb-") as name, ExitStack() as stack:
        path = Path(name) / "samples.json"
        command = (sys.executable, "-m", "tools.bench.profiled_trainer", str(path))
        process = TrainerProcessSettings(command=command, results_directory=name)
        play = play_noop if arguments.env_id is None else play_gymnasium
        trainer, tick = play(arguments, process, stack)
        _tick_until(lambda: trainer.iteration >= WARM_UP_UPDATES, trainer, tick)
        sampler = Sampler()
        sampler.start()
        before = sampler.samples(), read(path)
        ended_s = time.monotonic() + arguments.seconds
        _tick_until(lambda: time.monotonic() >= ended_s, trainer, tick)
        after = sampler.samples(), read(path)
        sampler.stop()
    return after[0].since(before[0]), after[1].since(before[1])


def _tick_until(is_over: Callable[[], bool], trainer: PPOTrainer, tick: Callable[[], None]) -> None:
    while not is_over():
        tick()
        if trainer.has_training_failed:
            raise SystemExit(f"profile: {trainer.training_failure}")


def report(side: str, samples: Samples) -> str:
    """A side's threads, each with its phases and its dearest functions, both as milliseconds of a second."""
    parts = []
    leaves = leaf_counts(samples)
    for thread, phases in phase_counts(side, samples).items():
        total = sum(phases.values())
        if thread not in SHOWN or total == 0:
            continue
        cpu = f", {1000 * samples.cpu_s[thread] / samples.taken_s:.0f} ms on a processor" if samples.cpu_s else ""
        parts.append(f"{side}, {NAMES.get(thread, thread)}: of 1,000 ms{cpu} ({total:,} samples)")
        parts.append(aligned(("ms", "phase"), _shares(phases, total, LEAST_SHARE)))
        functions = _shares(leaves[thread], total, LEAST_SHARE)[:FUNCTIONS_SHOWN]
        parts.append(aligned(("ms", "by themselves"), functions) + "\n")
    others_s = samples.process_cpu_s - sum(samples.cpu_s.get(thread, 0.0) for thread in SHOWN)
    if samples.cpu_s:
        parts.append(
            f"{side}, all other threads (sockets, files): {1000 * others_s / samples.taken_s:.0f} ms on a processor"
        )
    return "\n".join(parts)


def _shares(counts: Counter[str], total: int, least: float) -> list[tuple[str, str]]:
    return [(f"{1000 * count / total:.0f}", name) for name, count in counts.most_common() if count >= least * total]


def main(arguments: list[str]) -> int:
    """Reads the command line, plays and prints."""
    parser = argparse.ArgumentParser(
        prog="python tools/dev.py profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=64, help="agents, or copies of the world (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to look (%(default)s)")
    parser.add_argument("--env-id", help="a Gymnasium world in place of the no-op world")
    parser.add_argument("--synchronous", action="store_true", help="the game waits for each update")
    parsed = parser.parse_args(arguments)
    if parsed.agents < 1 or not parsed.seconds > 0:
        parser.error(f"expected at least 1 agent and more than 0 s, got {parsed.agents} and {parsed.seconds:g}")
    host, trainer = sample_both(parsed)
    print(f"{report('host', host)}\n\n{report('trainer', trainer)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
