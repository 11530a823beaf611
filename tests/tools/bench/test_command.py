"""`python tools/dev.py bench`: what it runs, keeps and refuses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.bench import __main__ as command
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow


@pytest.fixture
def benches(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[BenchOptions], list[BenchRow]]]:
    """Benches by name that take no time; put others in their place."""
    made: dict[str, Callable[[BenchOptions], list[BenchRow]]] = {}

    real = command.importlib.import_module

    def find(name: str, package: str | None = None) -> object:
        if not name.startswith("tools.bench."):
            return real(name, package)
        bench = name.rpartition(".")[2]
        return SimpleNamespace(run=made.get(bench, lambda options: [row(bench, options.rounds)]))

    monkeypatch.setattr(command.importlib, "import_module", find)
    return made


def row(bench: str, value: float, target: str = "") -> BenchRow:
    return BenchRow(bench, "it", value, value, value, "s", target=target)


def saved_file(folder: Path) -> Path:
    (path,) = folder.glob("*.json")
    return path


@pytest.mark.parametrize("arguments", [[], ["all"]])
def test_without_a_name_all_benches_run(
    arguments: list[str], benches: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*arguments, "--results", str(tmp_path), "--rounds", "3"]) == 0
    rows = json.loads(saved_file(tmp_path).read_text(encoding="utf-8"))["rows"]
    assert [entry["bench"] for entry in rows] == list(command.ALL)
    assert rows[0]["median"] == 3
    assert "| update " in capsys.readouterr().out


def test_a_missed_target_ends_with_1_and_a_picture(
    benches: dict[str, Callable[[BenchOptions], list[BenchRow]]], tmp_path: Path
) -> None:
    benches["tick"] = lambda options: [row("tick", 2.0, "median <= 1")]
    assert command.main(["tick", "--results", str(tmp_path)]) == 1
    assert saved_file(tmp_path).with_suffix(".png").exists()


def test_a_bench_that_breaks_off_loses_nothing_of_the_others(
    benches: dict[str, Callable[[BenchOptions], list[BenchRow]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: BenchOptions) -> list[BenchRow]:
        raise RuntimeError("the wheel is round")

    benches["update"] = fail
    assert command.main(["all", "--results", str(tmp_path)]) == 1
    assert len(json.loads(saved_file(tmp_path).read_text(encoding="utf-8"))["rows"]) == len(command.ALL) - 1
    errors = capsys.readouterr().err
    assert "the wheel is round" in errors
    assert "broke off, see above: update" in errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["tock"], "invalid choice: 'tock'"),
        (["tick", "--rounds", "0"], "expected at least 1, got 0"),
        (["tick", "--peer-python", "/no/such/python"], "which is no file"),
        (["end_to_end", "--tasks", "Chess-v0"], "invalid choice: 'Chess-v0'"),
        (["compare", "one.json"], "AFTER.json"),
    ],
)
def test_bad_input_is_refused_with_what_was_expected(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_compare_names_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert "a.json: expected a saved run of a bench" in capsys.readouterr().err


def test_compare_shows_a_saved_run_beside_itself(
    benches: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["tick", "--results", str(tmp_path)])
    path = str(saved_file(tmp_path))
    assert command.main(["compare", path, path]) == 0
    assert "+0.0 %" in capsys.readouterr().out


def test_the_peers_python_may_be_any_file(tmp_path: Path) -> None:
    options = command.options_of(command.parse(["tick", "--peer-python", sys.executable, "--results", str(tmp_path)]))
    assert options == BenchOptions(peer_python=Path(sys.executable), results=tmp_path)
