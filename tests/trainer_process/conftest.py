from __future__ import annotations

import pytest
import torch

from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from tests.trainer_process.counting_algorithm import COUNTING, Gate
from trainer_process.algorithms import registry
from trainer_process.algorithms.base import BehaviorSpec


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def behavior_spec() -> BehaviorSpec:
    """Three observation floats, two action floats, small networks."""
    return BehaviorSpec.create(
        "Walker",
        ContinuousObservation(3),
        ContinuousAction(2),
        PolicySettings(hidden_sizes=(8,)),
        CriticSettings(hidden_sizes=(8,)),
    )


@pytest.fixture(autouse=True)
def _counting_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ALGORITHMS", {**registry.ALGORITHMS, "counting": COUNTING})
    Gate.shut()
