"""Values of a configuration as they are typed on a command line: `PATH=VALUE`."""

from __future__ import annotations

from collections.abc import Iterable

from trainer_process.configuration.document import parse_document
from trainer_process.errors import ConfigurationError


def typed_values(assignments: Iterable[str]) -> dict[str, object]:
    """Dotted paths and their values, which are read as YAML has them.

    Raises:
        ConfigurationError: a text has no `=`, or its value is no YAML.
    """
    values: dict[str, object] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path.strip():
            raise ConfigurationError(
                [f"--set: expected PATH=VALUE, as env_settings.num_envs=4, got {assignment!r:.100}"]
            )
        tree = parse_document(f"value: {text}".encode(), f"--set {path.strip()}")
        values[path.strip()] = tree.get(("value",))
    return values
