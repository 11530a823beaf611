"""MLflow and Weights & Biases, by stand-ins for their libraries, and what becomes of writers that fail."""

from __future__ import annotations

import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from trainer_process.metrics import MetricsRow, MetricsWriter
from trainer_process.metrics.background_writer import BackgroundWriter
from trainer_process.metrics.row_writer import RowWriter

MLFLOW = """
import json, os
from types import SimpleNamespace

CALLS = []

class MlflowClient:
    def __init__(self, tracking_uri):
        CALLS.append(["connect", tracking_uri])
        if "unreachable" in tracking_uri:
            raise ConnectionError("no route to host")
    def get_experiment_by_name(self, name):
        CALLS.append(["experiment", name])
    def create_experiment(self, name):
        return "7"
    def create_run(self, experiment, run_name):
        CALLS.append(["run", experiment, run_name])
        return SimpleNamespace(info=SimpleNamespace(run_id="abc"))
    def update_run(self, run_id, status):
        CALLS.append(["goes on", run_id, status])
    def log_batch(self, run_id, metrics=(), params=()):
        CALLS.append(["log", run_id, [list(each) for each in metrics], [list(each) for each in params]])
    def set_terminated(self, run_id):
        CALLS.append(["end", run_id])
"""
ENTITIES = """
def Metric(key, value, timestamp, step):
    return (key, value, step)

def Param(key, value):
    return (key, value)
"""
WANDB = """
CALLS = []

def Histogram(values):
    return ["histogram", values]

def Settings(**settings):
    return settings

class Run:
    def define_metric(self, name, step_metric):
        CALLS.append(["define", name, step_metric])
    def log(self, numbers):
        CALLS.append(["log", numbers])
    def finish(self):
        CALLS.append(["finish"])

def init(**options):
    CALLS.append(["init", options])
    return Run()
"""


@pytest.fixture
def libraries(tmp_path: Path, monkeypatch: Any) -> Path:
    """Stand-ins on the path, found as the real ones would be."""
    folder = tmp_path / "libraries"
    (folder / "mlflow").mkdir(parents=True)
    (folder / "mlflow" / "__init__.py").write_text(MLFLOW)
    (folder / "mlflow" / "entities.py").write_text(ENTITIES)
    (folder / "wandb.py").write_text(WANDB)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("mlflow", "mlflow.entities", "wandb"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return folder


@pytest.fixture
def behavior_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "my-run" / "Walker"
    folder.mkdir(parents=True)
    return folder


def train(folder: Path, writer: str, from_steps: int | None = None) -> None:
    settings = {"learning_rate": 0.5, "network": {"layers": 2}}
    with MetricsWriter(folder, [writer], settings=settings, from_steps=from_steps) as metrics:
        metrics.write({"steps": 10.0, "return_mean": 1.5})


def calls_of(name: str) -> list[Any]:
    calls = sys.modules[name].CALLS  # type: ignore[attr-defined]
    plain: list[Any] = json.loads(json.dumps(calls))
    calls.clear()
    return plain


def test_mlflow_gets_settings_as_parameters_and_a_batch_of_metrics_a_row(
    libraries: Path, behavior_folder: Path
) -> None:
    train(behavior_folder, "mlflow")
    results = behavior_folder.parent.parent
    assert calls_of("mlflow") == [
        ["connect", (results / "mlruns").as_uri()],
        ["experiment", "learning-bridge"],
        ["run", "7", "my-run/Walker"],
        ["log", "abc", [], [["learning_rate", "0.5"], ["network.layers", "2"]]],
        ["log", "abc", [["steps", 10.0, 10], ["return_mean", 1.5, 10]], []],
        ["end", "abc"],
    ]
    train(behavior_folder, "mlflow", from_steps=10)
    assert ["goes on", "abc", "RUNNING"] in calls_of("mlflow")


def test_the_libraries_own_variables_say_where_to(libraries: Path, behavior_folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "walkers")
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_PROJECT", "walkers")
    train(behavior_folder, "mlflow")
    assert calls_of("mlflow")[:2] == [["connect", "http://tracking:5000"], ["experiment", "walkers"]]
    train(behavior_folder, "wandb")
    (_, options), *_ = calls_of("wandb")
    assert (options["project"], options["mode"]) == ("walkers", "online")


def test_weights_and_biases_stays_offline_and_finds_its_run_again(libraries: Path, behavior_folder: Path) -> None:
    train(behavior_folder, "wandb")
    first, *rest = calls_of("wandb")
    options = first[1]
    assert (options["mode"], options["project"], options["name"]) == ("offline", "learning-bridge", "my-run/Walker")
    assert options["config"] == {"learning_rate": 0.5, "network.layers": 2}
    assert rest == [["define", "*", "steps"], ["log", {"steps": 10.0, "return_mean": 1.5}], ["finish"]]
    train(behavior_folder, "wandb", from_steps=10)
    assert calls_of("wandb")[0][1]["id"] == options["id"]


def test_a_service_that_can_not_be_reached_is_given_up_and_training_goes_on(
    libraries: Path, behavior_folder: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://unreachable")
    with caplog.at_level(logging.ERROR):
        train(behavior_folder, "mlflow")
    (record,) = caplog.records
    text = "metrics for mlflow end here, and training goes on without: ConnectionError: no route to host"
    assert record.getMessage() == text
    assert (behavior_folder / "metrics.jsonl").read_text().count("\n") == 1


class Stuck(RowWriter):
    """Waits for a network that never answers."""

    def __init__(self) -> None:
        self.freed = threading.Event()

    def write(self, row: MetricsRow) -> None:
        self.freed.wait()

    def close(self) -> None:
        """Nothing to end."""


def test_a_service_that_never_answers_holds_up_neither_updates_nor_the_end(caplog: pytest.LogCaptureFixture) -> None:
    stuck = Stuck()
    writer = BackgroundWriter("slow", lambda: stuck, close_s=0.01)
    with caplog.at_level(logging.WARNING):
        for steps in range(1500):
            writer.write(MetricsRow(0.0, {"steps": float(steps)}))
        writer.close()
    assert [record.getMessage() for record in caplog.records] == [
        "metrics for slow: 1000 rows wait; some are left out until it has caught up",
        "metrics for slow: not all were written within 0 s",
    ]
    stuck.freed.set()
