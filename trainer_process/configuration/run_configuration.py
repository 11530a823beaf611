"""A run's configuration, read and judged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer_process.configuration.behavior import BehaviorSettings, PPOBehavior
from trainer_process.configuration.dialect import Dialect
from trainer_process.configuration.environment_parameter import EnvironmentParameter
from trainer_process.configuration.place import KeyPath, dotted
from trainer_process.configuration.run_part import (
    CheckpointSettings,
    EngineSettings,
    EnvSettings,
    EvaluationSettings,
    MetricsSettings,
    TorchSettings,
)
from trainer_process.configuration.start import start_settings
from trainer_process.configuration.translation import Translated, translate
from trainer_process.configuration.written import yaml_lines
from trainer_process.errors import RunFolderError, SettingsError
from trainer_process.start_settings import StartSettings

FILE_NAME = "configuration.yaml"

_TELL_BY_BEING_THERE = ("default_settings", ".network_settings.memory")
"""Mappings that mean something even if nothing in them is named."""

_FIRST = ("trainer_type", "hyperparameters", "network_settings", "reward_signals")
_OF_THE_RUN = {"device": "torch_settings.device", "seed": "env_settings.seed"}

DEFAULT_SEED = 1234
"""Of samplers where nothing names a seed. ML-Agents draws one then; here runs are the same unless one is named."""


@dataclass(frozen=True)
class RunConfiguration:
    """A run's configuration, resolved: every default filled in, and for every value where it came from.

    Attributes:
        dialect: all of it, as models of ML-Agents' dialect.
        sources: for the dotted path of every value: "default", "config.yaml:12" or "command line".
        path: the file; None without one.
        warnings: what is of no effect, a sentence each.
        named: for the dotted path of every value and mapping that isn't a default, where it came from.
        names_behaviors: whether the file says how any behavior is trained.
    """

    dialect: Dialect
    sources: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None
    warnings: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    names_behaviors: bool = False

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
        return path in self.named

    def translated(self, behavior: str) -> Translated | None:
        """A behavior under this project's own names; None where the file leaves it to its hosts.

        Raises:
            SettingsError: the file names behaviors, but not this one, and has no default_settings.
        """
        path = self.behavior_path(behavior)
        if path is None:
            return None
        inner = f"{dotted(path)}."
        named = {name.removeprefix(inner): source for name, source in self.named.items() if name.startswith(inner)}
        result = translate(self._behavior(path), named)
        for name, value in self.run_overrides().items():
            if name not in result.overrides:
                result.overrides[name] = value
                result.override_sources[name] = self.run_override_sources()[name]
        return result

    def behavior_settings(self, name: str) -> BehaviorSettings | None:
        """What the file says of a behavior, or of all that it doesn't name; None where it says nothing.

        Raises:
            SettingsError: the file names behaviors, but not this one, and has no default_settings.
        """
        path = self.behavior_path(name)
        return None if path is None else self._behavior(path)

    def behavior_path(self, name: str) -> KeyPath | None:
        """Where the file says how a behavior is trained; None where it says so of none.

        Raises:
            SettingsError: the file names behaviors, but not this one, and has no default_settings.
        """
        if name in self.behaviors:
            return ("behaviors", name)
        if self.default_settings is not None:
            return ("default_settings",)
        if not self.behaviors:
            return None
        known = f"one of the behaviors {', '.join(self.behaviors)} of {self.path}, since it has no default_settings"
        raise SettingsError("$.behavior", known, repr(name))

    def run_overrides(self) -> dict[str, object]:
        """Settings of every algorithm that the whole run has, as far as they are named."""
        values = {ours: self._run_value(ours) for ours, theirs in _OF_THE_RUN.items() if self.is_named(theirs)}
        return {name: value for name, value in values.items() if value is not None}

    def run_override_sources(self) -> dict[str, str]:
        """Where those came from."""
        return {name: self.named[_OF_THE_RUN[name]] for name in self.run_overrides()}

    def _run_value(self, name: str) -> object:
        return self.torch_settings.device if name == "device" else self.seed

    def start_settings(self, behavior: str, base: StartSettings, assignments: Mapping[str, object]) -> StartSettings:
        """How a behavior that a host names is started.

        Args:
            behavior: its name.
            base: what the configuration says nothing of; its overrides are the weakest.
            assignments: settings from --set, nested; they win over all others.

        Raises:
            SettingsError: the file names behaviors, but not this one, and has no default_settings.
        """
        return start_settings(self, behavior, base, assignments)

    def host_settings(self) -> dict[str, object]:
        """What hosts that the trainer starts are told, in the environment variable of run settings."""
        behaviors = [*self.behaviors.values(), *([self.default_settings] if self.default_settings else [])]
        settings: dict[str, object] = {
            "deterministic": any(behavior.network_settings.deterministic for behavior in behaviors),
            "learns": not self.checkpoint_settings.inference,
            "num_areas": self.env_settings.num_areas,
            "engine_settings": self.engine_settings.to_plain(),
            "behaviors": {name: self._networks(name) for name in self.behaviors},
        }
        if self.default_settings is not None:
            settings["default"] = self._networks("")
        if self.evaluation_settings.interval_steps:
            settings["evaluation_settings"] = self.evaluation_settings.model_dump()
        return settings if self.seed is None else {"seed": self.seed, **settings}

    def to_plain(self) -> dict[str, object]:
        """The resolved whole as plain data."""
        return plain_dialect(self.dialect)

    def write(self, folder: Path) -> None:
        """Writes `configuration.yaml`, whole or not at all; it loads again to the same.

        Raises:
            RunFolderError: it can't be written.
        """
        named = {name: source for name, source in self.sources.items() if source != "default"}
        named |= {name: source for name, source in self.named.items() if name.endswith(_TELL_BY_BEING_THERE)}
        lines = [
            "# The configuration of this run, written by learning-bridge: all that held, with where it came from.",
            *yaml_lines(self.to_plain(), self.sources),
            *yaml_lines({"sources": named}, {}),
        ]
        write_whole(folder / FILE_NAME, "\n".join([*lines, ""]).encode())

    def _behavior(self, path: KeyPath) -> BehaviorSettings:
        behavior = self.default_settings if len(path) == 1 else self.behaviors[str(path[1])]
        return behavior or PPOBehavior()

    def _networks(self, name: str) -> dict[str, dict[str, object]]:
        translated = self.translated(name)
        return {} if translated is None else translated.networks


def plain_dialect(dialect: Dialect) -> dict[str, object]:
    """All of it as plain data, without what a run adds when it writes."""
    plain: dict[str, Any] = dialect.to_plain()
    plain.pop("sources")
    plain["behaviors"] = {name: _in_order(behavior) for name, behavior in plain["behaviors"].items()}
    default = plain.pop("default_settings")
    return plain if default is None else {"default_settings": _in_order(default), **plain}


def _in_order(behavior: dict[str, object]) -> dict[str, object]:
    """Its parts in the order in which ML-Agents' files have them."""
    return {**{name: behavior[name] for name in _FIRST}, **behavior}


def write_whole(target: Path, content: bytes) -> None:
    """Writes a file whole or not at all, and makes its folder.

    Raises:
        RunFolderError: it can't be written.
    """
    unfinished = target.with_suffix(f".{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError as error:
        raise RunFolderError(f"run folder: expected to write {target}, got {error}") from error
