"""Plain data as YAML, one value a line, with a comment behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from trainer_process.configuration.document import NUMBER_RESOLVER
from trainer_process.configuration.place import KeyPath, dotted

_Dumper: Any = type("_Dumper", (yaml.SafeDumper,), {})  # knows the same numbers as the loader, and so quotes such texts
_Dumper.add_implicit_resolver(*NUMBER_RESOLVER)
_WIDTH = 1_000_000


def yaml_lines(plain: Mapping[str, object], comments: Mapping[str, str], path: KeyPath = ()) -> Iterator[str]:
    """Lines of YAML for nested mappings; `comments` by dotted path."""
    indent = "  " * len(path)
    for key, value in plain.items():
        inner = (*path, key)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{one_line(key)}:"
            yield from yaml_lines(value, comments, inner)
        else:
            comment = comments.get(dotted(inner), "")
            yield f"{indent}{one_line(key)}: {one_line(value)}" + (f"  # {comment}" if comment else "")


def one_line(value: object) -> str:
    """Plain data as one line of YAML."""
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, default_style=style, width=_WIDTH)
    return text.removesuffix("\n").removesuffix("\n...")


def leaves(plain: Mapping[str, object], path: KeyPath = ()) -> Iterator[tuple[str, object]]:
    """Every value that isn't a mapping with something in it, by its dotted path."""
    for key, value in plain.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, key))
        else:
            yield dotted((*path, key)), value
