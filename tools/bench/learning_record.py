"""What one run of one seed gave, ours or a peer's, as it lies in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from tools.bench.learning_tasks import Hyperparameters, LearningTask, resolved_hyperparameters

PEER = "stable-baselines3"
PEER_RESULTS = Path(__file__).parent / "peers" / "results"


@dataclass(frozen=True)
class LearningRecord:
    """One seed of one world.

    Attributes:
        env_id: the world.
        seed: the run's.
        steps: environment steps of training.
        return_mean: of the deterministic episodes at the end.
        wall_s: wall-clock time of the training, evaluations left out.
        parameter_count: numbers in the policy's network; 0 where the record doesn't say.
        versions: of what it depended on.
    """

    env_id: str
    seed: int
    steps: int
    return_mean: float
    wall_s: float
    versions: Mapping[str, str]
    parameter_count: int = 0


def record_path(folder: Path, record_name: str, seed: int) -> Path:
    """Where our run of a seed is kept."""
    return folder / f"{record_name}-{seed}.json"


def peer_path(env_id: str, seed: int) -> Path:
    """Where the peer's run of a seed is kept."""
    return PEER_RESULTS / f"{PEER}-{env_id}-{seed}.json"


def fingerprint(task: LearningTask, policy: Mapping[str, object]) -> str:
    """A hash of all that a run's outcome follows from beside the code: a record with another one is out of date."""
    content = {
        "env_id": task.env_id,
        "total_steps": task.total_steps,
        "env_count": task.env_count,
        "hyperparameters": resolved_hyperparameters(task),
        "policy": dict(policy),
        "evaluation_episodes": task.evaluation_episodes,
    }
    return blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()


def read_record(path: Path, expected: Mapping[str, object]) -> LearningRecord | None:
    """A run's record; None where there is none, or one that was made with anything else than `expected`."""
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    if any(content.get(key) != value for key, value in expected.items()):
        return None
    return LearningRecord(
        env_id=content["env_id"],
        seed=content["seed"],
        steps=content["steps"],
        return_mean=content["final_return_mean"],
        wall_s=content["wall_s"],
        versions=content["versions"],
        parameter_count=content.get("parameter_count", 0),
    )


def read_peer(task: LearningTask, seed: int) -> LearningRecord | None:
    """The peer's cached run, if it was made with the hyperparameters that the task has now."""
    hyperparameters: Hyperparameters = resolved_hyperparameters(task)
    expected = {"hyperparameters": hyperparameters, "evaluation_episodes": task.evaluation_episodes}
    return read_record(peer_path(task.env_id, seed), expected)
