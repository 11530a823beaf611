"""What a host program trains by is chosen by options, which are refused where they make no sense."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.dagger_training_settings import DAggerTrainingSettings
from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.command_line import HostSettings, add_training_options, read_settings
from host_sdk.host_program.rollout_options import add_rollout_options
from host_sdk.host_program.training_method import add_method_options, method_settings
from host_sdk.mock_engine.__main__ import ARENA_SETTINGS
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.ppo_training_settings import PPOTrainingSettings
from protocol.policy_settings import PolicySettings


def _settings(*arguments: str) -> HostSettings:
    parser = argparse.ArgumentParser()
    for add in (add_training_options, add_rollout_options, add_method_options):
        add(parser)
    options = parser.parse_args(arguments)
    return read_settings(options, method_settings(options, ARENA_SETTINGS))


def test_rewards_are_the_default() -> None:
    training = _settings("--set", "learning_rate=0.5").training
    assert isinstance(training, PPOTrainingSettings)
    assert (training.learning_rate, training.minibatch_size) == (0.5, 512)


def test_dagger_asks_for_its_own_settings() -> None:
    arguments = ("--method", "dagger", "--expert", "scripted", "--set", "rounds=3", "--seed", "7")
    training = _settings(*arguments).training
    assert isinstance(training, DAggerTrainingSettings)
    assert training.to_wire() == {"rounds": 3, "seed": 7}


def test_an_adversary_keeps_the_worlds_settings_of_ppo() -> None:
    training = _settings("--method", "gail", "--recording", "a.lbr", "--set", "reward_form=logit").training
    assert isinstance(training, AdversarialTrainingSettings)
    assert (training.reward_form, training.minibatch_size) == ("logit", 512)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "dagger"), "expected who corrects the learner"),
        (("--method", "airl"), "expected what airl imitates"),
        (("--recording", "a.lbr"), "expected --method dagger, gail or airl with it"),
        (("--method", "dagger", "--expert", "scripted", "--total-steps", "5"), "--set total_steps"),
        (("--method", "gail", "--recording", "a.lbr", "--set", "rounds=3"), "--set rounds: expected one of"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidSettingsError, match=message):
        _settings(*arguments)


def test_a_policy_to_start_from_brings_its_networks_settings(tmp_path: Path) -> None:
    settings = PolicySettings(hidden_sizes=(24,), activation="relu", seed=5)
    MockEngine(MockEngineSettings(agent_count=1, policy=settings)).policy.save_policy(tmp_path / "a.lbp")
    found = _settings("--start-from", str(tmp_path / "a.lbp")).policy
    assert (found.hidden_sizes, found.activation, found.seed) == ((24,), "relu", 5)
