"""The one entry: what it sets up again and when, and what it hands on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import dev


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without an environment, in which commands are noted and not run."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    places = {"ROOT": "", "VENV": ".venv", "STAMP": ".venv/stamp", "LOG": ".venv/log", "CONSTRAINTS": "constraints.txt"}
    for name, place in places.items():
        monkeypatch.setattr(dev, name, tmp_path / place)
    return tmp_path


@pytest.fixture
def steps(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the set-up would have done."""
    done: list[str] = []

    def note(step: str, remedy: str, *command: object) -> None:
        (checkout / ".venv").mkdir(exist_ok=True)
        done.append(step.split()[0])

    monkeypatch.setattr(dev, "run_logged", note)
    monkeypatch.setattr(dev, "venv_works", lambda: "making" in done)
    return done


def test_a_second_setup_does_nothing(steps: list[str]) -> None:
    dev.setup()
    dev.setup()
    assert steps == ["making", "installing"]


def test_changed_pins_are_installed_into_the_environment_that_is_there(steps: list[str], checkout: Path) -> None:
    dev.setup()
    (checkout / "constraints.txt").write_text("numpy==2.0.0", encoding="utf-8")
    dev.setup()
    assert steps == ["making", "installing", "installing"]


def test_a_failed_step_shows_the_end_of_its_output(checkout: Path) -> None:
    program = "print('the wheel is round'); raise SystemExit(3)"
    with pytest.raises(dev.DevError, match=r"(?s)the wheel is round.*exit status 3\. Ask someone"):
        dev.run_logged("rolling", "Ask someone.", sys.executable, "-c", program)


def test_an_old_python_is_told_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "MINIMUM_PYTHON", (99, 0))
    assert dev.main(["test"]) == 2
    assert "needs Python" in capsys.readouterr().err


def test_an_unknown_command_lists_the_known_ones() -> None:
    done = subprocess.run([sys.executable, dev.__file__, "tset"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected one of setup, bench, check, demo, profile, test; got 'tset'" in done.stderr


def test_arguments_go_on_to_the_command(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[str, ...]] = []

    def note(*command: object, **environment: str) -> int:
        commands.append(tuple(map(str, command)))
        return 5

    monkeypatch.setattr(dev, "setup", lambda: None)
    monkeypatch.setattr(dev, "run", note)
    assert dev.main(["test", "-k", "codec"]) == 5
    assert commands[0][1:] == ("-m", "pytest", "-m", "not slow", *dev.WORKERS, "-k", "codec")


@pytest.mark.parametrize(("statuses", "status"), [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((2, 1), 1)])
def test_what_starves_beside_other_tests_is_run_after_them(
    statuses: tuple[int, int], status: int, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, commands = list(statuses), []

    def note(*command: object, **environment: str) -> int:
        commands.append(command)
        return left.pop(0)

    monkeypatch.setattr(dev, "setup", lambda: None)
    monkeypatch.setattr(dev, "run", note)
    assert dev.main(["test"]) == status
    assert f"--ignore={dev.ALONE}" in commands[0]
    assert commands[1][-1] == dev.ALONE
