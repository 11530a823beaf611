"""Whose settings hold: those of the command line and the file before the host's, the host's before the defaults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from trainer_process.errors import SettingsError

FROM_COMMAND_LINE = "command line"
FROM_HOST = "host"
FROM_DEFAULT = "default"
FROM_DIALECT = "default (ML-Agents)"
"""Of a file in ML-Agents' dialect, which names the setting nowhere."""


def parse_assignments(assignments: Iterable[str]) -> dict[str, object]:
    """Nested settings out of `name=value` texts; dots in a name lead into nested settings.

    A value is read as JSON (`3e-4`, `true`, `null`, `[1, 2]`), and as plain text where it is none.

    Raises:
        SettingsError: a text has no `=`, or a name is given both a value and settings below it.
    """
    settings: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        parts = name.strip().split(".")
        if not equals or not all(parts):
            raise SettingsError("--set", "name=value, as learning_rate=3e-4", repr(assignment))
        place = settings
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"--set {name}", f"no value for {part} beside settings below it", repr(inner))
            place = inner
        place[parts[-1]] = _read_value(text.strip())
    return settings


def merge_settings(host: Mapping[str, object], overrides: Mapping[str, object]) -> dict[str, object]:
    """What the host set, with what stands over it; nested settings are merged name by name."""
    merged = dict(host)
    for name, value in overrides.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = merge_settings(below, value)
        else:
            merged[name] = value
    return merged


def setting_sources(
    resolved: Mapping[str, object],
    host: Mapping[str, object],
    overrides: Mapping[str, object],
    *,
    override_sources: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
) -> dict[str, str]:
    """For the dotted name of every resolved setting, where its value came from.

    Args:
        resolved: the settings that hold, whole.
        host: what the host named.
        overrides: what was laid over that.
        override_sources: where each of the overrides came from; those that aren't in it, from the command line.
        defaults: what was laid beneath the host's settings.
    """
    from_host, from_overrides = set(dict(_leaves(host))), set(dict(_leaves(overrides)))
    from_dialect, known = set(dict(_leaves(defaults or {}))), override_sources or {}

    def source(name: str) -> str:
        if name in from_overrides:
            return known.get(name, FROM_COMMAND_LINE)
        if name in from_host:
            return FROM_HOST
        return FROM_DIALECT if name in from_dialect else FROM_DEFAULT

    return {name: source(name) for name, _ in _leaves(resolved)}


def first_difference(
    given: Mapping[str, object],
    asked: Mapping[str, object],
    running: Mapping[str, object],
    overrides: Mapping[str, object],
) -> tuple[str, object, object] | None:
    """The first setting that a host names and that runs with another value.

    Args:
        given: what the host named; it has no opinion on the rest.
        asked: the settings that would follow from it, validated and whole.
        running: the settings that are in force, whole.
        overrides: what the command line set; the host's word doesn't count there.

    Returns:
        The setting's dotted name, the value in force, the value asked for; None where nothing differs.
    """
    named, fixed = set(dict(_leaves(given))), set(dict(_leaves(overrides)))
    in_force = dict(_leaves(running))
    for name, value in _leaves(asked):
        if name in named and name not in fixed and in_force.get(name) != value:
            return name, in_force.get(name), value
    return None


def first_tree_difference(expected: object, received: object, path: str) -> tuple[str, object, object] | None:
    """The first place where two plain trees (schemas, settings) differ: its path and both values there."""
    if isinstance(expected, Mapping) and isinstance(received, Mapping):
        for name in [*expected, *(name for name in received if name not in expected)]:
            if name not in expected or name not in received:
                return f"{path}.{name}", expected.get(name, "nothing"), received.get(name, "nothing")
            if (difference := first_tree_difference(expected[name], received[name], f"{path}.{name}")) is not None:
                return difference
        return None
    if isinstance(expected, list | tuple) and isinstance(received, list | tuple):
        if len(expected) != len(received):
            return path, f"{len(expected)} entries", f"{len(received)} entries"
        for index, (mine, theirs) in enumerate(zip(expected, received, strict=True)):
            if (difference := first_tree_difference(mine, theirs, f"{path}[{index}]")) is not None:
                return difference
        return None
    return None if expected == received else (path, expected, received)


def _leaves(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", list(value) if isinstance(value, tuple) else value


def _read_value(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
