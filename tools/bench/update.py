"""One PPO update of 10,240 steps and 10 epochs on one thread, ours and Stable-Baselines3's, alone and beside a game.

Ours is the whole `update()`: laying out the batch, values, advantages, epochs and the normaliser. The peer's is
`train()`, the epochs alone. Beside it the estimate of advantages, the same update on a GPU where there is one, and
the update of a policy with memory beside that of one without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from protocol.completion import Completion
from protocol.experience import ExperienceBatch, ExperienceStatistics, SegmentTable
from protocol.policy_settings import CriticSettings, MemoryCell, PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from tools.bench.options import ROOT, BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Comparison, Spread, alternate, repeat, seconds
from tools.bench.update_rollout import (
    ACTION_SIZE,
    AGENT_COUNT,
    EPOCHS,
    HIDDEN_SIZES,
    OBSERVATION_SIZE,
    ROW_COUNT,
    make_rollout,
)
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import PPO, PPOSettings
from trainer_process.data.returns import generalized_advantages

TARGETS = {64: "ratio <= 0.35", 256: "ratio <= 0.5", 1024: "ratio <= 0.85"}
"""By minibatch size. The larger it is, the more of the time are the same matrix products on both sides."""
MEMORY_UNITS = 64
GAE_STEP_COUNT = 10_000
GAE_CALLS = 100
"""Calls of one measurement, each a fraction of a millisecond."""

_BUSY_GAME = """
import numpy as np
print("playing", flush=True)
a = np.ones((256, 256), np.float32)
while True:
    a = np.tanh(a @ a * 1e-3)
