"""What a host may ask of a trainer has the trainer's own names."""

from __future__ import annotations

from dataclasses import fields

import pytest

from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.dagger_training_settings import DAggerTrainingSettings
from host_sdk.imitation_training_settings import ImitationTrainingSettings
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.training_settings import TrainingSettings
from trainer_process.algorithms.airl.settings import AIRLSettings
from trainer_process.algorithms.base import AlgorithmSettings
from trainer_process.algorithms.bc.settings import BCSettings
from trainer_process.algorithms.dagger.settings import DAggerSettings
from trainer_process.algorithms.gail.settings import GAILSettings
from trainer_process.algorithms.ppo.settings import PPOSettings


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (PPOTrainingSettings, PPOSettings),
        (ImitationTrainingSettings, BCSettings),
        (DAggerTrainingSettings, DAggerSettings),
    ],
)
def test_hosts_and_trainers_have_the_same_settings(
    ours: type[TrainingSettings], theirs: type[AlgorithmSettings]
) -> None:
    assert sorted(field.name for field in fields(ours)) == sorted(theirs.model_fields)


@pytest.mark.parametrize("settings", [PPOTrainingSettings, ImitationTrainingSettings, DAggerTrainingSettings])
def test_what_a_host_does_not_set_is_the_trainer_s_to_decide(settings: type[TrainingSettings]) -> None:
    assert settings().to_wire() == {}
    assert all(field.default is None for field in fields(settings))


def test_one_class_of_a_host_has_the_settings_of_both_adversarial_methods() -> None:
    theirs = {*GAILSettings.model_fields, *AIRLSettings.model_fields}
    assert {field.name for field in fields(AdversarialTrainingSettings)} == theirs
    assert AdversarialTrainingSettings().to_wire() == {}


def test_only_what_was_set_is_sent() -> None:
    assert PPOTrainingSettings(epochs=3, unreal={"action_entropy_weight": 1.0}).to_wire() == {
        "epochs": 3,
        "unreal": {"action_entropy_weight": 1.0},
    }
