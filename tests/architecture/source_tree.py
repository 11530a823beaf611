"""The project's own Python files, found and parsed once for all the tests of its architecture."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("host_sdk", "protocol", "trainer_process")


@dataclass(frozen=True)
class SourceFile:
    """One module.

    Attributes:
        path: relative to the root, with forward slashes.
        text: its content.
        tree: the same, parsed.
    """

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The dotted name under which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def source_files(*folders: str) -> tuple[SourceFile, ...]:
    """Every module below the folders, in order of path."""
    files = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            files.append(SourceFile(path.relative_to(ROOT).as_posix(), text, ast.parse(text, str(path))))
    return tuple(files)
