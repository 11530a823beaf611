"""`export` writes a policy in the form that was asked for, or says why not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

from protocol.policy_file import load_policy, save_policy
from tests.onnx_runner import run_model
from tests.trainer_process.export.policy_maker import make_policy
from trainer_process.cli_root import root
from trainer_process.export import agreement, load_weights_file


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, ["export", *map(str, arguments)])


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.lbp"
    save_policy(path, make_policy())
    return path


def test_a_model_is_compared_and_written_beside_the_policy(policy_file: Path) -> None:
    result = export(policy_file.parent)
    assert result.exit_code == 0, result.output
    assert "numbers compared with the host's numpy inference, largest difference" in result.output
    model = onnx.load(policy_file.with_name("policy.onnx"))
    given = {"observation": np.zeros((3, 4), np.float32), "action_modifier": np.zeros((3, 9), np.float32)}
    assert run_model(model, **given)["action"].shape == (3, 7)


def test_a_model_that_differs_is_not_written(policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "TOLERANCE", -1.0)
    result = export(policy_file)
    assert result.exit_code == 1
    assert "policy.onnx was not written: expected the model to give what the policy gives" in result.output
    assert "largest difference" in result.output
    assert not policy_file.with_name("policy.onnx").exists()


def test_without_onnx_runtime_it_says_that_nothing_was_compared(
    policy_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    result = export(policy_file, "-o", policy_file.with_name("other.onnx"))
    assert result.exit_code == 0
    assert "not checked against the policy" in result.output
    assert policy_file.with_name("other.onnx").exists()


def test_without_onnx_it_says_what_to_install(policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = export(policy_file)
    assert result.exit_code == 1
    assert "pip install 'learning-bridge[export]'" in result.output
    assert export(policy_file, "--to", "safetensors").exit_code == 0


def test_the_inputs_and_outputs_are_described_without_a_file(policy_file: Path) -> None:
    result = export(policy_file, "--describe", "--names", "learning-bridge")
    assert "float32[batch, 7]          action: the most likely action, in the game's own units" in result.output
    assert not policy_file.with_name("policy.onnx").exists()


def test_what_ml_agents_has_no_form_for_is_refused(policy_file: Path) -> None:
    result = export(policy_file, "--names", "ml-agents")
    assert result.exit_code == 1
    assert "$.lamps: expected numbers and choices of one option" in result.output


def test_the_other_forms_hold_the_same_policy(policy_file: Path) -> None:
    assert export(policy_file, "--to", "safetensors").exit_code == 0
    copy = policy_file.with_name("copy.lbp")
    assert export(policy_file, "--to", "native", "-o", copy).exit_code == 0
    values = load_policy(policy_file).snapshot.values
    assert np.array_equal(load_policy(copy).snapshot.values, values)
    assert np.array_equal(load_weights_file(policy_file.with_suffix(".safetensors")).snapshot.values, values)


def test_a_policy_is_not_written_over_itself(policy_file: Path) -> None:
    result = export(policy_file, "--to", "native")
    assert result.exit_code == 2
    assert "expected another file than the policy itself" in result.output


def test_a_file_that_can_not_be_written_says_so(policy_file: Path) -> None:
    result = export(policy_file, "--to", "safetensors", "-o", policy_file / "no" / "such")
    assert result.exit_code == 1
    assert "expected to write it" in result.output
