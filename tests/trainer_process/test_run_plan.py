"""Which run is meant, by which configuration, and what is done with its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_process.configuration import load_configuration
from trainer_process.errors import RunFolderError
from trainer_process.run_plan import RunPlan
from trainer_process.typed_options import TypedOptions

START = "checkpoint_settings."
FILE = """
behaviors:
  Walker:
    trainer_type: ppo
    max_steps: 3000
checkpoint_settings: {run_id: walker}
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    return path


def keep(config: Path, typed: dict[str, object] | None = None, name: str = "walker") -> None:
    """What an earlier start of the run has left."""
    folder = Path("results") / name
    folder.mkdir(parents=True)
    load_configuration(config, typed).write(folder)


def test_a_run_begins_where_nothing_else_is_asked_for(config: Path) -> None:
    plan = RunPlan.load(config)
    assert (plan.run_id, plan.resume, plan.force, plan.learns, plan.changes) == ("walker", False, False, True, ())
    assert RunPlan.load(None).run_id == "", "the date and time"


def test_a_run_goes_on_by_its_own_configuration(config: Path) -> None:
    keep(config, {"env_settings.env_path": "./game", "env_settings.num_envs": 2})
    plan = RunPlan.load(None, {f"{START}run_id": "walker", f"{START}resume": True, "env_settings.num_envs": 3})
    assert (plan.resume, plan.learns) == (True, True)
    assert plan.configuration.behaviors["Walker"].max_steps == 3000
    assert plan.configuration.env_settings.env_path == "./game"
    assert plan.configuration.env_settings.num_envs == 3, "typed, and possible only beside the program of the file"
    assert "checkpoint_settings.results_dir" not in "".join(plan.describe())


def test_what_changes_in_a_run_that_goes_on_is_named(config: Path) -> None:
    keep(config)
    config.write_text(FILE.replace("3000", "5000"))
    plan = RunPlan.load(config, {f"{START}resume": True})
    assert plan.changes == ("behaviors.Walker.max_steps: 3000 → 5000",)
    assert plan.configuration.behaviors["Walker"].max_steps == 5000
    config.write_text(FILE)
    assert RunPlan.load(config, {f"{START}resume": True}).changes == ()


def test_a_run_whose_folder_was_moved_goes_on_where_it_is(config: Path) -> None:
    keep(config, {f"{START}results_dir": "elsewhere"}, name="renamed")
    plan = RunPlan.load(None, {f"{START}run_id": "renamed", f"{START}resume": True})
    assert (plan.results_directory, plan.run_id) == (Path("results"), "renamed")


def test_what_made_place_for_a_run_once_does_not_do_so_when_it_goes_on(config: Path) -> None:
    keep(config, {f"{START}force": True})
    plan = RunPlan.load(None, {f"{START}run_id": "walker", f"{START}resume": True})
    assert (plan.resume, plan.force) == (True, False)


def test_playing_on_is_going_on_without_learning(config: Path) -> None:
    keep(config)
    plan = RunPlan.load(None, {f"{START}run_id": "walker", f"{START}inference": True})
    assert (plan.resume, plan.learns) == (True, False)
    other = {f"{START}run_id": "other", f"{START}inference": True, f"{START}initialize_from": "walker"}
    begun = RunPlan.load(None, other)
    assert (begun.resume, begun.learns) == (False, False)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"resume": True, "force": True, "run_id": "walker"}, "--resume goes on with it: leave one of them out"),
        ({"inference": True, "force": True, "run_id": "walker"}, "--inference goes on with it"),
        ({"resume": True}, "expected --run-id with it"),
        ({"initialize_from": "nobody"}, "--initialize-from: expected the id of a run in results, got 'nobody'"),
    ],
)
def test_what_contradicts_itself_is_told(typed: dict[str, object], words: str) -> None:
    with pytest.raises(RunFolderError, match=words):
        RunPlan.load(None, {f"{START}{name}": value for name, value in typed.items()})


def test_a_run_remembers_what_was_typed_and_what_is_typed_anew_wins(tmp_path: Path) -> None:
    first = TypedOptions(agent_count=4, behavior="A", settings={"total_steps": 9}, assignments=("a=1",))
    first.write(tmp_path)
    now = TypedOptions(agent_count=8, is_reproducible=True, settings={"total_steps": 10}, assignments=("a=2",))
    both = now.over(TypedOptions.read(tmp_path))
    assert both == TypedOptions(8, "A", True, None, {"total_steps": 10}, ("a=1", "a=2"))
    assert TypedOptions.read(tmp_path / "nowhere") == TypedOptions()
    (tmp_path / "command_line.json").write_text('{"speed": 1}')
    with pytest.raises(RunFolderError, match="command_line"):
        TypedOptions.read(tmp_path)
