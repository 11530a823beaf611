"""The world of a run is what its configuration names."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_process.errors import RunFolderError
from trainer_process.trained_world import find_trained_world


def policy_file(run: Path, env_path: str | None) -> Path:
    """Where the policy of a run in that world would be."""
    (run / "walker").mkdir(parents=True)
    text = "" if env_path is None else f"env_settings:\n  env_path: {env_path}\n"
    (run / "configuration.yaml").write_text(text or "{}\n")
    return run / "walker" / "policy.lbp"


@pytest.mark.parametrize("name", ["arena", "gymnasium:CartPole-v1"])
def test_a_world_that_the_command_line_knows_is_played(name: str, tmp_path: Path) -> None:
    path = policy_file(tmp_path / "run", name)
    assert find_trained_world(path).program.name == name
    assert find_trained_world(path.parent / "policies" / "final" / "policy.lbp").program.name == name


def test_the_runs_arguments_go_with_it_and_its_parameters_are_told(tmp_path: Path) -> None:
    path = policy_file(tmp_path / "run", "arena")
    text = "env_settings:\n  env_path: arena\n  env_args: [--agents, '3']\nenvironment_parameters:\n  gravity: 2.0\n"
    (tmp_path / "run" / "configuration.yaml").write_text(text)
    world = find_trained_world(path)
    assert world.program.arguments == ("--agents", "3")
    assert world.drawn_parameters == ("gravity",)


@pytest.mark.parametrize(("name", "word"), [("./game", "can't be played from here"), (None, "names none")])
def test_other_runs_want_a_world_to_be_named(name: str | None, word: str, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=f"^--env: .*{word}.*name gymnasium:ID"):
        find_trained_world(policy_file(tmp_path / "run", name))
