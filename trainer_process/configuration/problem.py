"""What is wrong with a configuration, a sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trainer_process.configuration.place import KeyPath, Place, full_path
from trainer_process.errors import ConfigurationError

MAX_SHOWN = 100
"""Characters of a value in a sentence."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        place: in the file.
        path: from the top.
        expected: what would have been right.
        received: what came.
        hint: what to do, or the nearest right thing; may be empty.
    """

    place: Place
    path: KeyPath
    expected: str
    received: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {full_path(self.path)}: expected {self.expected}, got {self.received}"
        return f"{text}; {self.hint}" if self.hint else text


def shown(value: object) -> str:
    """A value as it stands in a sentence."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, dict | list):
        kind = f"a mapping of {len(value)} keys" if isinstance(value, dict) else f"a list of {len(value)}"
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        if len(value) > 4 or any(isinstance(each, dict | list) for _, each in inner):
            return kind
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def without_repetition(problems: Iterable[Problem]) -> list[Problem]:
    """In the order of the file; what behaviors have from default_settings is told once."""
    first: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        first.setdefault((problem.place, problem.path[-1:], problem.expected, problem.received), problem)
    return sorted(first.values(), key=lambda problem: (problem.place.line, problem.place.column))


def configuration_error(problems: Iterable[Problem]) -> ConfigurationError:
    """All of them as one error."""
    return ConfigurationError([str(problem) for problem in without_repetition(problems)])
