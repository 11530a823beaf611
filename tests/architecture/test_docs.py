"""Every public thing says what it is, and what the README prints is true."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.source_tree import PACKAGES, ROOT, source_files


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


def readme_host() -> str:
    """The host program that the README prints."""
    match = re.search(r"<!-- host:.*?-->\n```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert match is not None, "README.md: expected a block of Python behind its marker <!-- host: … -->"
    return match[1]


def test_the_readmes_host_is_shorter_than_60_lines() -> None:
    assert len(readme_host().splitlines()) < 60


@pytest.mark.timeout(240)  # it trains for real, beside whatever else the machine does
def test_the_readmes_host_runs_as_printed(tmp_path: Path) -> None:
    (tmp_path / "game.py").write_text(readme_host(), encoding="utf-8")
    done = subprocess.run([sys.executable, "game.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("failure: None"), done.stdout + done.stderr
