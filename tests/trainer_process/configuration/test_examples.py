"""Twelve files after ML-Agents' own examples: each loads and is shown, or is refused by exactly what it asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from host_sdk.run_settings import RunSettings
from tests.trainer_process.configuration.configured import FILES
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.registry import algorithm_entry
from trainer_process.configuration import ConfigurationError, RunConfiguration, lessons_of, load_configuration
from trainer_process.configuration.document import parse_document
from trainer_process.configuration.loading import resolved_configuration
from trainer_process.configuration.report import report
from trainer_process.configuration.sampler import sampler_to_wire
from trainer_process.start_settings import StartSettings

REFUSED = {
    "pyramids": {
        "$.behaviors.Pyramids.reward_signals.rnd": 18,
        "$.behaviors.Pyramids.reward_signals.gail": 21,
        "$.behaviors.Pyramids.reward_signals.curiosity": 24,
        "$.behaviors.Pyramids.behavioral_cloning": 26,
    },
    "soccer": {"$.behaviors.SoccerTwos.trainer_type": 4, "$.behaviors.SoccerTwos.self_play": 16},
    "worm_sac": {
        "$.behaviors.Worm.trainer_type": 4,
        "$.behaviors.Worm.hyperparameters.reward_signal_num_update": 15,
    },
}
LOADABLE = sorted(path.stem for path in FILES.glob("*.yaml") if path.stem not in REFUSED)


def load(name: str) -> RunConfiguration:
    return load_configuration(FILES / f"{name}.yaml")


def ppo_of(name: str, behavior: str) -> PPOSettings:
    start = load(name).start_settings(behavior, StartSettings(), {})
    return PPOSettings.validated({**start.defaults, **start.overrides})


def test_there_are_twelve() -> None:
    assert len(LOADABLE) + len(REFUSED) == 12


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_can_not_be_done_is_refused_by_name_and_nothing_else(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(name)
    found = {}
    for problem in caught.value.problems:
        match = re.search(r"\.yaml:(\d+):\d+: (\S+): expected ", problem)
        assert match is not None
        found[match[2]] = int(match[1])
    assert found == REFUSED[name]


@pytest.mark.parametrize("name", LOADABLE)
def test_what_is_shown_tells_a_source_for_every_value_and_loads_again(name: str) -> None:
    configuration = load(name)
    text = report(configuration)
    values = [line for line in text.splitlines() if line and not line.startswith("#") and not line.endswith(":")]
    assert [line for line in values if "  # " not in line] == []
    again = resolved_configuration(parse_document(text.encode(), "shown.yaml"), {}, None)
    assert again.dialect == configuration.dialect


@pytest.mark.parametrize("name", LOADABLE)
def test_what_is_loaded_can_be_started_here_and_followed_by_hosts(name: str) -> None:
    configuration = load(name)
    hosts = RunSettings.from_plain(configuration.host_settings())
    for behavior in configuration.behaviors:
        start = configuration.start_settings(behavior, StartSettings(), {})
        settings = algorithm_entry(start.trainer_type).settings_class.validated({**start.defaults, **start.overrides})
        assert settings.to_plain()["total_steps"] == configuration.behaviors[behavior].max_steps
        assert set(start.overrides) <= set(start.override_sources)
        policy = hosts.policy_settings(behavior).to_wire()
        named = start.networks.get("policy_settings", {})
        assert {key: policy[key] for key in named} == dict(named)


@pytest.mark.parametrize("name", LOADABLE)
def test_a_run_of_it_is_written_and_loads_again(name: str, tmp_path: Path) -> None:
    configuration = load(name)
    configuration.write(tmp_path)
    again = load_configuration(tmp_path / "configuration.yaml")
    assert (again.dialect, again.sources) == (configuration.dialect, configuration.sources)


def test_the_balanced_ball_has_its_numbers_here() -> None:
    settings = ppo_of("balance_ball", "BalanceBall")
    assert (settings.minibatch_size, settings.steps_per_update, settings.epochs) == (128, 6000, 4)
    assert (settings.learning_rate, settings.entropy_coefficient, settings.clip_range) == (4e-4, 0.002, 0.25)
    assert (settings.gae_lambda, settings.discount_factor, settings.total_steps) == (0.97, 0.985, 400_000)
    assert (settings.time_horizon, settings.synchronous) == (800, True)


def test_the_walker_is_kept_evenly_and_plays_on_while_it_learns() -> None:
    start = load("walker").start_settings("Walker", StartSettings(), {})
    assert (start.checkpoint_steps, start.kept_checkpoints, start.summary_steps) == (5_000_000, 6, 30_000)
    assert start.overrides["synchronous"] is False
    assert load("walker").host_settings()["engine_settings"]["time_scale"] == 15  # type: ignore[index]


def test_the_hallway_remembers() -> None:
    start = load("hallway").start_settings("Hallway", StartSettings(), {})
    assert start.networks["policy_settings"]["memory_cell"] == "lstm"
    assert start.networks["policy_settings"]["memory_state_size"] == 48
    assert start.overrides["memory_window"] == 60


def test_the_walls_grow_in_lessons() -> None:
    parameters = load("wall_jump").environment_parameters
    big = lessons_of(parameters["big_wall_height"], "big_wall_height")
    assert [lesson.name for lesson in big] == ["Low", "Middle", "High"]
    assert big[0].completion_criteria is not None
    assert (big[0].completion_criteria.measure, big[0].completion_criteria.threshold) == ("progress", 0.1)
    assert sampler_to_wire(big[2].value) == {"sampler_type": "constant", "value": 7.5}
    small = lessons_of(parameters["small_wall_height"], "small_wall_height")
    assert small[0].completion_criteria is not None
    assert small[0].completion_criteria.require_reset
    assert load("wall_jump").behaviors["SmallWallJump"].max_steps == 4_500_000


def test_the_randomised_ball_is_drawn_from_every_sampler() -> None:
    parameters = load("randomised_ball").environment_parameters
    drawn = {name: sampler_to_wire(lessons_of(each, name)[0].value) for name, each in parameters.items()}
    assert drawn == {
        "mass": {"sampler_type": "uniform", "min_value": 0.6, "max_value": 8.0, "seed": 40},
        "scale": {"sampler_type": "gaussian", "mean": 2.0, "st_dev": 0.25, "seed": 77},
        "gravity": {"sampler_type": "multirangeuniform", "intervals": [[6.0, 8.5], [10.5, 14.0]], "seed": 41},
        "friction": {"sampler_type": "constant", "value": 0.4},
        "wind": {"sampler_type": "constant", "value": -1.5},
    }


def test_crawlers_share_what_stands_in_default_settings() -> None:
    still, moving = ppo_of("crawler", "CrawlerStatic"), ppo_of("crawler", "CrawlerDynamic")
    assert (still.entropy_coefficient, moving.entropy_coefficient) == (4e-3, 5e-3)
    assert (still.total_steps, moving.total_steps) == (10_000_000, 14_000_000)
    assert still.minibatch_size == moving.minibatch_size == 1800


def test_the_pushed_block_mixes_ml_agents_names_and_ours() -> None:
    settings = ppo_of("push_block", "PushBlock")
    assert (settings.max_grad_norm, settings.target_kl, settings.reward_strength) == (1.0, 0.03, 0.5)
    networks = load("push_block").start_settings("PushBlock", StartSettings(), {}).networks
    assert networks["policy_settings"] == {"hidden_sizes": [192, 192], "activation": "relu"}
    assert networks["critic_settings"] == {"hidden_sizes": [192, 192], "activation": "relu"}
