"""Policy and critic settings refuse what is out of range, by path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from protocol.errors import SchemaError
from protocol.policy_settings import CriticSettings, PolicySettings
from tests.strategies import critic_settings, policy_settings


@given(policy_settings())
def test_policy_settings_survive_the_wire_and_json(settings: PolicySettings) -> None:
    assert PolicySettings.from_wire(json.loads(json.dumps(settings.to_wire()))) == settings


@given(critic_settings())
def test_critic_settings_survive_the_wire_and_json(settings: CriticSettings) -> None:
    assert CriticSettings.from_wire(json.loads(json.dumps(settings.to_wire()))) == settings


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"hidden_sizes": [0]}, "$.hidden_sizes[0]"),
        ({"hidden_sizes": [8, True]}, "$.hidden_sizes[1]"),
        ({"hidden_sizes": [9000]}, "$.hidden_sizes[0]"),
        ({"hidden_sizes": [4] * 17}, "$.hidden_sizes"),
        ({"hidden_sizes": 128}, "$.hidden_sizes"),
        ({"activation": "gelu"}, "$.activation"),
        ({"activation": ["tanh"]}, "$.activation"),
        ({"normalize_observations": 1}, "$.normalize_observations"),
        ({"state_dependent_log_std": None}, "$.state_dependent_log_std"),
        ({"normalizer_clip": 0}, "$.normalizer_clip"),
        ({"normalizer_clip": float("nan")}, "$.normalizer_clip"),
        ({"log_std_min": -21}, "$.log_std_min"),
        ({"log_std_max": -6}, "$.log_std_max"),
        ({"initial_log_std": 3}, "$.initial_log_std"),
        ({"initial_action_scale": -1}, "$.initial_action_scale"),
        ({"seed": -1}, "$.seed"),
        ({"seed": 1.0}, "$.seed"),
        ({"learning_rate": 1}, "$.learning_rate"),
    ],
)
def test_wrong_setting_is_refused_by_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SchemaError) as raised:
        PolicySettings.from_wire({**PolicySettings().to_wire(), **change})
    assert raised.value.path == path


def test_missing_setting_and_wrong_container_are_refused() -> None:
    wire = CriticSettings().to_wire()
    del wire["activation"]
    with pytest.raises(SchemaError, match=r"\$\.activation"):
        CriticSettings.from_wire(wire)
    with pytest.raises(SchemaError, match="dict"):
        CriticSettings.from_wire([])


def test_numbers_are_kept_as_floats() -> None:
    assert repr(PolicySettings(normalizer_clip=5)) == repr(PolicySettings(normalizer_clip=5.0))
