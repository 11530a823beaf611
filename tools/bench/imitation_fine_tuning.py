"""PPO that goes on from a clone, beside PPO alone: how soon it is good, and whether it destroys the clone first."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_sdk import Recorder
from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker
from protocol.policy_settings import PolicySettings
from protocol.recording import RecordingReader, save_recording
from tools.bench.evaluated_training import Training
from tools.bench.imitation_chart import Curve, draw_fine_tuning
from tools.bench.imitation_experts import shown_by, task_policy
from tools.bench.imitation_tasks import EXPERTS, FINE_TUNING
from tools.bench.kept_training import Look, kept_training, steps_to
from tools.bench.learning_run import training_settings
from tools.bench.learning_tasks import GYMNASIUM_TASKS
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from trainer_process.offline_imitation import ImitationOptions, imitate


@dataclass(frozen=True)
class FineTuned:
    """Both sides of one seed.

    Attributes:
        seed: of both.
        cloned: looks at the training that went on from a clone.
        alone: looks at the other.
        random_return: what a policy that wasn't trained plays, sampled.
    """

    seed: int
    cloned: tuple[Look, ...]
    alone: tuple[Look, ...]
    random_return: float

    @property
    def clone_return(self) -> float:
        """What the clone plays before any update."""
        return self.cloned[0].return_mean

    @property
    def fall(self) -> float:
        """The deepest fall below the clone, as a share of its distance to a random policy; 0 where it never fell."""
        watched = [look.return_mean for look in self.cloned if look.update <= FINE_TUNING.watched_updates]
        return max(0.0, (self.clone_return - min(watched)) / (self.clone_return - self.random_return))

    @property
    def ratio(self) -> float:
        """Steps to the level over those of the other side; infinite where the clone's training never got there."""
        cloned, alone = steps_to(self.cloned, FINE_TUNING.level), steps_to(self.alone, FINE_TUNING.level)
        return float("inf") if cloned is None else cloned / (alone or self.alone[-1].steps)


def clone(recording: Path, seed: int, path: Path, policy: Mapping[str, Any]) -> None:
    """The clone of a seed, from its own few episodes, with cloning's defaults."""
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        few = Path(folder) / "few.lbr"
        with RecordingReader(recording) as reader:
            groups = len(reader) // FINE_TUNING.episodes
            first = seed % groups * FINE_TUNING.episodes
            save_recording(few, reader.header, [reader[first + row] for row in range(FINE_TUNING.episodes)])
        network = PolicySettings(**{**policy, "hidden_sizes": tuple(policy["hidden_sizes"])}, seed=seed)
        options = ImitationOptions(policy_settings=network, tensorboard=False, checkpoint_interval=0)
        done = imitate(few, folder, settings={"seed": seed}, options=options)
        path.write_bytes(done.policy_file.read_bytes())


def random_return(env_id: str, policy: Mapping[str, Any], episodes: int = 100) -> float:
    """The mean return of a new policy, sampled."""
    settings = PolicySettings(**{**policy, "hidden_sizes": tuple(policy["hidden_sizes"])}, seed=0)
    with GymnasiumHost(environment_maker(env_id), 1, seed=0, policy_settings=settings) as host:
        recorder = Recorder.make_recorder(host.manager, host.interactor, host.environment)
        while recorder.episode_count < episodes:
            recorder.run_recording(host.policy)
        return statistics.fmean(episode.episode_return for episode in recorder.get_recording().episodes)


def fine_tune(seed: int, folder: Path, recording: Path, random: float) -> FineTuned:
    """Both sides of a seed; what was done before is kept."""
    expert = EXPERTS[FINE_TUNING.expert]
    task = GYMNASIUM_TASKS[expert.task]
    path = folder / "clones" / f"fine_tuning-{seed}.lbp"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        clone(recording, seed, path, task_policy(task))
    common: dict[str, Any] = {
        "env_id": task.env_id,
        "seed": seed,
        "copies": task.env_count,
        "results": str(folder / "runs"),
        "policy": task_policy(task),
        "episodes": FINE_TUNING.evaluation_episodes,
        "level": FINE_TUNING.level,
    }
    settings = training_settings(task)
    warmed = {**settings, "critic_warmup_updates": FINE_TUNING.critic_warmup_updates}
    cloned = Training(**common, settings=warmed, start=str(path), minimum_updates=FINE_TUNING.watched_updates)
    trainings = folder / "trainings"
    return FineTuned(
        seed,
        kept_training(f"cloned-{seed}", cloned, trainings),
        kept_training(f"alone-{seed}", Training(**common, settings=settings), trainings),
        random,
    )


def rows_of(found: list[FineTuned]) -> list[BenchRow]:
    """How soon, and how deep it fell."""
    level = FINE_TUNING.level

    def reached(looks: tuple[Look, ...]) -> str:
        steps = steps_to(looks, level)
        return "never" if steps is None else f"{steps:,}"

    ratios, falls = [each.ratio for each in found], [each.fall for each in found]
    steps = "; ".join(
        f"seed {each.seed}: a clone of {each.clone_return:.0f} reached it after {reached(each.cloned)} steps, "
        f"PPO alone after {reached(each.alone)}"
        for each in found
    )
    deepest = "; ".join(
        f"seed {each.seed}: from {each.clone_return:.0f} to "
        f"{min(look.return_mean for look in each.cloned if look.update <= FINE_TUNING.watched_updates):.0f}, best "
        f"{max(look.return_mean for look in each.cloned):.0f}"
        for each in found
    )
    return [
        BenchRow(
            bench="imitation",
            name=f"LunarLander-v3, steps to {level:g} from a clone over PPO's alone",
            median=statistics.median(ratios),
            low=min(ratios),
            high=max(ratios),
            unit="1",
            target=f"high <= {FINE_TUNING.share}",
            note=steps,
        ),
        BenchRow(
            bench="imitation",
            name=f"LunarLander-v3, deepest fall of a clone in {FINE_TUNING.watched_updates} updates",
            median=statistics.median(falls),
            low=min(falls),
            high=max(falls),
            unit="1",
            target=f"high <= {FINE_TUNING.largest_fall}",
            note=f"{deepest}; as a share of the distance to a random policy, which has {found[0].random_return:.0f}",
        ),
    ]


def run_fine_tuning(options: BenchOptions, folder: Path) -> list[BenchRow]:
    """All seeds."""
    shown = shown_by(FINE_TUNING.expert, folder / "experts", options.peer_python)
    task = GYMNASIUM_TASKS[EXPERTS[FINE_TUNING.expert].task]
    random = random_return(task.env_id, task_policy(task))
    found = [fine_tune(seed, folder, shown.recording, random) for seed in options.seeds or FINE_TUNING.seeds]
    curves = [
        Curve([look.steps for look in looks], [look.return_mean for look in looks], looks is each.cloned)
        for each in found
        for looks in (each.cloned, each.alone)
    ]
    draw_fine_tuning(
        curves, FINE_TUNING.level, folder / "fine_tuning.png", f"{task.env_id}: PPO from clones, and alone"
    )
    return rows_of(found)
