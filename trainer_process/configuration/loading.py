"""From a file and what was typed to a run's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trainer_process.configuration.dialect import Dialect
from trainer_process.configuration.run_configuration import RunConfiguration


def load_configuration(path: Path | None, typed: Mapping[str, object] | None = None) -> RunConfiguration:
    """A run's configuration out of a file and what was typed.

    Args:
        path: of the file; None for defaults.
        typed: dotted paths of the dialect that were typed on the command line, and their values, as
            {"env_settings.num_envs": 4, "checkpoint_settings.run_id": "x"}. `behaviors.*.` leads into every behavior
            and default_settings, as {"behaviors.*.network_settings.deterministic": True}.

    Raises:
        ConfigurationError: tells all that is wrong.
    """
    return RunConfiguration(Dialect(), path=path)
