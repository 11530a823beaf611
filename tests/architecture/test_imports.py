"""Which package may import what: the contracts in pyproject.toml, and what they can't see."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.architecture.source_tree import PACKAGES, ROOT, source_files


def test_packages_import_only_what_their_contracts_allow() -> None:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_is_hidden_in_a_string() -> None:
    found = [
        f"{file.path}:{node.lineno}"
        for file in source_files(*PACKAGES)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and called_name(node) in ("__import__", "import_module", "exec", "eval")
        if not is_method_eval(node)
    ]
    assert not found


def test_no_array_or_tensor_is_read_by_pickle() -> None:
    found = [
        f"{file.path}:{node.lineno}"
        for file in source_files(*PACKAGES)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and (is_torch_file_call(node) or allows_pickle(node))
    ]
    assert not found


def called_name(node: ast.Call) -> str:
    """The last part of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def is_method_eval(node: ast.Call) -> bool:
    """`network.eval()` puts a torch module into its other mode and runs no string."""
    return isinstance(node.func, ast.Attribute) and node.func.attr in ("eval", "exec")


def is_torch_file_call(node: ast.Call) -> bool:
    """`torch.save` and `torch.load` are pickle."""
    function = node.func
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    return function.value.id == "torch" and function.attr in ("load", "save")


def allows_pickle(node: ast.Call) -> bool:
    """Whether an argument `allow_pickle` is anything but False."""
    return any(
        keyword.arg == "allow_pickle" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        for keyword in node.keywords
    )
