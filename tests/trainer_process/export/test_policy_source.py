"""A policy is that of the policy file, or of the checkpoint that was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from protocol.policy_file import save_policy
from tests.trainer_process.export.policy_maker import make_policy
from trainer_process.algorithms.base import AlgorithmState
from trainer_process.checkpoint import Checkpoint
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_folder import save_checkpoint
from trainer_process.errors import CheckpointError, ExportError, RunFolderError
from trainer_process.export import PolicySource


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with two behaviors, one of them with three checkpoints, whose weights are all their iteration."""
    for name in ("walker", "jumper"):
        folder = tmp_path / "run" / name
        folder.mkdir(parents=True)
        save_policy(folder / "policy.lbp", make_policy())
    size = make_policy().snapshot.values.size
    for iteration, return_mean, evaluated in ((1, 50.0, None), (2, 30.0, 9.0), (3, 40.0, 8.0)):
        state = AlgorithmState({"policy": np.full(size, iteration, np.float32)})
        context = CheckpointContext(version=10 * iteration, return_mean=return_mean, evaluation_return_mean=evaluated)
        save_checkpoint(tmp_path / "run" / "walker" / "checkpoints", Checkpoint(iteration, state, context), kept=9)
    return tmp_path / "run"


def test_a_run_with_several_behaviors_wants_a_name(run: Path) -> None:
    with pytest.raises(RunFolderError, match="jumper"):
        PolicySource.find(run)
    assert PolicySource.find(run, behavior="walker").file == run / "walker" / "policy.lbp"


def test_without_a_checkpoint_the_policy_file_is_taken_as_it_is(run: Path) -> None:
    source = PolicySource.find(run / "jumper")
    assert source.policy.snapshot.version == 7
    assert source.default_target(".onnx") == run / "jumper" / "policy.onnx"


@pytest.mark.parametrize(("name", "iteration"), [("latest", 3), ("best", 2), ("1", 1)])
def test_a_checkpoint_gives_its_weights_under_its_version(run: Path, name: str, iteration: int) -> None:
    source = PolicySource.find(run / "walker" / "policy.lbp", checkpoint=name)
    assert source.policy.snapshot.version == 10 * iteration
    assert (source.policy.snapshot.values == iteration).all()
    assert source.default_target(".onnx").name == f"policy-00000000{iteration}.onnx"


@pytest.mark.parametrize("name", ["newest", "7"])
def test_a_checkpoint_that_is_not_there_is_refused(run: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="expected"):
        PolicySource.find(run / "walker", checkpoint=name)


def test_a_run_without_checkpoints_says_what_there_is(run: Path) -> None:
    with pytest.raises(CheckpointError, match=r"leave out --checkpoint for policy\.lbp"):
        PolicySource.find(run / "jumper", checkpoint="best")


def test_weights_of_another_network_are_refused(run: Path) -> None:
    state = AlgorithmState({"policy": np.zeros(3, np.float32)})
    save_checkpoint(run / "walker" / "checkpoints", Checkpoint(4, state), kept=9)
    with pytest.raises(ExportError, match=r"expected \d+ weights of the policy, got an array of shape \(3,\)"):
        PolicySource.find(run / "walker", checkpoint="latest")
