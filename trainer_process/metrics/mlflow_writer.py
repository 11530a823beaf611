"""MLflow, by its own library."""

from __future__ import annotations

import os
from typing import Any

from trainer_process.metrics.metrics_row import MetricsRow
from trainer_process.metrics.row_writer import RowWriter
from trainer_process.metrics.tracking_place import PROJECT, TrackingPlace, flat_settings

LOCAL_FOLDER = "mlruns"
PARAMS_PER_CALL = 100
"""What MLflow takes at once."""

PARAM_LENGTH = 500
"""What every store of MLflow holds."""


class MlflowWriter(RowWriter):
    """A run of MLflow's with a curve for each number.

    Where to is what `MLFLOW_TRACKING_URI` says, and without it the folder `mlruns` beside the runs; the experiment is
    `MLFLOW_EXPERIMENT_NAME`, or `learning-bridge`. What lies beyond the checkpoint of a run that goes on can't be
    taken out there.
    """

    def __init__(self, place: TrackingPlace) -> None:
        """Connects; what the library raises is passed on."""
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # it wants to be told, since release 3
            uri = (place.results / LOCAL_FOLDER).absolute().as_uri()
        import mlflow
        from mlflow.entities import Metric, Param

        self._metric: Any = Metric
        self._client: Any = mlflow.MlflowClient(tracking_uri=uri)
        self._run_id = place.known_id("mlflow")
        if self._run_id:
            self._client.update_run(self._run_id, status="RUNNING")
        else:
            self._run_id = self._begin(place)
            place.keep_id("mlflow", self._run_id)
            params = [Param(name, str(value)[:PARAM_LENGTH]) for name, value in flat_settings(place.settings).items()]
            for at in range(0, len(params), PARAMS_PER_CALL):
                self._client.log_batch(self._run_id, params=params[at : at + PARAMS_PER_CALL])

    def write(self, row: MetricsRow) -> None:
        now_ms = int(1000 * row.time_s)
        numbers = {name: value for name, value in row.columns.items() if name != "time"}
        made = [self._metric(_key(name), value, now_ms, row.steps) for name, value in numbers.items()]
        self._client.log_batch(self._run_id, metrics=made)

    def close(self) -> None:
        self._client.set_terminated(self._run_id)

    def _begin(self, place: TrackingPlace) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
        found = self._client.get_experiment_by_name(name)
        experiment = self._client.create_experiment(name) if found is None else found.experiment_id
        return str(self._client.create_run(experiment, run_name=place.name).info.run_id)


def _key(name: str) -> str:
    """MLflow takes letters, digits and a few signs."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)
