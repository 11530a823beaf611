"""What learns from an expert by acting itself: DAgger beside cloning at equal labels, GAIL and AIRL."""

from __future__ import annotations

import statistics
from pathlib import Path

from protocol.recording import RecordingReader, save_recording
from tools.bench.evaluated_training import Training
from tools.bench.imitation_cloning import OURS, Sides, jobs_of, means
from tools.bench.imitation_experts import expert_policy, shown_by
from tools.bench.imitation_tasks import (
    ADVERSARIAL,
    ADVERSARIAL_COPIES,
    ADVERSARIAL_POLICY,
    ADVERSARIAL_SETTINGS,
    DAGGER,
    EXPERTS,
    FIXED_HORIZON,
    AdversarialTask,
)
from tools.bench.kept_training import kept_training, steps_to
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow

ADVERSARIAL_INTERVAL = 10
"""Updates between looks at GAIL and AIRL."""
ADVERSARIAL_LOOKS = 2
"""In a row that must be at the level."""


def run_dagger(options: BenchOptions, folder: Path) -> list[BenchRow]:
    """DAgger's mean return beside that of clones that saw as many labels."""
    experts = folder / "experts"
    shown = shown_by("pendulum", experts, options.peer_python)
    expert = EXPERTS["pendulum"]
    policy = expert_policy(expert, experts)
    seeds = options.seeds or DAGGER.seeds
    rows = []
    with Sides(folder / "clones", None) as sides:
        for rounds in DAGGER.rounds:
            labels = rounds * DAGGER.labels_per_round
            count = labels // DAGGER.episode_steps
            groups = expert.episodes // count
            pairs, returns = [], []
            for seed in seeds:
                episodes = seed % groups * count, count
                ours, peer = jobs_of(shown, expert.env_id, seed, episodes, DAGGER.evaluation_episodes)
                pairs.append(sides.pair(f"labels-{labels}-{seed}", ours, peer))
                training = Training(
                    env_id=expert.env_id,
                    seed=seed,
                    copies=DAGGER.copies,
                    results=str(folder / "runs"),
                    settings={"rounds": rounds, "steps_per_round": DAGGER.labels_per_round},
                    method="dagger",
                    demonstrations=str(policy),
                    interval=rounds,
                    episodes=DAGGER.evaluation_episodes,
                )
                returns.append(kept_training(f"dagger-{labels}-{seed}", training, folder / "trainings")[-1].return_mean)
            clones = means(pairs, OURS)
            rows.append(
                BenchRow(
                    bench="imitation",
                    name=f"Pendulum-v1, DAgger from {labels:,} labels, mean return over seeds",
                    median=statistics.fmean(returns),
                    low=min(returns),
                    high=max(returns),
                    unit="return",
                    peer_name="behavioural cloning",
                    peer_median=statistics.fmean(clones),
                    target=f"median >= {statistics.fmean(clones):.1f}",
                    note=f"DAgger {', '.join(f'{value:.1f}' for value in returns)}; clones "
                    f"{', '.join(f'{value:.1f}' for value in clones)}; the expert {shown.return_mean:.1f}",
                )
            )
    return rows


def adversarial_training(task: AdversarialTask, seed: int, demonstrations: Path, folder: Path) -> Training:
    """One seed's."""
    return Training(
        env_id=FIXED_HORIZON,
        seed=seed,
        copies=ADVERSARIAL_COPIES,
        results=str(folder / "runs"),
        settings={**ADVERSARIAL_SETTINGS, "total_steps": task.total_steps},
        policy=ADVERSARIAL_POLICY,
        method=task.method,
        demonstrations=str(demonstrations),
        interval=ADVERSARIAL_INTERVAL,
        episodes=20,
        level=task.level,
        times=ADVERSARIAL_LOOKS,
    )


def run_adversarial(method: str, options: BenchOptions, folder: Path) -> list[BenchRow]:
    """How many seeds reach the level."""
    task = ADVERSARIAL[method]
    shown = shown_by("cart_pole", folder / "experts", options.peer_python)
    demonstrations = folder / "experts" / f"cart_pole-{task.demonstrations}.lbr"
    with RecordingReader(shown.recording) as reader:
        save_recording(demonstrations, reader.header, [reader[index] for index in range(task.demonstrations)])
    seeds = options.seeds or task.seeds
    notes, reached = [], 0
    for seed in seeds:
        training = adversarial_training(task, seed, demonstrations, folder)
        looks = kept_training(f"{method}-{seed}", training, folder / "trainings")
        is_reached = looks[-1].return_mean >= task.level
        reached += is_reached
        first = steps_to(looks, task.level)
        when = f"from {first:,} steps on" if is_reached and first is not None else f"at {looks[-1].steps:,} steps"
        notes.append(f"{looks[-1].return_mean:.1f} {when}, {looks[-1].wall_s:.0f} s")
    needed = -(-task.seeds_needed * len(seeds) // len(task.seeds))
    return [
        BenchRow(
            bench="imitation",
            name=f"FixedHorizonCartPole-v0, {method.upper()}, seeds at {task.level:g} in {task.total_steps:,} steps",
            median=reached,
            low=reached,
            high=reached,
            unit=f"of {len(seeds)}",
            target=f"median >= {needed}",
            note=f"{'; '.join(notes)}; from {task.demonstrations} episodes of {shown.return_mean:.0f}; training ends "
            f"when {ADVERSARIAL_LOOKS} evaluations in a row, of 20 episodes each, are there",
        )
    ]
