"""Weights as safetensors come back as the policy that they are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from protocol.policy_settings import PolicySettings
from protocol.weights import WeightsLayout
from tests.trainer_process.export.policy_maker import HYBRID, NUMBERS, make_policy
from trainer_process.errors import ExportError
from trainer_process.export import load_weights_file, weights_file_content


def test_weights_stand_under_the_names_of_their_parameters(tmp_path: Path) -> None:
    policy = make_policy()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(weights_file_content(policy))
    views = WeightsLayout.of(policy.policy_spec).views(policy.snapshot.values)
    loaded = load_file(path)
    assert loaded.keys() == views.keys()
    assert all(np.array_equal(loaded[name], view) for name, view in views.items())


def test_the_policy_comes_back_whole(tmp_path: Path) -> None:
    policy = make_policy(NUMBERS, HYBRID, PolicySettings(hidden_sizes=(8,), memory_cell="lstm", memory_state_size=3))
    path = tmp_path / "weights.safetensors"
    path.write_bytes(weights_file_content(policy))
    loaded = load_weights_file(path)
    assert np.array_equal(loaded.snapshot.values, policy.snapshot.values)
    assert loaded.snapshot.version == policy.snapshot.version
    assert replace(loaded, snapshot=policy.snapshot) == policy


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"policy": np.zeros(3, np.float32)}, path)
    with pytest.raises(ExportError, match="expected the format 'learning-bridge weights 1', got None"):
        load_weights_file(path)
    path.write_bytes(b"no weights")
    with pytest.raises(ExportError, match="expected weights of a policy"):
        load_weights_file(path)
