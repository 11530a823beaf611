"""How the behaviors of a run are started and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True)
class StartSettings:
    """How one behavior is started and kept.

    Attributes:
        overrides: the algorithm's settings from the configuration file and the command line, over what hosts set.
        override_sources: for the dotted names of those, where each came from; those that aren't in it came from the
            command line.
        defaults: settings that hold where neither hosts nor overrides name them, in place of the algorithm's own
            defaults: ML-Agents', for a behavior of a file in its dialect.
        trainer_type: the algorithm that the configuration file names; empty leaves it to the hosts.
        networks: settings of the networks that the file names, as `{"policy_settings": {...}, "critic_settings":
            {...}}`; hosts build the networks, so one that differs is refused.
        resume: go on from the newest checkpoint in the behavior's folder, where there is one.
        learns: whether there are updates; else experience is counted and thrown away.
        start_path: a policy file, or a checkpoint or a folder of them, whose weights a behavior starts from where its
            host starts fresh; counters begin at 0.
        checkpoint_root: a host may only name checkpoints in here; None trusts it with every path.
        checkpoint_interval: updates between checkpoints; 0 writes one only at the end.
        checkpoint_steps: agent-steps between checkpoints, in place of the updates; 0 leaves it to those.
        kept_checkpoints: how many are kept, the best beside them.
        summary_steps: agent-steps between rows of metrics; 0 writes one for every update.
        metrics_writers: where metrics go beside `metrics.jsonl`: of csv, mlflow, tensorboard, wandb.
        torch_threads: threads of torch.
        expected_host_count: how many hosts will come, as far as that is known; each is asked for its share.
        policy_save_interval: agent-steps between policies that are kept beside the newest; none where it isn't above 0.
    """

    overrides: Mapping[str, object] = field(default_factory=dict)
    override_sources: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)
    trainer_type: str = ""
    networks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    resume: bool = False
    learns: bool = True
    start_path: Path | None = None
    checkpoint_root: Path | None = None
    checkpoint_interval: int = 10
    checkpoint_steps: int = 0
    kept_checkpoints: int = 3
    summary_steps: int = 0
    metrics_writers: tuple[str, ...] = ("csv", "tensorboard")
    torch_threads: int = 1
    expected_host_count: int = 1
    policy_save_interval: int = 0


StartSettingsOf: TypeAlias = Callable[[str], StartSettings]
"""The settings of the behavior of that name; raises SettingsError for one that the run's configuration hasn't."""


def same_for_all(settings: StartSettings) -> StartSettingsOf:
    """Every behavior is started and kept in the same way."""
    return lambda name: settings
