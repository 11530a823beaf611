"""How each behavior of a run starts: its configuration's word, with that of the command line over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trainer_process.run_folder import RunFolder
from trainer_process.run_plan import RunPlan
from trainer_process.settings_resolution import FROM_COMMAND_LINE, merge_settings
from trainer_process.start_settings import StartSettings
from trainer_process.typed_options import TypedOptions

NETWORK_PARTS: Mapping[str, str] = {"policy": "policy_settings", "critic": "critic_settings"}
"""What `--set policy.…` and `--set critic.…` speak of, as `StartSettings.networks` has it."""


class BehaviorStarts:
    """Called with a behavior's name, on the learner's thread; the first call writes the run's configuration down.

    So a run that no host ever came to leaves no folder behind.
    """

    def __init__(
        self,
        plan: RunPlan,
        folder: RunFolder,
        base: StartSettings,
        typed: Mapping[str, object],
        *,
        start_path: Path | None = None,
        remembered: TypedOptions | None = None,
    ) -> None:
        """
        Args:
            plan: which run this is, and its configuration.
            folder: the run's.
            base: what the configuration says nothing of.
            typed: settings of the command line, nested; those of networks under "policy" and "critic".
            start_path: a policy that was named on the command line to start from.
            remembered: options that the run remembers, which the configuration has no names for.
        """
        self._plan = plan
        self._folder = folder
        self._base = base
        self._settings = {name: value for name, value in typed.items() if name not in NETWORK_PARTS}
        self._networks = {NETWORK_PARTS[name]: value for name, value in typed.items() if name in NETWORK_PARTS}
        self._start_path = start_path
        self._remembered = remembered

    def __call__(self, behavior: str) -> StartSettings:
        """The behavior's settings.

        Raises:
            SettingsError: the configuration hasn't got it.
            RunFolderError: the configuration can't be written.
        """
        start = self._plan.configuration.start_settings(behavior, self._base, self._settings)
        self._write_configuration()
        return replace(
            start,
            resume=self._plan.resume,
            learns=self._plan.learns,
            start_path=self._start_path or start.start_path,
            networks=_as_networks(merge_settings(start.networks, self._networks)),
            override_sources={**start.override_sources, **self._network_sources()},
            checkpoint_steps=0 if self._counts_updates else start.checkpoint_steps,
        )

    def _network_sources(self) -> dict[str, str]:
        """Of what was typed of networks, over where the configuration has it from."""
        typed = _as_networks(self._networks)
        return {f"{part}.{name}": FROM_COMMAND_LINE for part, values in typed.items() for name in values}

    @property
    def _counts_updates(self) -> bool:
        """Whether updates between checkpoints were typed: they win over the configuration's steps."""
        return self._remembered is not None and self._remembered.checkpoint_interval is not None

    def _write_configuration(self) -> None:
        """A run that only plays keeps the configuration that it learnt by."""
        if not self._plan.learns and self._folder.configuration_file.exists():
            return
        self._plan.configuration.write(self._folder.path)
        if self._remembered is not None:
            self._remembered.write(self._folder.path)


def _as_networks(plain: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    return {name: value for name, value in plain.items() if isinstance(value, Mapping)}
