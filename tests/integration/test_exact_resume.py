"""Training that goes on from a checkpoint as if nobody had interrupted it, to the last bit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer_process.checkpoint import Checkpoint
from trainer_process.checkpoint_folder import latest_checkpoint

from .repeatable_host import STEPS_PER_UPDATE, run_host

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX"),
]

HALF = 4
"""Iterations before the interruption, and after it."""

EPISODE = 2
"""The column of an episode's number, which a host that is a new process counts from 0 again."""


def train(folder: Path, run_id: str, *arguments: str, cell: str) -> dict[str, Any]:
    """A host's training of 2 · HALF iterations, or what is left of them, with checkpoints at HALF and the end."""
    options = ["--results", str(folder), "--run-id", run_id, "--iterations", str(2 * HALF)]
    options += ["--checkpoint-interval", str(HALF)]
    return run_host(*options, *(["--remembers"] if cell == "gru" else []), *arguments)


def newest(said: dict[str, Any]) -> Checkpoint:
    """The checkpoint that a training ended with."""
    checkpoint = latest_checkpoint(Path(said["run_directory"]) / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.iteration == 2 * HALF
    return checkpoint


def assert_same(said: dict[str, Any], whole: dict[str, Any]) -> None:
    """Both trainings ended with the same weights, critic, optimiser, normaliser, counters and random numbers."""
    assert said["failure"] is None
    assert said["iteration"] == whole["iteration"] == 2 * HALF
    assert said["weights"] == whole["weights"]
    ours, theirs = newest(said).state, newest(whole).state
    assert ours.arrays.keys() == theirs.arrays.keys()
    for name, array in ours.arrays.items():
        other = theirs.arrays[name]
        if name == "rewards.carries" and not said["restarts"]:  # where each agent's return stands
            array, other = np.delete(array, EPISODE, axis=1), np.delete(other, EPISODE, axis=1)
        np.testing.assert_array_equal(array, other, err_msg=name)
    assert ours.values == theirs.values


@pytest.mark.parametrize("cell", ["none", pytest.param("gru", marks=pytest.mark.slow)])
def test_a_run_that_is_killed_and_resumed_ends_as_one_that_never_was(tmp_path: Path, cell: str) -> None:
    whole = train(tmp_path, "whole", cell=cell)
    assert whole["failure"] is None
    killed = train(tmp_path, "parted", "--kill-at", str(HALF), cell=cell)
    assert "CRASHED" in killed["failure"]
    resumed = train(tmp_path, "parted", "--", "--resume", cell=cell)
    assert resumed["first_iteration"] == HALF
    assert_same(resumed, whole)

    survived = train(tmp_path, "survived", "--kill-at", str(HALF), "--restarts", "1", cell=cell)
    assert survived["restarts"] == 1
    assert_same(survived, whole)


@pytest.mark.slow
def test_a_host_whose_trainer_goes_back_plays_what_was_undone_again_and_comes_to_the_end(tmp_path: Path) -> None:
    said = train(tmp_path, "undone", "--kill-at", str(HALF + 1), "--restarts", "1", cell="none")
    assert said["failure"] is None
    assert said["restarts"] == 1
    assert newest(said).context.steps == 2 * HALF * STEPS_PER_UPDATE
    assert said["version"] > 2 * HALF, "no version twice"
