"""All problems come in one go, each with its place, its path and the nearest right thing."""

from __future__ import annotations

import pytest

from tests.trainer_process.configuration.configured import problem, problems
from trainer_process.configuration.renamed_key import DROPPED_KEYS, RENAMED_KEYS
from trainer_process.configuration.validation import known_keys


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    found = problems(
        """
        behaviors:
          Walker:
            trainer_type: ppo
            hyperparameters:
              batchsize: 3
              buffer_size: 2.5
              learning_rate_schedule: linar
        env_settings:
          seed: many
        """
    )
    assert found == [
        "config.yaml:6:7: $.behaviors.Walker.hyperparameters.batchsize: expected one of batch_size, beta, "
        "beta_schedule, buffer_size, epsilon, epsilon_schedule, lambd, learning_rate, learning_rate_schedule, "
        "num_epoch, shared_critic, got the unknown key 'batchsize'; did you mean batch_size?",
        "config.yaml:7:20: $.behaviors.Walker.hyperparameters.buffer_size: expected a whole number, got 2.5",
        "config.yaml:8:31: $.behaviors.Walker.hyperparameters.learning_rate_schedule: expected 'constant' or 'linear', "
        "got 'linar'; did you mean linear?",
        "config.yaml:10:9: $.env_settings.seed: expected a whole number, got 'many'",
    ]


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("Behaviors: {}", "$.Behaviors", "did you mean behaviors?"),
        ("behaviors: {W: {gamma: 1}}", "$.behaviors.W.gamma", "it belongs in behaviors.NAME.reward_signals.extrinsic"),
        ("behaviors: {W: {batch_size: 1}}", "$.behaviors.W.batch_size", "it belongs in behaviors.NAME.hyperparameters"),
        ("behaviors: {W: {time_scale: 1}}", "$.behaviors.W.time_scale", "it belongs in engine_settings"),
        ("behaviors: {W: {hidden_units: 1}}", "$.behaviors.W.hidden_units", "it belongs in behaviors.NAME.network_set"),
        ("behaviors: {W: {trainer: ppo}}", "$.behaviors.W.trainer", "write trainer_type"),
        ("behaviors: {W: {framework: pytorch}}", "$.behaviors.W.framework", "leave it out: ML-Agents has dropped it"),
        ("curriculum: {W: {}}", "$.curriculum", "it belongs in environment_parameters.NAME"),
        ("parameter_randomization: {}", "$.parameter_randomization", "write environment_parameters"),
        ("behaviors: {W: {trainer_type: pop}}", "$.behaviors.W.trainer_type", "did you mean ppo?"),
        ("behaviors: {W: 3}", "$.behaviors.W", "expected a mapping, got 3"),
        ("behaviors: {W: {max_steps: 0}}", "$.behaviors.W.max_steps", "a number greater than or equal to 1, got 0"),
        ("behaviors: {W: {max_steps: yes}}", "$.behaviors.W.max_steps", "a whole number, got true"),
        ("behaviors: {W: {threaded: 1}}", "$.behaviors.W.threaded", "true or false, got 1"),
        ("behaviors: [W]", "$.behaviors", "a mapping, got ['W']"),
        ("torch_settings: {device: mps}", "$.torch_settings.device", "cpu, cuda or cuda:1, got 'mps'"),
        ("env_settings: {num_envs: 2}", "$.env_settings", "num_envs of 1 without env_path"),
        ("engine_settings: {time_scale: .inf}", "$.engine_settings.time_scale", "a finite number"),
        ("environment_parameters: {g: x}", "$.environment_parameters.g", "a number, got 'x'"),
        ("environment_parameters: {g: {}}", "$.environment_parameters.g.sampler_type", "got none"),
        (
            "environment_parameters: {g: {sampler_type: unform}}",
            "$.environment_parameters.g.sampler_type",
            "did you mean uniform?",
        ),
        (
            "environment_parameters: {g: {sampler_type: uniform, sampler_parameters: {min_value: 2}}}",
            "$.environment_parameters.g.sampler_parameters",
            "min_value of at most max_value",
        ),
        (
            "environment_parameters: {g: {sampler_type: multirangeuniform, "
            "sampler_parameters: {intervals: [[1, 2], [4, 3]]}}}",
            "$.environment_parameters.g.sampler_parameters",
            "intervals[1] with the lesser number first",
        ),
        (
            "environment_parameters: {g: {sampler_type: gaussian, sampler_parameters: {st_dev: -1}}}",
            "$.environment_parameters.g.sampler_parameters.st_dev",
            "a number greater than or equal to 0",
        ),
        ("environment_parameters: {g: {curriculum: []}}", "$.environment_parameters.g.curriculum", "at least one"),
        (
            "environment_parameters: {g: {curriculum: [{value: 1}]}}",
            "$.environment_parameters.g.curriculum[0].name",
            "a value, since it has no default, got nothing",
        ),
    ],
)
def test_a_problem_names_its_path_and_what_to_do(text: str, path: str, words: str) -> None:
    found = problem(text)
    assert f": {path}: expected " in found
    assert words in found


def test_what_is_typed_is_told_as_the_command_line_s() -> None:
    found = problem("debug: true", {"env_settings.num_areas": 0})
    assert found == "command line: $.env_settings.num_areas: expected a number greater than or equal to 1, got 0"


def test_what_behaviors_have_from_default_settings_is_told_once() -> None:
    text = "default_settings: {hidden: 3}\nbehaviors: {A: {}, B: {}}"
    assert problem(text).startswith("config.yaml:1:20: $.default_settings.hidden:")


def test_a_quoted_number_is_a_number_and_a_number_may_be_a_name() -> None:
    found = problems("behaviors: {W: {max_steps: '5e5', init_path: 7, time_horizon: 'x'}}")
    assert found == ["config.yaml:1:63: $.behaviors.W.time_horizon: expected a whole number, got 'x'"]


def test_no_key_of_the_tables_is_one_that_is_known() -> None:
    assert not {*RENAMED_KEYS, *DROPPED_KEYS} & known_keys()
