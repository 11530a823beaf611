"""Options of host programs become settings, or an error that names the option."""

from __future__ import annotations

import argparse
import json

import pytest

from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.command_line import HostSettings, add_training_options, agent_count, read_settings
from protocol.endpoint import RUN_SETTINGS_VARIABLE


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


def test_networks_are_as_the_run_has_them_unless_an_option_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = {
        "policy_settings": {"hidden_sizes": [8], "activation": "relu"},
        "critic_settings": {"activation": "elu"},
    }
    run = {"behaviors": {"Walker": networks}, "deterministic": True}
    monkeypatch.setenv(RUN_SETTINGS_VARIABLE, json.dumps(run))
    walker = _settings("--behavior", "Walker", "--set", "policy.activation=tanh")
    assert (walker.policy.hidden_sizes, walker.policy.activation, walker.critic.activation) == ((8,), "tanh", "elu")
    assert walker.action_noise_scale == 0.0
    assert _settings().policy.hidden_sizes == HostSettings().policy.hidden_sizes


@pytest.mark.parametrize(
    ("arguments", "area_count", "expected"),
    [((), 1, 8), ((), 5, 5), (("--agents", "3"), 5, 3), (("--agents", "1"), 5, 1)],
)
def test_training_areas_are_agents_where_their_number_is_not_typed(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], area_count: int, expected: int
) -> None:
    monkeypatch.setenv(RUN_SETTINGS_VARIABLE, json.dumps({"num_areas": area_count}))
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", type=int)
    assert agent_count(parser.parse_args(arguments), 8) == expected


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
