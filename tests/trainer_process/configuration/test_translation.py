"""ML-Agents' names are ours in one table, which leaves none of them out, and what they mean is kept."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.trainer_process.configuration.configured import configuration, problem
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.registry import ALGORITHMS
from trainer_process.configuration.behavior import PPOBehavior
from trainer_process.configuration.network import MemorySettings
from trainer_process.configuration.refusal import OF_BEHAVIORS
from trainer_process.configuration.reward_signal import ExtrinsicSettings
from trainer_process.configuration.translation import (
    DIALECT_DEFAULTS,
    KEPT_BY_THE_RUN,
    TOLD_TO_HOSTS,
    TRANSLATIONS,
    UNREACHABLE,
    translate,
)
from trainer_process.errors import SettingsError
from trainer_process.start_settings import StartSettings

OWN = {"settings", "policy_settings", "critic_settings"}


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    """Every key of a behavior that holds a value, by its dotted path."""
    inner: dict[str, type[BaseModel]] = {"memory": MemorySettings, "extrinsic": ExtrinsicSettings}
    found = set()
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        kind = field.annotation
        below = inner.get(name) or (kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None)
        found |= keys(below, f"{path}.") if below is not None else {path}
    return found


def test_every_key_of_a_behavior_is_translated_or_goes_elsewhere() -> None:
    translated = {path for each in TRANSLATIONS["ppo"] for path in each.theirs} - {"network_settings.memory"}
    elsewhere = {*KEPT_BY_THE_RUN, *TOLD_TO_HOSTS, *UNREACHABLE, *OWN}
    assert keys(PPOBehavior) == translated | elsewhere
    assert not translated & elsewhere


def test_what_can_not_be_reached_is_refused_or_told() -> None:
    assert UNREACHABLE - {"reward_signals.extrinsic.network_settings"} <= set(OF_BEHAVIORS)


@pytest.mark.parametrize("kind", sorted(TRANSLATIONS))
def test_what_names_are_translated_to_exists(kind: str) -> None:
    known = set(ALGORITHMS[kind].settings_class.model_fields)
    ours = {name.removeprefix("settings.") for each in TRANSLATIONS[kind] for name in each.ours if "settings." in name}
    assert {name for name in ours if "_settings." not in name} <= known
    assert set(DIALECT_DEFAULTS) <= set(PPOSettings.model_fields)
    assert set(TRANSLATIONS) == set(ALGORITHMS)


WHOLE = """
behaviors:
  Walker:
    trainer_type: ppo
    max_steps: 3e6
    time_horizon: 900
    summary_freq: 20000
    checkpoint_interval: 40000
    keep_checkpoints: 7
    threaded: true
    init_path: results/old/Walker
    hyperparameters:
      batch_size: 256
      buffer_size: 4096
      learning_rate: 2e-4
      learning_rate_schedule: constant
      beta: 0.01
      beta_schedule: linear
      epsilon: 0.3
      epsilon_schedule: linear
      lambd: 0.9
      num_epoch: 5
    network_settings:
      normalize: true
      hidden_units: 96
      num_layers: 3
      memory: {memory_size: 64, sequence_length: 32}
    reward_signals: {extrinsic: {gamma: 0.98, strength: 2.0}}
