"""One PPO update of 10,240 steps and 10 epochs on one thread: ours, Stable-Baselines3's, and ours beside a busy game.

Ours is the whole `update()`: laying out the batch, values, advantages, epochs and the normaliser. The peer's is
`train()`, the epochs alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from protocol.completion import Completion
from protocol.experience import ExperienceBatch, ExperienceStatistics, SegmentTable
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from tools.bench.options import ROOT, BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Comparison, alternate, repeat, seconds
from tools.bench.update_rollout import (
    ACTION_SIZE,
    AGENT_COUNT,
    EPOCHS,
    HIDDEN_SIZES,
    MINIBATCH_SIZE,
    OBSERVATION_SIZE,
    ROW_COUNT,
    make_rollout,
)
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import PPO, PPOSettings

NAME = "10,240 steps x 10 epochs, nets 64-128-128-{8,1}, minibatch 256, one thread"

_BUSY_GAME = """
import numpy as np
print("playing", flush=True)
a = np.ones((256, 256), np.float32)
while True:
    a = np.tanh(a @ a * 1e-3)
"""


def make_batch() -> ExperienceBatch:
    """The rollout as one hand-off: one segment per agent, cut while running."""
    rollout = make_rollout()
    agents = np.arange(AGENT_COUNT)
    zeros = np.zeros(AGENT_COUNT)
    segments = SegmentTable(
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
        actions=rollout.actions,
        action_modifiers=np.zeros((ROW_COUNT, AGENT_COUNT, 0), np.float32),
        rewards=rollout.rewards,
        log_probs=rollout.log_probs,
        memory=np.zeros((ROW_COUNT, AGENT_COUNT, 0), np.float32),
        segments=segments,
        initial_memory=np.zeros((AGENT_COUNT, 0), np.float32),
        final_observations=rollout.final_observations,
        final_memory=np.zeros((AGENT_COUNT, 0), np.float32),
        version_runs=np.stack([agents, zeros, zeros], axis=1).astype(np.int64),
        statistics=ExperienceStatistics(0, 0, 0, np.zeros(0), np.zeros(0, np.int32)),
    )


def our_update() -> Callable[[], float]:
    """Measures one update of ours, on the same batch every time."""
    torch.set_num_threads(1)
    behavior = BehaviorSpec.create(
        "Bench",
        ContinuousObservation(OBSERVATION_SIZE),
        ContinuousAction(ACTION_SIZE),
        PolicySettings(hidden_sizes=HIDDEN_SIZES),
        CriticSettings(hidden_sizes=HIDDEN_SIZES),
    )
    settings = PPOSettings(
        steps_per_update=ROW_COUNT * AGENT_COUNT,
        minibatch_size=MINIBATCH_SIZE,
        epochs=EPOCHS,
        normalizer_initialisation="train",
        max_policy_lag=1_000_000,
    )
    algorithm, batch = PPO(behavior, settings), make_batch()

    def measure() -> float:
        algorithm.add_experience(batch, 0)
        return seconds(lambda: algorithm.update(lambda: None))

    return measure


@contextmanager
def peer_update(python: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """Stable-Baselines3 in a process of its own: its name with versions, and what measures one `train()` there."""
    command = (str(python), "-m", "tools.bench.peers.stable_baselines3_update")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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


def beside_a_busy_game(measure: Callable[[], float]) -> float:
    """The same measurement while another process computes on one core without pause."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = (sys.executable, "-c", _BUSY_GAME)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as game:
        assert game.stdout is not None
        try:
            game.stdout.readline()
            return measure()
        finally:
            game.kill()


def _row(name: str, compared: Comparison, peer_name: str, target: str) -> BenchRow:
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


def run(options: BenchOptions) -> list[BenchRow]:
    """Against the peer where there is one, and against ourselves beside a busy game."""
    rounds, measure = max(5, options.rounds), our_update()
    if options.peer_python is None:
        alone = repeat(measure, rounds)
        quiet = BenchRow("update", NAME, alone.median, alone.low, alone.high, "s", note="no peer to compare with")
    else:
        with peer_update(options.peer_python) as (peer_name, measure_peer):
            quiet = _row(NAME, alternate(measure, measure_peer, rounds), peer_name, "ratio <= 0.8")
    busy = alternate(lambda: beside_a_busy_game(measure), measure, rounds)
    return [quiet, _row("the same beside a busy game", busy, "itself in quiet", "ratio <= 1.2")]