"""


def make_batch(memory_size: int = 0) -> ExperienceBatch:
    """The rollout as one hand-off: one segment per agent, cut while running."""
    rollout = make_rollout()
    memory = np.random.default_rng(5678).uniform(-1, 1, (ROW_COUNT + 1, AGENT_COUNT, memory_size)).astype(np.float32)
    agents = np.arange(AGENT_COUNT)
    zeros = np.zeros(AGENT_COUNT)
    segments = SegmentTable.of(
        lane=agents.astype(np.int32),
        first_row=zeros.astype(np.int32),
        length=np.full(AGENT_COUNT, ROW_COUNT, np.int32),
        agent_id=agents.astype(np.int32),
        episode=agents.astype(np.int64),
        first_step=zeros.astype(np.int64),
        completion=np.full(AGENT_COUNT, Completion.RUNNING, np.uint8),
        is_on_policy=np.ones(AGENT_COUNT, np.uint8),
    )
    return ExperienceBatch(
        batch_id=1,
        observations=rollout.observations,
        images=np.zeros((ROW_COUNT, AGENT_COUNT, 0), np.uint8),
        actions=rollout.actions,
        action_modifiers=np.zeros((ROW_COUNT, AGENT_COUNT, 0), np.float32),
        rewards=rollout.rewards,
        log_probs=rollout.log_probs,
        memory=memory[:-1],
        segments=segments,
        initial_memory=memory[0],
        final_observations=rollout.final_observations,
        final_images=np.zeros((AGENT_COUNT, 0), np.uint8),
        final_memory=memory[-1],
        version_runs=np.stack([agents, zeros, zeros], axis=1).astype(np.int64),
        statistics=ExperienceStatistics(0, 0, 0, np.zeros(0), np.zeros(0, np.int32)),
    )


def our_update(minibatch_size: int, device: str = "cpu", cell: MemoryCell = "none") -> Callable[[], float]:
    """Measures one update of ours, on the same batch every time."""
    torch.set_num_threads(1)
    policy = PolicySettings(hidden_sizes=HIDDEN_SIZES, memory_cell=cell, memory_state_size=MEMORY_UNITS)
    behavior = BehaviorSpec.create(
        "Bench",
        ContinuousObservation(OBSERVATION_SIZE),
        ContinuousAction(ACTION_SIZE),
        policy,
        CriticSettings(hidden_sizes=HIDDEN_SIZES),
    )
    settings = PPOSettings(
        steps_per_update=ROW_COUNT * AGENT_COUNT,
        minibatch_size=minibatch_size,
        epochs=EPOCHS,
        normalizer_initialisation="train",
        max_policy_lag=1_000_000,
        device=device,
    )
    algorithm, batch = PPO(behavior, settings), make_batch(policy.memory_size)

    def measure() -> float:
        algorithm.add_experience(batch, 0)
        return seconds(lambda: algorithm.update(lambda: None))

    return measure


@contextmanager
def peer_update(python: Path, minibatch_size: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """Stable-Baselines3 in a process of its own: its name with versions, and what measures one `train()` there."""
    command = (str(python), "-m", "tools.bench.peers.stable_baselines3_update", str(minibatch_size))
    with subprocess.Popen(
        command, cwd=ROOT, env=_one_thread(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        name = process.stdout.readline().strip()

        def measure() -> float:
            print("train", file=process.stdin, flush=True)
            return float(process.stdout.readline()) if process.stdout is not None else 0.0

        try:
            if not name:
                raise RuntimeError(f"update: expected {python} to have stable-baselines3, got {process.wait()}")
            yield name, measure
        finally:
            process.stdin.close()
            process.wait(10)


@contextmanager
def busy_game() -> Iterator[None]:
    """Another process computes on one core without pause."""
    command = (sys.executable, "-c", _BUSY_GAME)
    with subprocess.Popen(command, env=_one_thread(), stdout=subprocess.PIPE, text=True) as game:
        assert game.stdout is not None
        try:
            game.stdout.readline()
            yield
        finally:
            game.kill()


def estimate_seconds() -> float:
    """The median time of one estimate of the advantages of 10,000 steps of 64 agents."""
    generator = np.random.default_rng(1234)
    rewards, values, next_values = generator.standard_normal((3, GAE_STEP_COUNT), dtype=np.float32)
    continues = np.ones(GAE_STEP_COUNT, np.float32)
    continues[np.linspace(0, GAE_STEP_COUNT, AGENT_COUNT + 1)[1:].astype(np.int64) - 1] = 0.0

    def estimate() -> None:
        generalized_advantages(rewards, values, next_values, continues, discount_factor=0.99, gae_lambda=0.95)

    return statistics.median(seconds(estimate) for _ in range(GAE_CALLS))


def run(options: BenchOptions) -> list[BenchRow]:
    """Against the peer where there is one, and against ourselves beside a busy game."""
    rounds = max(5, options.rounds)
    rows = [row for size, target in TARGETS.items() for row in _rows_of_size(size, target, options.peer_python, rounds)]
    alone = our_update(256)

    def beside_game() -> float:
        with busy_game():
            return alone()

    beside = alternate(beside_game, alone, rounds)
    rows.append(_compared(f"{_name(256)}, beside a busy game", beside, "itself in quiet", "ratio <= 1.2"))
    rows.append(_with_memory(rounds))
    estimate = repeat(lambda: 1e3 * estimate_seconds(), rounds)
    name = f"advantages (GAE) of {GAE_STEP_COUNT:,} steps of {AGENT_COUNT} agents"
    rows.append(_alone(name, estimate, "ms", "median <= 0.3"))
    if torch.cuda.is_available():
        card = torch.cuda.get_device_name()
        on_gpu = repeat(our_update(256, "cuda"), rounds)
        rows.append(_alone(f"{_name(256)}, on {card}", on_gpu, "s", "median <= 0.035"))
    return rows


def _rows_of_size(minibatch_size: int, target: str, python: Path | None, rounds: int) -> list[BenchRow]:
    """In quiet, and with both sides beside a busy game."""
    ours, name = our_update(minibatch_size), _name(minibatch_size)
    if python is None:
        return [_alone(name, repeat(ours, rounds), "s", note="no peer to compare with")]
    with peer_update(python, minibatch_size) as (peer_name, peer):
        quiet = alternate(ours, peer, rounds)
        with busy_game():
            busy = alternate(ours, peer, rounds)
    return [
        _compared(name, quiet, peer_name, target),
        _compared(f"{name}, both beside a busy game", busy, peer_name, target),
    ]


def _with_memory(rounds: int) -> BenchRow:
    compared = alternate(our_update(512, cell="gru"), our_update(512), rounds)
    name = f"{_name(512)}, policy with a GRU of {MEMORY_UNITS} over windows of 16 steps"
    return _compared(name, compared, "itself without memory")


def _name(minibatch_size: int) -> str:
    return f"10,240 steps x 10 epochs, nets 64-128-128-{{8,1}}, minibatch {minibatch_size}, one thread"


def _compared(name: str, compared: Comparison, peer_name: str, target: str = "") -> BenchRow:
    return BenchRow(
        bench="update",
        name=name,
        median=compared.ours.median,
        low=compared.ours.low,
        high=compared.ours.high,
        unit="s",
        peer_name=peer_name,
        peer_median=compared.peer.median,
        ratio=compared.ratio.median,
        target=target,
        note=f"ratios of the rounds {compared.ratio.low:.2f} .. {compared.ratio.high:.2f}",
    )


def _alone(name: str, spread: Spread, unit: str, target: str = "", note: str = "") -> BenchRow:
    return BenchRow("update", name, spread.median, spread.low, spread.high, unit, target=target, note=note)


def _one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
