"""A behavior of a configuration as the settings that it is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_process.configuration.behavior import BehaviorSettings
from trainer_process.configuration.place import dotted
from trainer_process.configuration.translation import trainer_type_of
from trainer_process.configuration.written import leaves
from trainer_process.run_folder import RunFolder
from trainer_process.settings_resolution import FROM_COMMAND_LINE, FROM_DEFAULT, merge_settings
from trainer_process.start_settings import StartSettings

if TYPE_CHECKING:
    from trainer_process.configuration.run_configuration import RunConfiguration


def start_settings(
    configuration: RunConfiguration, name: str, base: StartSettings, assignments: Mapping[str, object]
) -> StartSettings:
    """See `RunConfiguration.start_settings`."""
    translated = configuration.translated(name)
    named = translated.overrides if translated else configuration.run_overrides()
    sources = translated.override_sources if translated else configuration.run_override_sources()
    typed = {path: FROM_COMMAND_LINE for path, _ in leaves(assignments)}
    start = configuration.checkpoint_settings
    made = replace(
        base,
        overrides=merge_settings(merge_settings(base.overrides, named), assignments),
        override_sources={**base.override_sources, **sources, **typed},
        resume=base.resume or start.resume or start.inference,
        learns=base.learns and not start.inference,
        metrics_writers=_writers(configuration, base),
        start_path=_initial_run(configuration, name) or base.start_path,
    )
    behavior = configuration.behavior_settings(name)
    if translated is None or behavior is None or not configuration.names_behaviors:
        return made
    of_networks = {"trainer_type": _trainer_type_source(configuration, name), **translated.network_sources}
    return replace(
        made,
        override_sources={**of_networks, **made.override_sources},
        defaults={**base.defaults, **translated.defaults},
        trainer_type=trainer_type_of(behavior),
        networks=translated.networks,
        **_kept(behavior),
        start_path=Path(behavior.init_path) if behavior.init_path else made.start_path,
    )


def _trainer_type_source(configuration: RunConfiguration, name: str) -> str:
    path = configuration.behavior_path(name) or ()
    return configuration.sources.get(dotted((*path, "trainer_type")), FROM_DEFAULT)


def _kept(behavior: BehaviorSettings) -> dict[str, Any]:
    """How often what is kept of a behavior."""
    return {
        "checkpoint_steps": behavior.checkpoint_interval,
        "kept_checkpoints": behavior.keep_checkpoints,
        "summary_steps": behavior.summary_freq,
    }


def _writers(configuration: RunConfiguration, base: StartSettings) -> tuple[str, ...]:
    is_named = configuration.is_named("metrics_settings.writers")
    return configuration.metrics_settings.writers if is_named else base.metrics_writers


def _initial_run(configuration: RunConfiguration, name: str) -> Path | None:
    """The folder of the behavior in the run that this one starts from."""
    start = configuration.checkpoint_settings
    if start.initialize_from is None:
        return None
    return RunFolder(Path(start.results_dir), start.initialize_from).behavior(name).path
