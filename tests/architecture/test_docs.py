"""Every public thing says what it is, and what the README prints is true."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from host_sdk import ActionSchema, Manager, ObservationSchema, Policy, PolicySettings
from tests.architecture.source_tree import PACKAGES, ROOT, source_files
from trainer_process.configuration import load_configuration


def modules() -> Iterator[ModuleType]:
    """Every module of the packages but the programs, which importing would start."""
    for file in source_files(*PACKAGES):
        if not file.path.endswith("__main__.py"):
            yield importlib.import_module(file.module)


def public_functions(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Public functions, classes, methods and properties that the module itself defines."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield f"{module.__name__}.{name}", value
        elif inspect.isclass(value):
            yield f"{module.__name__}.{name}", value
            for member_name, member in vars(value).items():
                if not member_name.startswith("_") and is_written_here(member, module):
                    yield f"{module.__name__}.{name}.{member_name}", getattr(value, member_name)


def is_written_here(member: object, module: ModuleType) -> bool:
    """Whether a class's member is a method or a property of that module, and no plain value."""
    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    return inspect.isfunction(function) and function.__module__ == module.__name__


def says_what_it_is(name: str, value: object) -> bool:
    """Whether there is a docstring, its own or that of the method it overrides."""
    text = inspect.getdoc(value) or ""
    is_generated = inspect.isclass(value) and text.startswith(f"{name.rsplit('.', 1)[-1]}(")
    return bool(text.strip()) and not is_generated


def test_every_module_says_what_it_is() -> None:
    assert [module.__name__ for module in modules() if not (module.__doc__ or "").strip()] == []


def test_every_public_function_class_and_method_says_what_it_is() -> None:
    silent = [
        name for module in modules() for name, value in public_functions(module) if not says_what_it_is(name, value)
    ]
    assert silent == []


def readme_block(name: str) -> str:
    """The program that the README prints behind a marker."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(rf"<!-- {name}:.*?-->\n```python\n(.*?)```", text, re.S)
    assert match is not None, f"README.md: expected a block of Python behind its marker <!-- {name}: … -->"
    return match[1]


def test_the_readmes_configuration_loads(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.S)
    (tmp_path / "walker.yaml").write_text(block, encoding="utf-8")
    configuration = load_configuration(tmp_path / "walker.yaml")
    assert list(configuration.behaviors) == ["Walker"]
    assert list(configuration.environment_parameters) == ["gravity"]


def test_the_readmes_host_is_shorter_than_60_lines() -> None:
    assert len(readme_block("host").splitlines()) < 60


class FighterGame:
    """The game that the README's structured interactor speaks of: 5 fighters who each see up to 16 enemies."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.location = random.normal(0, 30, (5, 3))
        self.rotation = np.tile([0.0, 0.0, 0.0, 1.0], (5, 1))
        self.enemy_location = random.normal(0, 30, (5, 16, 3))
        self.enemy_kind = random.integers(0, 2, (5, 16))
        self.is_seen = random.random((5, 16)) < 0.4
        self.health = random.uniform(0, 100, 5)
        self.to_cover = random.normal(size=(5, 3))
        self.has_cover = random.random(5) < 0.5
        self.map = random.integers(0, 2, (5, 32, 32, 2)).astype(np.uint8)
        self.ammunition = np.array([0, 1, 0, 9, 9])
        self.shots = np.zeros(5)
        self.steps: list[npt.NDArray[np.float32]] = []

    def step(
        self,
        agents: npt.NDArray[np.int64],
        move: npt.NDArray[np.float32],
        is_shooting: npt.NDArray[np.bool_],
        angle: npt.NDArray[np.float32],
    ) -> None:
        self.shots[agents] += is_shooting
        self.steps.append(move)
        assert angle.shape == is_shooting.shape


def test_the_readmes_structured_interactor_plays_as_printed() -> None:
    game = FighterGame()
    names: dict[str, Any] = {"game": game, "__name__": "fighter"}
    exec(compile(readme_block("structured"), "README.md", "exec"), names)
    manager = Manager(5)
    interactor = names["FighterInteractor"].make_interactor(manager)
    policy = Policy.make_policy(manager, interactor, PolicySettings(memory_cell="gru"))
    manager.add_agents([object() for _ in range(5)])
    for _ in range(40):
        policy.run_inference()
    assert np.abs(game.steps).max() <= 1.0
    assert game.shots[game.ammunition == 0].tolist() == [0, 0]
    assert (game.shots[game.ammunition > 0] > 0).all()
    assert np.abs(policy.get_memory_state(0)).max() > 0


@pytest.mark.parametrize("schema", [ObservationSchema, ActionSchema])
def test_the_readme_lists_every_element(schema: type) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    page = text[text.index("## What agents see and do") : text.index("## Three ways to start")]
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    listed = set(re.findall(r"`(\w+)", "\n".join(rows)))
    assert {name for name in dir(schema) if not name.startswith("_")} <= listed
