"""Experts, trained once and kept, and what they showed: a recording, and the same episodes as arrays for the peers."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from host_sdk import Recorder
from host_sdk.adapters.exchange.conversion import ConversionOptions
from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker
from host_sdk.adapters.trajectories.exported import export_trajectories
from host_sdk.adapters.trajectories.imported import import_trajectories
from protocol.policy_file import load_policy
from protocol.recording import RecordingReader
from tools.bench.evaluated_training import Training
from tools.bench.imitation_tasks import EXPERTS, Expert
from tools.bench.learning_run import LearningRunError, policy_settings, training_settings
from tools.bench.learning_tasks import GYMNASIUM_TASKS, LearningTask
from tools.bench.measured_program import ONE_THREAD
from tools.bench.options import ROOT

LOOKS = 15
"""Evaluations of an expert's training, the best of which gives the expert."""
LOOK_EPISODES = 20
DEMONSTRATION_SEED = 20_000


@dataclass(frozen=True)
class Shown:
    """What an expert showed.

    Attributes:
        recording: its episodes.
        arrays: the same as `.npz`.
        return_mean: of them.
        trained_by: who trained it.
    """

    recording: Path
    arrays: Path
    return_mean: float
    trained_by: str


def run_program(command: list[str]) -> str:
    """Runs a program in the project's root with one thread; returns what it printed. Raises LearningRunError."""
    environment = {**os.environ, **ONE_THREAD, "PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-20:])
        raise LearningRunError(f"expected a result, got exit status {done.returncode} of {' '.join(command)}\n{tail}")
    return done.stdout


def task_policy(task: LearningTask) -> dict[str, Any]:
    """The policy's network that a learning task has, by the names of `PolicySettings`."""
    settings = policy_settings(task)
    return {name.removeprefix("policy."): value for name, value in settings.items() if name.startswith("policy.")}


def expert_policy(expert: Expert, folder: Path) -> Path:
    """The policy file of an expert that this bridge trains; trained where it isn't there yet."""
    task = GYMNASIUM_TASKS[expert.task]
    settings = {**training_settings(task), **expert.settings}
    identity = blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=4).hexdigest()
    path = folder / f"{expert.task}-{expert.seed}-{identity}.lbp"
    if path.exists():
        return path
    updates = int(str(settings["total_steps"])) // int(str(settings["steps_per_update"]))
    unfinished = path.with_suffix(".unfinished")
    training = Training(
        env_id=task.env_id,
        seed=expert.seed,
        copies=task.env_count,
        results=str(folder / "runs"),
        settings=settings,
        policy=task_policy(task),
        save=str(unfinished),
        interval=max(1, updates // LOOKS),
        episodes=LOOK_EPISODES,
    )
    print(f"  expert {expert.name}: this bridge trains it on {task.env_id}", flush=True)
    run_program(training.command())
    unfinished.replace(path)
    return path


def record_policy(env_id: str, policy: Path, recording: Path, episodes: int, *, is_sampled: bool) -> None:
    """Whole episodes of a policy into a file, one after the other, so that short ones aren't preferred."""
    settings = load_policy(policy).policy_settings
    maker = environment_maker(env_id)
    with GymnasiumHost(maker, 1, seed=DEMONSTRATION_SEED, policy_settings=settings) as host:
        host.policy.load_policy(policy)
        recorder = Recorder.make_recorder(host.manager, host.interactor, host.environment)
        while recorder.episode_count < episodes:
            recorder.run_recording(host.policy, action_noise_scale=1.0 if is_sampled else 0.0)
        recorder.get_recording().save_recording(recording)


def shown_by(name: str, folder: Path, peer_python: Path | None) -> Shown:
    """What the expert of that name showed; made where it isn't there yet.

    Both files hold actions as the world got them, so that all clones see the same.

    Raises:
        LearningRunError: it can't be trained, or the peer's Python that should is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    expert, recording, arrays = EXPERTS[name], folder / f"{name}.lbr", folder / f"{name}.npz"
    if not arrays.exists():
        if expert.trained_by == "bridge":
            _export(expert, expert_policy(expert, folder), arrays)
        elif peer_python is None:
            raise LearningRunError(f"expert {name}: Stable-Baselines3 trains it, which needs --peer-python")
        else:
            _let_peer_show(expert, arrays, peer_python)
    if not recording.exists():
        options = ConversionOptions(str(arrays), str(recording), f"gymnasium:{expert.env_id}", clips_actions=True)
        import_trajectories(options, _ignore)
    with RecordingReader(recording) as reader:
        returns = [reader[index].episode_return for index in range(len(reader))]
    return Shown(recording, arrays, sum(returns) / len(returns), expert.trained_by)


def _export(expert: Expert, policy: Path, arrays: Path) -> None:
    played = arrays.with_suffix(".played.lbr")
    record_policy(expert.env_id, policy, played, expert.episodes, is_sampled=expert.is_sampled)
    export_trajectories(ConversionOptions(str(played), str(arrays)), _ignore)
    played.unlink()


def _let_peer_show(expert: Expert, arrays: Path, python: Path) -> None:
    print(f"  expert {expert.name}: Stable-Baselines3 trains it on {expert.task}", flush=True)
    unfinished = arrays.with_suffix(".unfinished.npz")
    module = "tools.bench.peers.stable_baselines3_expert"
    command = [str(python), "-m", module, expert.task, expert.env_id, str(expert.seed), str(expert.episodes)]
    options = [*(["--sampled"] if expert.is_sampled else []), "--sac-steps", str(expert.sac_steps)]
    run_program([*command, str(unfinished), *options])
    unfinished.replace(arrays)


def _ignore(episodes: int, steps: int) -> None:
    """Where nobody watches."""
