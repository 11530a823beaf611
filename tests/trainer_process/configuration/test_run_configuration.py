"""A run's configuration tells hosts their part, and is written so that it loads again to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_sdk.run_settings import RunSettings
from tests.trainer_process.configuration.configured import configuration
from trainer_process.configuration import RunConfiguration, load_configuration
from trainer_process.errors import RunFolderError
from trainer_process.start_settings import StartSettings

FILE = """
default_settings:
  trainer_type: ppo
  hyperparameters: {learning_rate_schedule: constant}
  network_settings: {memory: {}}
behaviors:
  Walker:
    max_steps: 5e5
    even_checkpoints: true
    network_settings: {normalize: true, hidden_units: 64, memory: {memory_size: 32}}
    settings: {unreal: {minimum_advantage: -1}}
  "My: #game é":
    threaded: true
environment_parameters:
  gravity: 9.81
  mass: {sampler_type: uniform, sampler_parameters: {max_value: 2}}
  wall:
    curriculum:
      - {name: "3e-4", value: 1, completion_criteria: {behavior: Walker, threshold: 0.5}}
      - {name: high, value: {sampler_type: gaussian}}
env_settings: {env_path: "./my game", num_envs: 2, env_args: [--level, 3, "yes"]}
engine_settings: {time_scale: 3, no_graphics: true}
"""


def made() -> RunConfiguration:
    return configuration(FILE, {"checkpoint_settings.run_id": "x: y", "env_settings.seed": 3})


def test_what_is_written_loads_again_to_the_same(tmp_path: Path) -> None:
    first = made()
    first.write(tmp_path)
    second = load_configuration(tmp_path / "configuration.yaml")
    assert second.dialect == first.dialect
    assert second.sources == first.sources
    assert second.host_settings() == first.host_settings()
    for name in ("Walker", "My: #game é", "Other"):
        assert second.start_settings(name, StartSettings(), {}) == first.start_settings(name, StartSettings(), {})
    second.write(tmp_path / "again")
    written = (tmp_path / "configuration.yaml").read_bytes()
    assert (tmp_path / "again" / "configuration.yaml").read_bytes() == written


def test_what_is_changed_in_a_written_file_counts_as_named(tmp_path: Path) -> None:
    made().write(tmp_path)
    path = tmp_path / "configuration.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("keep_checkpoints: 5", "keep_checkpoints: 6"), encoding="utf-8")
    changed = load_configuration(path)
    assert changed.behaviors["Walker"].keep_checkpoints == 6
    assert changed.sources["behaviors.Walker.keep_checkpoints"].startswith("configuration.yaml:")


def test_defaults_are_written_and_loaded_as_such(tmp_path: Path) -> None:
    load_configuration(None).write(tmp_path)
    again = load_configuration(tmp_path / "configuration.yaml")
    assert set(again.sources.values()) == {"default"}
    assert again.start_settings("Any", StartSettings(), {}) == StartSettings()


@pytest.mark.parametrize("text", ["", "default_settings: {}", "behaviors: {Walker: {}}"])
def test_what_was_typed_for_every_behavior_makes_none_of_the_file_s(tmp_path: Path, text: str) -> None:
    first = configuration(text, {"behaviors.*.network_settings.deterministic": True})
    first.write(tmp_path)
    second = load_configuration(tmp_path / "configuration.yaml")
    assert first.names_behaviors == second.names_behaviors == (text != "")
    one, other = (each.start_settings("Walker", StartSettings(), {}) for each in (first, second))
    assert one == other
    assert bool(one.defaults) == (text != "")


def test_what_was_typed_stands_over_a_written_file(tmp_path: Path) -> None:
    made().write(tmp_path)
    again = load_configuration(tmp_path / "configuration.yaml", {"env_settings.num_envs": 4})
    assert again.env_settings.num_envs == 4
    assert again.sources["env_settings.num_envs"] == "command line"
    assert again.sources["behaviors.Walker.max_steps"] == "config.yaml:8"


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"configuration\.yaml"):
        made().write(tmp_path / "file" / "run")


def test_hosts_are_told_what_is_theirs() -> None:
    told = made().host_settings()
    assert told["seed"] == 3
    assert (told["deterministic"], told["learns"], told["num_areas"]) == (False, True, 1)
    assert told["behaviors"] == {
        "Walker": {
            "policy_settings": {
                "normalize_observations": True,
                "hidden_sizes": [64, 64],
                "memory_cell": "lstm",
                "memory_state_size": 16,
            },
            "critic_settings": {"hidden_sizes": [64, 64]},
        },
        "My: #game é": {"policy_settings": {"memory_cell": "lstm", "memory_state_size": 64}},
    }
    assert told["default"] == told["behaviors"]["My: #game é"]  # type: ignore[index]


def test_hosts_understand_what_they_are_told() -> None:
    settings = RunSettings.from_plain(made().host_settings())
    assert settings.policy_settings("Walker").hidden_sizes == (64, 64)
    assert settings.policy_settings("Walker").memory_size == 32
    assert settings.policy_settings("Unknown").memory_size == 128
    assert settings.engine.time_scale == 3
    assert settings.engine.no_graphics
    assert RunSettings.from_plain(load_configuration(None).host_settings()).seed is None


def test_where_nothing_names_a_seed_none_is_told() -> None:
    assert "seed" not in configuration("env_settings: {seed: -1}").host_settings()
    assert configuration("env_settings: {seed: 0}").host_settings()["seed"] == 0
