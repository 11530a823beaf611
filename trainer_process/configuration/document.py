"""A YAML file as plain data, with the place of every value.

Read are the nodes that PyYAML composes, so that doubled keys are found and nothing but plain data can come of them.
Numbers may be written as people write them: YAML 1.1 has 3e-4 as text, and here it is a number.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from trainer_process.configuration.place import KeyPath, Place
from trainer_process.configuration.problem import Problem, configuration_error
from trainer_process.configuration.value import NUMBER_TEXT
from trainer_process.configuration.value_tree import ValueTree
from trainer_process.errors import ConfigurationError

MAX_FILE_BYTES = 4 * 2**20
"""No configuration comes near; a file that was meant otherwise does."""

MAX_VALUES = 100_000
"""Of all aliases written out, so that a small file can't become a large one."""

MAX_DEPTH = 64

_TAG = "tag:yaml.org,2002:"
NUMBER_RESOLVER = (f"{_TAG}float", re.compile(f"^(?:{NUMBER_TEXT.pattern})$"), list("-+.0123456789"))
"""Which scalars are numbers, beside those that YAML 1.1 has for such."""

_BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


_Loader: Any = type("_Loader", (yaml.SafeLoader,), {})  # PyYAML's safe one, which knows more numbers
_Loader.add_implicit_resolver(*NUMBER_RESOLVER)


def read_document(path: Path) -> ValueTree:
    """What a configuration file holds; an empty one holds nothing.

    Raises:
        ConfigurationError: it can't be read, isn't UTF-8 or YAML, is no mapping, or has a key twice.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        wanted = "a configuration file that can be read"
        raise ConfigurationError([f"{path}: expected {wanted}, got {error.strerror or error}"]) from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigurationError([f"{path}: expected a file of at most {MAX_FILE_BYTES} bytes, got a larger one"])
    return parse_document(content, str(path))


def parse_document(content: bytes, file: str) -> ValueTree:
    """The same out of a file's bytes; `file` is what it is called."""
    text = _decoded(content, file)
    try:
        root = yaml.compose(text, Loader=_Loader)
        return _Reader(file).read(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file, 1, 1)
        raise _syntax_error(place, " ".join(str(error.problem or error.context).split())) from error
    except yaml.reader.ReaderError as error:
        place = _place_of(text, error.position, file)
        raise _syntax_error(place, f"the character U+{int(error.character):04X}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _syntax_error(Place(file, 1, 1), str(error)[:200] or "too deep a nesting") from error


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        raise configuration_error(
            [
                Problem(
                    _place_of(before, len(before), file), (), "text in UTF-8", f"the byte {content[error.start]:#04x}"
                )
            ]
        ) from error


def _place_of(text: str, position: int, file: str) -> Place:
    before = text[:position]
    return Place(file, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _syntax_error(place: Place, problem: str) -> ConfigurationError:
    return configuration_error([Problem(place, (), "YAML", f"a mistake in its syntax ({problem})")])


class _Reader:
    """Makes a tree out of nodes, and collects what is wrong with them."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._tree = ValueTree(file)
        self._problems: list[Problem] = []
        self._count = 0
        self._open: list[int] = []
        self._loader: Any = _Loader("")

    def read(self, root: yaml.Node | None) -> ValueTree:
        value = None if root is None else self._value(root, ())
        if value is not None and not isinstance(value, dict) and not self._problems:
            keys = "a mapping, as behaviors: and what is below it"
            self._problems.append(Problem(self._place(root), (), keys, type(value).__name__))
        if self._problems:
            raise configuration_error(self._problems)
        self._tree.root = value if isinstance(value, dict) else {}
        return self._tree

    def _place(self, node: yaml.Node | None) -> Place:
        mark = None if node is None else node.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark is not None else Place(self._file, 1, 1)

    def _value(self, node: yaml.Node, path: KeyPath) -> object:
        """The plain data of a node that stands at that path; None where there is a problem."""
        self._count_one(node, path)
        if id(node) in self._open or len(path) > MAX_DEPTH:
            wanted = "an alias of something finished" if id(node) in self._open else f"at most {MAX_DEPTH} levels"
            self._refuse(node, path, wanted, "one of itself" if id(node) in self._open else "more")
            return None
        self._tree.places[path] = self._place(node)
        self._open.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
                return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
            if isinstance(node, yaml.ScalarNode):
                return self._scalar(node, path)
            self._refuse(node, path, "plain data", f"the tag {node.tag[:80]}")
            return None
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, inner in self._pairs(node, path, set()):
            self._tree.key_places[(*path, key.value)] = self._place(key)
            values[key.value] = self._value(inner, (*path, key.value))
        return values

    def _pairs(self, node: yaml.MappingNode, path: KeyPath, above: set[str]) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        """Keys and values, those of merged mappings (`<<`) last; `above` are keys that are given already."""
        self._count_one(node, path)
        own: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, path, "a key that is a word", "a mapping or a list as key")
            elif key.tag == f"{_TAG}merge":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif key.value in own:
                first = self._place(own[key.value][0])
                self._refuse(
                    key, (*path, key.value), "each key once", f"{key.value!r:.60} again, after line {first.line}"
                )
            else:
                own[key.value] = key, value
        pairs = [pair for name, pair in own.items() if name not in above]
        known = above | set(own)
        for source in merged:
            if not isinstance(source, yaml.MappingNode):
                self._refuse(source, path, "a mapping to merge", "something else")
            elif id(source) in self._open:
                self._refuse(source, path, "an alias of something finished", "one of itself")
            else:
                self._open.append(id(source))
                inner = self._pairs(source, path, known)
                self._open.pop()
                known |= {key.value for key, _ in inner}
                pairs += inner
        return pairs

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> object:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind in ("str", "timestamp", "value") or (kind in ("int", "float") and ":" in text):
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        try:
            if kind == "int":
                return self._loader.construct_yaml_int(node)
            if kind == "float":
                return self._loader.construct_yaml_float(node)
        except (ValueError, IndexError, OverflowError):
            self._refuse(node, path, "a number", repr(text[:60]))
            return None
        self._refuse(node, path, "plain data", f"the tag {node.tag[:80]}")
        return None

    def _count_one(self, node: yaml.Node, path: KeyPath) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            problem = Problem(self._place(node), path[:1], f"at most {MAX_VALUES} values", "more, with its aliases")
            raise configuration_error([problem])

    def _refuse(self, node: yaml.Node, path: KeyPath, expected: str, received: str) -> None:
        self._problems.append(Problem(self._place(node), path, expected, received))
