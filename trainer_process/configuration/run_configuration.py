"""A run's configuration, read and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trainer_process.configuration.behavior import BehaviorSettings
from trainer_process.configuration.dialect import Dialect
from trainer_process.configuration.environment_parameter import EnvironmentParameter
from trainer_process.configuration.run_part import (
    CheckpointSettings,
    EngineSettings,
    EnvSettings,
    EvaluationSettings,
    MetricsSettings,
    TorchSettings,
)
from trainer_process.start_settings import StartSettings

FILE_NAME = "configuration.yaml"


@dataclass(frozen=True)
class RunConfiguration:
    """A run's configuration, resolved: every default filled in, and for every value where it came from.

    Attributes:
        dialect: all of it, as models of ML-Agents' dialect.
        sources: for the dotted path of every value: "default", "config.yaml:12" or "command line".
        path: the file; None without one.
        warnings: what is of no effect, a sentence each.
    """

    dialect: Dialect
    sources: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    warnings: tuple[str, ...] = ()

    @property
    def behaviors(self) -> Mapping[str, BehaviorSettings]:
        """By name."""
        return self.dialect.behaviors

    @property
    def default_settings(self) -> BehaviorSettings | None:
        """For behaviors that aren't named; None where there are none."""
        return self.dialect.default_settings

    @property
    def env_settings(self) -> EnvSettings:
        """Which hosts are started."""
        return self.dialect.env_settings

    @property
    def engine_settings(self) -> EngineSettings:
        """What their engine is told."""
        return self.dialect.engine_settings

    @property
    def environment_parameters(self) -> Mapping[str, EnvironmentParameter]:
        """By name; `lessons_of` makes lessons of each."""
        return self.dialect.environment_parameters

    @property
    def checkpoint_settings(self) -> CheckpointSettings:
        """Where the run is kept, and what it goes on from."""
        return self.dialect.checkpoint_settings

    @property
    def torch_settings(self) -> TorchSettings:
        """Where torch computes."""
        return self.dialect.torch_settings

    @property
    def metrics_settings(self) -> MetricsSettings:
        """Where metrics go."""
        return self.dialect.metrics_settings

    @property
    def evaluation_settings(self) -> EvaluationSettings:
        """How often the policy is tried without noise."""
        return self.dialect.evaluation_settings

    @property
    def debug(self) -> bool:
        """Whether more is logged."""
        return self.dialect.debug

    @property
    def seed(self) -> int | None:
        """Of everything random; None where neither file nor command line names one."""
        seed = self.env_settings.seed
        return None if seed < 0 else seed

    def is_named(self, path: str) -> bool:
        """Whether the file or the command line gives the value at that dotted path, as `env_settings.num_envs`."""
        return self.sources.get(path, "default") != "default"

    def start_settings(self, behavior: str, base: StartSettings, assignments: Mapping[str, object]) -> StartSettings:
        """How a behavior that a host names is started.

        Args:
            behavior: its name.
            base: what the configuration says nothing of; its overrides are the weakest.
            assignments: settings from --set, nested; they win over all others.

        Raises:
            SettingsError: the file names behaviors, but not this one, and has no default_settings.
        """
        return base

    def host_settings(self) -> dict[str, object]:
        """What hosts that the trainer starts are told, in the environment variable of run settings."""
        return {}

    def to_plain(self) -> dict[str, object]:
        """The resolved whole as plain data."""
        return self.dialect.to_plain()

    def write(self, folder: Path) -> None:
        """Writes `configuration.yaml`, whole or not at all; it loads again to the same."""
