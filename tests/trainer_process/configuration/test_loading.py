"""What stands over what: defaults, default_settings, behaviors, and what was typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainer_process.configuration.configured import configuration, problem, problems
from trainer_process.configuration import load_configuration
from trainer_process.configuration.behavior import PPOBehavior
from trainer_process.configuration.sampler import sampler_to_wire


def walker(text: str, typed: dict[str, object] | None = None) -> PPOBehavior:
    behavior = configuration(text, typed).behaviors["Walker"]
    assert isinstance(behavior, PPOBehavior)
    return behavior


def test_without_a_file_all_is_as_by_default() -> None:
    made = load_configuration(None)
    assert made.path is None
    assert made.behaviors == {}
    assert made.env_settings.timeout_wait == 60
    assert set(made.sources.values()) == {"default"}
    assert not made.is_named("env_settings.seed")


def test_the_defaults_are_those_of_ml_agents() -> None:
    made = walker("behaviors: {Walker: {}}")
    assert made.max_steps == 500_000
    assert (made.time_horizon, made.summary_freq, made.checkpoint_interval, made.keep_checkpoints) == (
        64,
        50_000,
        500_000,
        5,
    )
    parameters = made.hyperparameters
    assert (parameters.batch_size, parameters.buffer_size, parameters.learning_rate) == (1024, 10240, 3e-4)
    assert (parameters.beta, parameters.epsilon, parameters.lambd, parameters.num_epoch) == (5e-3, 0.2, 0.95, 3)
    assert made.reward_signals.extrinsic is not None
    assert made.reward_signals.extrinsic.gamma == 0.99
    assert (made.network_settings.hidden_units, made.network_settings.num_layers) == (128, 2)


def test_default_settings_lie_beneath_every_behavior_mapping_by_mapping() -> None:
    made = configuration(
        """
        default_settings:
          trainer_type: ppo
          max_steps: 7
          hyperparameters: {batch_size: 96, beta: 0.1}
          network_settings: {memory: {memory_size: 64}}
        behaviors:
          Walker:
            hyperparameters: {beta: 0.2}
            network_settings: {memory: null}
          Runner: {max_steps: 9}
        """
    )
    first, second = made.behaviors["Walker"], made.behaviors["Runner"]
    assert isinstance(first, PPOBehavior)
    assert (first.max_steps, second.max_steps) == (7, 9)
    assert (first.hyperparameters.batch_size, first.hyperparameters.beta) == (96, 0.2)
    assert first.network_settings.memory is None
    assert second.network_settings.memory is not None
    assert made.sources["behaviors.Walker.max_steps"] == "config.yaml:4"
    assert made.sources["behaviors.Runner.max_steps"] == "config.yaml:11"
    assert made.sources["behaviors.Runner.time_horizon"] == "default"


def test_what_default_settings_say_of_one_kind_of_trainer_says_nothing_of_another() -> None:
    made = configuration(
        """
        default_settings: {trainer_type: ppo, max_steps: 7, hyperparameters: {beta: 0.1}}
        behaviors: {Walker: {trainer_type: bc, hyperparameters: {num_epoch: 3}}}
        """
    )
    assert made.behaviors["Walker"].max_steps == 7


def test_what_was_typed_wins_and_its_source_is_the_command_line() -> None:
    made = configuration("env_settings: {seed: 3}", {"env_settings.seed": 4, "checkpoint_settings.run_id": "second"})
    assert (made.seed, made.checkpoint_settings.run_id) == (4, "second")
    assert made.sources["env_settings.seed"] == made.sources["checkpoint_settings.run_id"] == "command line"


def test_what_is_typed_for_every_behavior_reaches_each_and_default_settings() -> None:
    typed = {"behaviors.*.network_settings.deterministic": True}
    made = configuration("default_settings: {}\nbehaviors: {A: {}, B: {}}", typed)
    assert made.default_settings is not None
    everyone = [made.default_settings, *made.behaviors.values()]
    assert [each.network_settings.deterministic for each in everyone] == [True] * 3
    assert made.sources["behaviors.A.network_settings.deterministic"] == "command line"
    assert load_configuration(None, typed).host_settings()["deterministic"] is True


def test_what_was_typed_in_no_form_is_told() -> None:
    assert "env_settings.num_envs" in problem("debug: true", {"env_settings[": 3})


@pytest.mark.parametrize(
    ("given", "beta", "epsilon"),
    [
        ("", "linear", "linear"),
        ("learning_rate_schedule: constant", "constant", "constant"),
        ("learning_rate_schedule: constant, beta_schedule: linear", "linear", "constant"),
        ("epsilon_schedule: constant", "linear", "constant"),
    ],
)
def test_schedules_follow_that_of_the_learning_rate_where_only_that_is_given(
    given: str, beta: str, epsilon: str
) -> None:
    parameters = walker(f"behaviors: {{Walker: {{trainer_type: ppo, hyperparameters: {{{given}}}}}}}").hyperparameters
    assert (parameters.beta_schedule, parameters.epsilon_schedule) == (beta, epsilon)


def test_a_schedule_of_a_behavior_is_followed_over_that_of_default_settings() -> None:
    text = """
        default_settings: {trainer_type: ppo, hyperparameters: {learning_rate_schedule: constant}}
        behaviors: {Walker: {hyperparameters: {learning_rate_schedule: linear}}}
    """
    assert walker(text).hyperparameters.beta_schedule == "linear"


def test_even_checkpoints_lie_max_steps_over_keep_checkpoints_apart() -> None:
    made = walker("behaviors: {Walker: {max_steps: 1000, keep_checkpoints: 3, even_checkpoints: true}}")
    assert made.checkpoint_interval == 333
    assert walker("behaviors: {Walker: {even_checkpoints: true}}").checkpoint_interval == 100_000


def test_in_one_place_resume_wins_over_initialize_from() -> None:
    made = configuration("checkpoint_settings: {resume: true, initialize_from: old}")
    assert made.checkpoint_settings.resume
    assert made.checkpoint_settings.initialize_from is None
    assert "it gives way to checkpoint_settings.resume" in made.warnings[0]


def test_what_was_typed_of_the_start_wins_over_the_file() -> None:
    file = "checkpoint_settings: {resume: true}"
    made = configuration(file, {"checkpoint_settings.initialize_from": "old"}).checkpoint_settings
    assert (made.resume, made.initialize_from) == (False, "old")
    file = "checkpoint_settings: {initialize_from: old}"
    made = configuration(file, {"checkpoint_settings.resume": True}).checkpoint_settings
    assert (made.resume, made.initialize_from) == (True, None)
    both = {"checkpoint_settings.resume": True, "checkpoint_settings.initialize_from": "old"}
    assert configuration("", both).checkpoint_settings.initialize_from is None


def test_load_model_is_the_old_name_of_resume() -> None:
    assert configuration("checkpoint_settings: {load_model: true}").checkpoint_settings.resume


def test_samplers_without_a_seed_get_the_run_s_one_after_the_other() -> None:
    made = configuration(
        """
        env_settings: {seed: 100}
        environment_parameters:
          a: 1.5
          b: {sampler_type: uniform, sampler_parameters: {max_value: 3}}
          c: {sampler_type: gaussian, sampler_parameters: {seed: 5}}
          d:
            curriculum:
              - {name: one, value: {sampler_type: multirangeuniform}, completion_criteria: {behavior: X}}
              - {name: two, value: 2}
        """
    )
    parameters = {name: value for name, value in made.environment_parameters.items() if name != "d"}
    assert [sampler_to_wire(value) for value in parameters.values()] == [
        {"sampler_type": "constant", "value": 1.5},
        {"sampler_type": "uniform", "min_value": 0.0, "max_value": 3.0, "seed": 101},
        {"sampler_type": "gaussian", "mean": 1.0, "st_dev": 1.0, "seed": 5},
    ]
    first = made.environment_parameters["d"].curriculum[0]
    assert sampler_to_wire(first.value) == {
        "sampler_type": "multirangeuniform",
        "intervals": [[0.0, 1.0]],
        "seed": 102,
    }
    assert made.sources["environment_parameters.b.sampler_parameters.seed"] == "run seed"


def test_a_lesson_that_others_follow_needs_completion_criteria() -> None:
    found = problem("environment_parameters: {g: {curriculum: [{name: a, value: 1}, {name: b, value: 2}]}}")
    assert found.startswith("config.yaml:1:43: $.environment_parameters.g.curriculum[0].completion_criteria: expected")
    assert "lesson 'a' is completed" in found


def test_completion_criteria_of_the_last_lesson_are_of_no_effect_and_told() -> None:
    text = "environment_parameters: {g: {curriculum: [{name: a, value: 1, completion_criteria: {behavior: W}}]}}"
    (warning,) = configuration(text).warnings
    assert "curriculum[0].completion_criteria: it is of no effect, since no lesson follows" in warning


def test_a_behavior_of_a_criterion_that_nobody_trains_is_an_error() -> None:
    lessons = "[{name: a, value: 1, completion_criteria: {behavior: Wlker}}, {name: b, value: 2}]"
    text = f"behaviors: {{Walker: {{}}}}\nenvironment_parameters: {{g: {{curriculum: {lessons}}}}}"
    found = problem(text)
    assert "completion_criteria.behavior: expected one of the behaviors Walker, got 'Wlker'" in found
    assert found.endswith("did you mean Walker?")
    assert configuration(f"default_settings: {{}}\n{text}").behaviors


def test_progress_is_a_share() -> None:
    criteria = "{behavior: W, measure: progress, threshold: 20}"
    lessons = f"[{{name: a, value: 1, completion_criteria: {criteria}}}, {{name: b, value: 2}}]"
    assert "threshold in 0..1" in problem(f"environment_parameters: {{g: {{curriculum: {lessons}}}}}")


def test_hyperparameters_without_a_trainer_type_are_ppo_s() -> None:
    """ML-Agents wants it beside them, and has ppo for the default nevertheless."""
    assert walker("behaviors: {Walker: {hyperparameters: {beta: 0.1}}}").hyperparameters.beta == 0.1


def test_a_memory_is_even_and_its_sequence_no_longer_than_a_minibatch() -> None:
    text = (
        "behaviors: {{W: {{trainer_type: ppo, hyperparameters: {{batch_size: 32}}, network_settings: {{memory: {}}}}}}}"
    )
    assert "an even memory_size" in problem(text.format("{memory_size: 33}"))
    assert "memory.sequence_length: expected at most batch_size (32), got 64" in problem(text.format("{}"))


def test_one_mode_holds_for_all_behaviors() -> None:
    (found,) = problems("behaviors: {A: {network_settings: {deterministic: true}}, B: {}}")
    assert "deterministic: expected the same for all behaviors" in found


def test_a_file_is_read_from_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "walker.yaml"
    path.write_text("behaviors: {Walker: {max_steps: 5e5}}", encoding="utf-8")
    made = load_configuration(path)
    assert made.path == path
    assert made.sources["behaviors.Walker.max_steps"] == "walker.yaml:1"
