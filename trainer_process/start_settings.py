"""How the behaviors of a run are started and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class StartSettings:
    """How the behaviors of a run are started and kept.

    Attributes:
        overrides: settings from the command line, over what hosts set.
        resume: go on from the newest checkpoint in the behavior's folder, where there is one.
        checkpoint_root: a host may only name checkpoints in here; None trusts it with every path.
        checkpoint_interval: updates between checkpoints; 0 writes one only at the end.
        kept_checkpoints: how many are kept.
        tensorboard: whether metrics are written for TensorBoard too.
        torch_threads: threads of torch.
        expected_host_count: how many hosts will come, as far as that is known; each is asked for its share.
        policy_save_interval: agent-steps between policies that are kept beside the newest; none where it isn't above 0.
        start_policy: a policy file whose weights a behavior starts from where its host starts fresh.
    """

    overrides: Mapping[str, object] = field(default_factory=dict)
    resume: bool = False
    checkpoint_root: Path | None = None
    checkpoint_interval: int = 10
    kept_checkpoints: int = 3
    tensorboard: bool = True
    torch_threads: int = 1
    expected_host_count: int = 1
    policy_save_interval: int = 0
    start_policy: Path | None = None
