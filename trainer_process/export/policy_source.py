"""The policy that an export or an evaluation is of: a run's newest, or that of one of its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from protocol.policy_file import PolicyFile, load_policy
from protocol.weights import WeightsSnapshot
from trainer_process.checkpoint import Checkpoint, checkpoint_path, load_checkpoint
from trainer_process.checkpoint_folder import best_checkpoint, latest_checkpoint
from trainer_process.errors import CheckpointError, ExportError
from trainer_process.run_folder import POLICY_FILE_NAME, RunFolder, find_policy_file

WEIGHTS = "policy"
"""What every algorithm calls its policy's weights in a checkpoint."""


@dataclass(frozen=True)
class PolicySource:
    """A policy, and where it came from.

    Attributes:
        policy: with the weights that were asked for.
        file: the policy file, which says what the policy is.
        checkpoint: whose weights they are; None: the policy file's own.
    """

    policy: PolicyFile
    file: Path
    checkpoint: Checkpoint | None = None

    @classmethod
    def find(cls, run: Path, *, behavior: str | None = None, checkpoint: str | None = None) -> PolicySource:
        """The policy that `run` means.

        Args:
            run: a policy file, or the folder of a run or of a behavior that has one.
            behavior: whose, where a run has several.
            checkpoint: "best", "latest" or an iteration's number; None takes the policy file as it is.

        Raises:
            RunFolderError: there is no such policy file, or more than one.
            PolicyFileError: it can't be used.
            CheckpointError: there is no such checkpoint.
            ExportError: the checkpoint's weights are not the policy's.
        """
        file = find_policy_file(run if behavior is None else RunFolder(run.parent, run.name).behavior(behavior).path)
        policy = load_policy(file)
        if checkpoint is None:
            return cls(policy, file)
        found = _choose(file.parent / "checkpoints", checkpoint)
        return cls(_with_weights(policy, found), file, found)

    def default_target(self, suffix: str) -> Path:
        """The file beside the policy file, with the checkpoint's iteration in its name where it is of one."""
        of = "" if self.checkpoint is None else f"-{self.checkpoint.iteration:09d}"
        return self.file.with_name(f"{self.file.stem}{of}{suffix}")

    def describe(self) -> str:
        """For people: which policy it is."""
        of = "" if self.checkpoint is None else f", from {self.checkpoint.path}"
        return f"behavior {self.policy.behavior!r}, version {self.policy.snapshot.version}{of}"


def _choose(folder: Path, name: str) -> Checkpoint:
    if name not in ("best", "latest"):
        if not name.isdigit():
            raise CheckpointError(f"--checkpoint: expected best, latest or an iteration's number, got {name!r}")
        return load_checkpoint(checkpoint_path(folder, int(name)))
    found = best_checkpoint(folder) if name == "best" else None
    # Where no episode ended before any of them, the newest is as good as any.
    found = found or latest_checkpoint(folder)
    if found is None:
        raise CheckpointError(
            f"{folder}: expected a checkpoint, got none; leave out --checkpoint for {POLICY_FILE_NAME} as it is"
        )
    return found


def _with_weights(policy: PolicyFile, checkpoint: Checkpoint) -> PolicyFile:
    weights = checkpoint.state.arrays.get(WEIGHTS)
    wanted = policy.snapshot.values.size
    if weights is None or weights.shape != (wanted,):
        got = "none" if weights is None else f"an array of shape {weights.shape}"
        raise ExportError(f"{checkpoint.path}: expected {wanted} weights of the policy, got {got}")
    values = np.ascontiguousarray(weights, np.float32)
    snapshot = WeightsSnapshot(policy.snapshot.network_hash, checkpoint.context.version, values)
    return replace(policy, snapshot=snapshot, critic_settings=None, critic_snapshot=None)
