"""What a tracking service calls a behavior's run, and how a run that goes on is found there again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = "learning-bridge"
"""The project, or experiment, where no variable of the environment names another."""


@dataclass(frozen=True)
class TrackingPlace:
    """Where a behavior's metrics belong.

    Attributes:
        folder: of the behavior, inside that of its run, inside that of all results.
        settings: every setting in force, as parameters.
        goes_on: whether an earlier run is gone on with.
    """

    folder: Path
    settings: Mapping[str, object]
    goes_on: bool

    @property
    def run(self) -> str:
        """The run's id."""
        return self.folder.parent.name

    @property
    def name(self) -> str:
        """The run and the behavior."""
        return f"{self.run}/{self.folder.name}"

    @property
    def results(self) -> Path:
        """Holds all runs."""
        return self.folder.parent.parent

    def known_id(self, service: str) -> str:
        """What the service calls the run that is gone on with; empty where there is none."""
        path = self._id_file(service)
        return path.read_text(encoding="utf-8").strip() if self.goes_on and path.exists() else ""

    def keep_id(self, service: str, run_id: str) -> None:
        """Notes it down for later."""
        self._id_file(service).write_text(run_id + "\n", encoding="utf-8")

    def _id_file(self, service: str) -> Path:
        return self.folder / f"{service}-run.txt"


def flat_settings(settings: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Settings by dotted names."""
    flat: dict[str, object] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flat_settings(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