torch_settings: {device: "cuda:1"}
env_settings: {seed: 9}
"""


def test_a_whole_behavior_is_what_its_names_mean() -> None:
    start = configuration(WHOLE).start_settings("Walker", StartSettings(), {})
    assert start.overrides == {
        "total_steps": 3_000_000,
        "time_horizon": 900,
        "synchronous": False,
        "minibatch_size": 256,
        "steps_per_update": 4096,
        "learning_rate": 2e-4,
        "learning_rate_schedule": "constant",
        "entropy_coefficient": 0.01,
        "entropy_coefficient_schedule": "linear",
        "clip_range": 0.3,
        "clip_range_schedule": "linear",
        "gae_lambda": 0.9,
        "epochs": 5,
        "memory_window": 32,
        "discount_factor": 0.98,
        "reward_strength": 2.0,
        "device": "cuda:1",
        "seed": 9,
    }
    assert start.networks == {
        "policy_settings": {
            "normalize_observations": True,
            "hidden_sizes": [96, 96, 96],
            "memory_cell": "lstm",
            "memory_state_size": 32,
        },
        "critic_settings": {"hidden_sizes": [96, 96, 96]},
    }
    assert start.defaults == dict(DIALECT_DEFAULTS)
    assert (start.checkpoint_steps, start.kept_checkpoints, start.summary_steps) == (40_000, 7, 20_000)
    assert str(start.start_path) == "results/old/Walker"
    assert start.trainer_type == "ppo"
    assert start.override_sources["clip_range"] == "config.yaml:19"
    PPOSettings.validated({**start.defaults, **start.overrides})


def test_what_a_behavior_does_not_name_has_ml_agents_default_beneath_the_host_s_word() -> None:
    start = configuration("behaviors: {Walker: {}}").start_settings("Walker", StartSettings(), {})
    assert start.overrides == {}
    assert start.networks == {}
    settings = PPOSettings.validated(start.defaults)
    assert (settings.steps_per_update, settings.minibatch_size, settings.epochs) == (10_240, 1024, 3)
    assert (settings.learning_rate_schedule, settings.learning_rate_final) == ("linear", 1e-10)
    assert (settings.clip_range_schedule, settings.clip_range_final) == ("linear", 0.1)
    assert (settings.entropy_coefficient, settings.entropy_coefficient_final) == (5e-3, 1e-5)
    assert (settings.synchronous, settings.time_horizon, settings.advantage_batch) == (True, 64, "update")
    assert (settings.max_grad_norm, settings.value_clip_range) == (0.5, None)


def test_own_names_win_over_translated_ones_and_typed_ones_over_all() -> None:
    text = """
    behaviors:
      Walker:
        trainer_type: ppo
        hyperparameters: {batch_size: 64, num_epoch: 2}
        network_settings: {hidden_units: 32}
        settings: {minibatch_size: 128, epochs: 4, unreal: {action_entropy_weight: 0.5}}
        policy_settings: {hidden_sizes: [16], activation: relu}
    """
    made = configuration(text)
    start = made.start_settings("Walker", StartSettings(overrides={"target_kl": 0.1, "epochs": 1}), {"epochs": 9})
    assert start.overrides["minibatch_size"] == 128
    assert (start.overrides["epochs"], start.overrides["target_kl"]) == (9, 0.1)
    assert start.override_sources["minibatch_size"] == "config.yaml:7"
    assert start.override_sources["epochs"] == "command line"
    assert start.override_sources["unreal.action_entropy_weight"] == "config.yaml:7"
    assert start.networks["policy_settings"] == {"hidden_sizes": [16], "activation": "relu"}
    assert start.networks["critic_settings"] == {"hidden_sizes": [32, 32]}


def test_naming_the_layers_or_their_size_names_both() -> None:
    made = configuration("behaviors: {W: {network_settings: {num_layers: 1}}}").translated("W")
    assert made is not None
    assert made.networks["policy_settings"] == {"hidden_sizes": [128]}


def test_no_memory_is_asked_for_only_where_it_is_named() -> None:
    def cell(text: str) -> object:
        made = configuration(f"behaviors: {{W: {{network_settings: {{{text}}}}}}}").translated("W")
        assert made is not None
        return made.networks.get("policy_settings", {}).get("memory_cell"), made.overrides.get("memory_window")

    assert cell("") == (None, None)
    assert cell("memory: null") == ("none", None)
    assert cell("memory: {}") == ("lstm", 64)


def test_a_memory_without_numbers_has_those_of_ml_agents() -> None:
    made = configuration("behaviors: {W: {network_settings: {memory: {}}}}").translated("W")
    assert made is not None
    assert made.networks["policy_settings"] == {"memory_cell": "lstm", "memory_state_size": 64}


def test_our_own_trainers_keep_our_own_defaults() -> None:
    text = """
    behaviors:
      A: {trainer_type: bc, hyperparameters: {batch_size: 32, num_epoch: 7}, settings: {patience: 3}}
      B: {trainer_type: dagger, hyperparameters: {num_epoch: 7}}
      C: {trainer_type: gail, max_steps: 1000, hyperparameters: {epsilon: 0.1}, settings: {label_smoothing: 0.1}}
    """
    made = configuration(text)
    starts = {name: made.start_settings(name, StartSettings(), {}) for name in "ABC"}
    assert starts["A"].overrides == {"minibatch_size": 32, "epochs": 7, "patience": 3}
    assert starts["B"].overrides == {"epochs_per_round": 7}
    assert starts["C"].overrides == {"total_steps": 1000, "clip_range": 0.1, "label_smoothing": 0.1}
    assert all(start.defaults == {} for start in starts.values())


def test_what_a_trainer_has_no_use_for_is_told() -> None:
    found = problem("behaviors: {A: {trainer_type: bc, max_steps: 5}}")
    assert "$.behaviors.A.max_steps: expected nothing there with trainer_type: bc" in found


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("settings: {minibatchsize: 3}", "$.behaviors.W.settings.minibatchsize: expected one of the settings"),
        ("settings: {epochs: 0}", "$.behaviors.W.settings.epochs: expected a number greater than or equal to 1, got 0"),
        ("settings: {unreal: {a: 1}}", "$.behaviors.W.settings.unreal.a: expected"),
        ("settings: {decoupled_objective: true}", "$.behaviors.W.settings: expected decoupled_objective only with"),
        ("policy_settings: {activation: swish}", "$.behaviors.W.policy_settings.activation: expected one of"),
        ("policy_settings: {hidden: [3]}", "$.behaviors.W.policy_settings.hidden: expected one of"),
        ("policy_settings: {hidden_sizes: {a: 3}}", "$.behaviors.W.policy_settings.hidden_sizes: expected"),
        ("critic_settings: {hidden_sizes: [0]}", "$.behaviors.W.critic_settings.hidden_sizes: expected"),
    ],
)
def test_own_settings_are_checked_as_the_others_are(inner: str, words: str) -> None:
    found = problem(f"behaviors: {{W: {{{inner}}}}}")
    assert found.startswith("config.yaml:1:")
    assert words in found


def test_a_behavior_that_the_file_has_not_is_refused_with_those_that_it_has() -> None:
    made = configuration("behaviors: {Walker: {}, Runner: {}}")
    with pytest.raises(SettingsError, match=r"expected one of the behaviors Walker, Runner .* got 'Jumper'"):
        made.start_settings("Jumper", StartSettings(), {})


def test_without_behaviors_all_is_left_to_hosts_but_what_was_typed() -> None:
    base = StartSettings(checkpoint_interval=3, torch_threads=2)
    typed: dict[str, Any] = {"env_settings.seed": 5, "behaviors.*.network_settings.deterministic": True}
    start = configuration("", typed).start_settings("Any", base, {"epochs": 2})
    assert start.overrides == {"seed": 5, "epochs": 2}
    assert (start.defaults, start.trainer_type, start.networks) == ({}, "", {})
    assert (start.checkpoint_interval, start.torch_threads, start.checkpoint_steps) == (3, 2, 0)


def test_default_settings_say_how_others_are_trained() -> None:
    made = configuration("default_settings: {max_steps: 5}\nbehaviors: {Walker: {}}")
    assert made.start_settings("Any", StartSettings(), {}).overrides == {"total_steps": 5}


def test_a_run_that_only_plays_or_starts_from_another_is_told_so() -> None:
    made = configuration("checkpoint_settings: {inference: true}").start_settings("W", StartSettings(), {})
    assert (made.learns, made.resume) == (False, True)
    made = configuration("checkpoint_settings: {initialize_from: old, results_dir: kept}").start_settings(
        "W", StartSettings(), {}
    )
    assert made.start_path is not None
    assert made.start_path.parts[-3:] == ("kept", "old", "W")


def test_nothing_is_named_in_a_behavior_that_was_made_by_hand() -> None:
    translated = translate(PPOBehavior(), {})
    assert translated.overrides == {}
    assert translated.defaults["steps_per_update"] == 10_240
