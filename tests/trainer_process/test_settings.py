from __future__ import annotations

import pytest

from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.registry import make_algorithm
from trainer_process.errors import SettingsError


def refused(values: dict[str, object]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        PPOSettings.validated(values, "$.settings")
    return caught.value


def test_settings_that_are_not_given_take_their_defaults():
    settings = PPOSettings.validated({"learning_rate": 1e-3})
    assert (settings.learning_rate, settings.epochs, settings.clip_range) == (1e-3, 10, 0.2)


def test_an_unknown_setting_is_named_with_the_known_ones():
    error = refused({"lerning_rate": 1e-3})
    assert error.path == "$.settings.lerning_rate"
    assert "learning_rate" in error.expected
    assert error.received == "the unknown setting 'lerning_rate'"


def test_a_value_out_of_range_is_named_with_what_was_expected():
    error = refused({"gae_lambda": 1.5})
    assert (error.path, error.expected, error.received) == (
        "$.settings.gae_lambda",
        "less than or equal to 1",
        "1.5",
    )


def test_a_value_of_another_type_is_named():
    error = refused({"epochs": "many"})
    assert error.path == "$.settings.epochs"
    assert "integer" in error.expected
    assert error.received == "'many'"


def test_nested_settings_are_named_by_their_path():
    error = refused({"unreal": {"minimum": 0.0}})
    assert error.path == "$.settings.unreal.minimum"
    assert "minimum_advantage" in error.expected


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(value):
    assert refused({"learning_rate": value}).path == "$.settings.learning_rate"


def test_choices_are_listed():
    error = refused({"objective": "trpo"})
    assert error.expected == "'clipped' or 'unreal'"


def test_settings_that_contradict_each_other_are_refused():
    error = refused({"synchronous": True, "decoupled_objective": True})
    assert error.expected == "decoupled_objective only with synchronous = false"


def test_settings_cannot_be_changed():
    settings = PPOSettings()
    with pytest.raises(ValueError, match="frozen"):
        settings.epochs = 3  # type: ignore[misc]


def test_plain_settings_make_the_same_settings_again():
    settings = PPOSettings.validated({"target_kl": 0.02, "unreal": {"maximum_advantage": 5.0}})
    assert PPOSettings.validated(settings.to_plain()) == settings


def test_an_unknown_algorithm_is_named_with_the_known_ones(behavior_spec):
    with pytest.raises(SettingsError, match=r"\$\.trainer_type: expected one of the algorithms .*ppo.*, got 'dreamer'"):
        make_algorithm(behavior_spec, "dreamer", {})
