"""What `learning-bridge train` understands: what was typed, what the file says, and what goes together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from trainer_process import hosted_training, serving
from trainer_process.cli_root import root
from trainer_process.hosted_training import TrainingRequest

FILE = """
behaviors:
  Walker:
    trainer_type: ppo
    hyperparameters:
      batch_size: 64
      buffer_size: 640
    network_settings:
      hidden_units: 32
      num_layers: 3
env_settings:
  num_envs: 3
  env_path: ./game
  env_args: [--level, "2"]
  num_areas: 5
  timeout_wait: 90
  seed: 7
engine_settings:
  time_scale: 7
checkpoint_settings:
  run_id: walker
"""
TWO = "behaviors:\n  Left: {trainer_type: ppo}\n  Right: {trainer_type: ppo}\n"

Train = Callable[..., TrainingRequest]


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    return str(path)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def invoke(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Result, list[TrainingRequest]]:
    asked: list[TrainingRequest] = []

    def run_training(request: TrainingRequest) -> int:
        asked.append(request)
        return 0

    monkeypatch.setattr(hosted_training, "run_training", run_training)
    monkeypatch.setattr(serving, "leave", lambda exit_code: click.get_current_context().exit(exit_code))
    return CliRunner().invoke(root, ["train", *arguments], catch_exceptions=False), asked


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Train:
    def call(*arguments: str) -> TrainingRequest:
        result, asked = invoke(monkeypatch, *arguments)
        assert result.exit_code == 0, result.output
        return asked[0]

    return call


def refusal(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    result, asked = invoke(monkeypatch, *arguments)
    assert result.exit_code != 0
    assert not asked
    return result.output


def test_what_is_not_typed_is_the_file_s(train: Train, config: str) -> None:
    request = train(config)
    settings = request.plan.configuration
    assert request.plan.run_id == "walker"
    assert request.options.seed == 7
    assert (settings.env_settings.num_envs, request.wait_s, request.options.host_timeout_s) == (3, 90.0, 90.0)
    command = request.command
    assert command is not None
    assert command.arguments(0) == ["./game", "--level", "2"]
    said = json.loads(json.dumps(dict(command.run_settings)))
    assert said["num_areas"] == 5
    assert said["engine_settings"]["time_scale"] == 7
    assert said["behaviors"]["Walker"]["policy_settings"]["hidden_sizes"] == [32, 32, 32]


def test_what_is_typed_wins_over_the_file(train: Train, config: str) -> None:
    typed = ("--num-envs", "2", "--run-id", "other", "--seed", "9", "--timeout-wait", "5", "--time-scale", "1.5")
    more = ("--no-graphics", "--torch-device", "cpu", "--results-dir", "kept", "--max-lifetime-restarts", "-1")
    request = train(config, *typed, *more, "--env", "arena", "--env-args", "--evaluation-ticks", "3", "--sync")
    settings = request.plan.configuration
    assert settings.sources["env_settings.num_envs"] == "command line"
    assert settings.sources["env_settings.timeout_wait"] == "command line"
    assert settings.sources["env_settings.num_areas"].startswith("config.yaml:")
    assert settings.sources["engine_settings.width"] == "default"
    assert (settings.env_settings.num_envs, request.wait_s, request.options.seed) == (2, 5.0, 9)
    assert request.plan.run_id == "other"
    assert request.plan.results_directory == Path("kept")
    assert request.restart_limits.max_lifetime == -1
    assert settings.torch_settings.device == "cpu"
    command = request.command
    assert command is not None
    assert command.behavior == "Walker"
    assert command.agent_count == 5, "training areas, where --agents isn't typed"
    assert command.arguments(0)[-3:] == ["--evaluation-ticks", "3", "--sync"], "the rest of the line"
    assert "synchronous" not in request.typed.settings
    assert (
        command.run_settings["engine_settings"]
        == {
            **dict(settings.engine_settings.to_plain()),
            "time_scale": 1.5,
            "no_graphics": True,
        }
        or command.run_settings["engine_settings"]["no_graphics"] is True
    )  # type: ignore[index]


def test_an_option_that_says_the_default_was_typed_too(train: Train, config: str) -> None:
    assert train(config).plan.configuration.env_settings.num_envs == 3
    request = train(config, "--num-envs", "1", "--results-dir", "results")
    assert request.plan.configuration.env_settings.num_envs == 1
    assert request.plan.configuration.sources["checkpoint_settings.results_dir"] == "command line"


def test_without_a_file_all_is_as_it_was(train: Train) -> None:
    request = train("--env", "gymnasium:CartPole-v1", "--total-steps", "99", "--set", "policy.hidden_sizes=[8]")
    assert request.plan.run_id == ""
    assert request.typed.settings == {"total_steps": 99}
    command = request.command
    assert command is not None
    assert (command.agent_count, command.seed, command.behavior) == (8, 1234, "")
    assert command.assignments == ("policy.hidden_sizes=[8]",)


def test_training_waits_for_a_game_that_is_started_by_itself(train: Train) -> None:
    request = train("--endpoint", "tcp://127.0.0.1:0")
    assert request.command is None
    assert request.wait_s is None
    assert request.meeting.endpoint == "tcp://127.0.0.1:0"
    assert train("--timeout-wait", "3").wait_s == 3.0


def test_a_reproducible_world_waits_and_begins_anew_with_every_update(train: Train) -> None:
    request = train("--env", "arena", "--reproducible")
    assert request.typed.settings["synchronous"] is True
    assert request.command is not None
    assert request.command.world_arguments == ("--sync", "--reset-on-update")


def test_what_is_named_is_shown_with_its_place(monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    result, _ = invoke(monkeypatch, config, "--num-envs", "2", "--base-port", "6000")
    assert "env_settings.num_envs: 2  (command line)" in result.output
    assert "behaviors.Walker.hyperparameters.batch_size: 64  (config.yaml:" in result.output
    assert "engine_settings.width" not in result.output
    assert "no ports are needed" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--behavior", "A"), "--behavior: expected --env gymnasium:ID or arena; a game decides on that itself"),
        (("--env", "./game", "--agents", "3"), "--agents: expected --env gymnasium:ID or arena; a program decides"),
        (("--env", "./game", "--reproducible"), "--reproducible: expected --env gymnasium:ID or arena"),
        (("--env", "arena", "--endpoint", "shm"), "--endpoint: hosts that --env starts are told where to connect"),
        (("--env", "arena", "--env-args"), "--env-args: expected the program's arguments behind it, got none"),
        (("--deterministic",), "expected --inference with it"),
        (("--resume",), "expected --run-id with it"),
        (("--resume", "--run-id", "x"), "expected a run to resume, got none at results/x"),
        (("--resume", "--force", "--run-id", "x"), "leave one of them out"),
        (("--inference", "--force", "--run-id", "x"), "leave one of them out"),
        (("--num-envs", "65"), "65 is not in the range"),
    ],
)
def test_what_does_not_go_together_is_told(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    if "expected a run to resume" in words:
        asked: list[Any] = []
        monkeypatch.setattr(hosted_training, "HostProcesses", asked.append)
        result = CliRunner().invoke(root, ["train", *arguments, "--endpoint", "tcp://127.0.0.1:0"])
        assert not asked
        assert words in result.output
        return
    assert words in " ".join(refusal(monkeypatch, *arguments).split())


def test_a_world_s_only_behavior_is_chosen_where_there_are_several(
    monkeypatch: pytest.MonkeyPatch, train: Train, tmp_path: Path
) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    assert "which of Left, Right the world's agents are" in refusal(monkeypatch, str(path), "--env", "arena")
    command = train(str(path), "--env", "arena", "--behavior", "Right").command
    assert command is not None
    assert command.behavior == "Right"


def test_a_file_of_another_form_is_told_in_its_own_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("learning_rate = 3e-4\n")
    assert "settings.toml" in refusal(monkeypatch, str(path))
