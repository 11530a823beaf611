"""Where in a configuration something stands: its path, and its place in the file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""From the top, as ("behaviors", "Walker", "max_steps")."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*|\*", re.ASCII)
_STEP = re.compile(r'\.?(?:(?P<plain>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\])')


@dataclass(frozen=True)
class Place:
    """Where a value was written.

    Attributes:
        file: as it was named; empty for the command line.
        line: from 1.
        column: from 1.
        known_source: where the value came from before, in a configuration that a run has written.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    known_source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.file else "command line"

    @property
    def source(self) -> str:
        """Of a value, in a word: `config.yaml:12`, or `command line`."""
        if self.known_source:
            return self.known_source
        name = self.file.replace("\\", "/").rsplit("/", 1)[-1]
        return f"{name}:{self.line}" if self.file else "command line"


COMMAND_LINE = Place()


def dotted(path: KeyPath) -> str:
    """`behaviors.Walker.max_steps`; a key that isn't a plain word stands as `["My game"]`, an index as `[2]`."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _PLAIN_KEY.fullmatch(part):
            parts.append(f".{part}" if parts else part)
        else:
            parts.append(f"[{json.dumps(part, ensure_ascii=not part.isprintable())}]")
    return "".join(parts)


def parsed(text: str) -> KeyPath:
    """The path that `dotted` wrote.

    Raises:
        ValueError: it is none.
    """
    path: list[str | int] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(f"a path as env_settings.num_envs, got {text!r:.100}")
        position = step.end()
        if step["index"] is not None:
            path.append(int(step["index"]))
        elif step["quoted"] is not None:
            path.append(str(json.loads(step["quoted"])))
        else:
            path.append(step["plain"])
    return tuple(path)


def full_path(path: KeyPath) -> str:
    """The path from `$`, the top."""
    text = dotted(path)
    return "$" if not text else f"${text}" if text.startswith("[") else f"$.{text}"
