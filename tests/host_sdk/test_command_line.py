"""Options of host programs become settings, or an error that names the option."""

from __future__ import annotations

import argparse

import pytest

from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.command_line import HostSettings, add_training_options, read_settings


def _settings(*arguments: str) -> HostSettings:
    parser = argparse.ArgumentParser()
    add_training_options(parser)
    return read_settings(parser.parse_args(arguments))


def test_settings_reach_the_trainer_the_policy_and_the_critic() -> None:
    settings = _settings(
        *("--total-steps", "5000", "--sync", "--seed", "7"),
        *("--set", "learning_rate=3e-4", "--set", "learning_rate_schedule=linear"),
        *("--set", "policy.hidden_sizes=[64, 32]", "--set", "critic.activation=relu"),
    )
    assert settings.training.to_wire() == {
        "total_steps": 5000,
        "synchronous": True,
        "learning_rate": 3e-4,
        "learning_rate_schedule": "linear",
        "seed": 7,
    }
    assert settings.policy.hidden_sizes == (64, 32)
    assert settings.policy.seed == 7
    assert settings.critic.activation == "relu"


def test_what_is_not_asked_for_is_left_to_the_trainer() -> None:
    assert _settings().training.to_wire() == {"seed": 0}


def test_an_assignment_goes_before_the_option_of_the_same_meaning() -> None:
    assert _settings("--seed", "1", "--set", "seed=9").training.seed == 9


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("learning_rate", "expected NAME=VALUE"),
        ("learning_rat=1", r"--set learning_rat: expected one of .*learning_rate"),
        ("policy.depth=1", r"--set policy\.depth: expected one of .*hidden_sizes"),
        ("policy.activation=swish", r"--set policy\.activation: expected one of .*got 'swish'"),
        ("policy=3", r"policy"),
        (".x=1", "expected NAME=VALUE"),
    ],
)
def test_a_wrong_assignment_is_refused_by_its_name(assignment: str, message: str) -> None:
    with pytest.raises(InvalidSettingsError, match=message):
        _settings("--set", assignment)
