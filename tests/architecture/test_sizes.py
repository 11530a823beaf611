"""Modules and functions that one can hold in the head."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import PACKAGES, source_files

MAX_MODULE_LINES = 450
MAX_FUNCTION_LINES = 60


def test_no_module_is_longer_than_450_lines() -> None:
    lengths = {file.path: len(file.text.splitlines()) for file in source_files(*PACKAGES, "tools", "tests")}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_MODULE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    lengths = {
        f"{file.path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file in source_files(*PACKAGES, "tools", "tests")
        for node in ast.walk(file.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}
