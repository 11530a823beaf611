"""What a package exports is written down once, sorted, and is all there."""

from __future__ import annotations

import ast
import importlib
from types import ModuleType

import pytest

import host_sdk
from tests.architecture.source_tree import PACKAGES, source_files

HOST_CLASSES = {
    "Communicator",
    "Controller",
    "Critic",
    "DAggerTrainer",
    "ImitationTrainer",
    "Interactor",
    "Manager",
    "ManagerListener",
    "PPOTrainer",
    "Policy",
    "Recorder",
    "Recording",
    "TrainingEnvironment",
}


def exported(package: ModuleType) -> list[str]:
    """The package's list of public names."""
    names = getattr(package, "__all__", None)
    assert isinstance(names, list | tuple), f"{package.__name__}: expected __all__, got {names!r}"
    return list(names)


@pytest.mark.parametrize("name", PACKAGES)
def test_exports_are_sorted_and_exist(name: str) -> None:
    package = importlib.import_module(name)
    names = exported(package)
    assert names == sorted(set(names))
    assert [missing for missing in names if not hasattr(package, missing)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_that_a_package_gathers_is_exported(name: str) -> None:
    package = importlib.import_module(name)
    (file,) = [file for file in source_files(name) if file.module == name]
    gathered = {
        alias.asname or alias.name
        for node in file.tree.body
        if isinstance(node, ast.ImportFrom)
        and node.module != "__future__"
        and (node.level > 0 or (node.module or "").split(".")[0] == name)
        for alias in node.names
    }
    assert {public for public in gathered if not public.startswith("_")} <= set(exported(package))


def test_host_sdk_exports_every_class_of_the_host_api() -> None:
    assert set(exported(host_sdk)) >= HOST_CLASSES
