"""Names that say what is inside, a top level as planned, and no loose ends."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import PurePosixPath

from tests.architecture.source_tree import PACKAGES, ROOT, source_files

PLANNED = {"README.md", "host_sdk", "protocol", "pyproject.toml", "tests", "tools", "trainer_process"}
SAYS_NOTHING = {"common", "helper", "helpers", "misc", "util", "utils"}
# Written in two halves, so that this file is not found by itself.
LOOSE_END = re.compile(
    r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"
    r"|NotImplemented" + r"Error|pytest\.(sk" + r"ip|mark\.(sk" + r"ip(?!if)|xf" + r"ail))"
    r"|type: ig" + r"nore(?!\[)|# no" + r"qa(?!:)"
)


def test_top_level_holds_only_what_the_plan_names() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    names = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".")}
    unplanned = {name for name in names - PLANNED if not any(fnmatch(name, pattern) for pattern in ignored)}
    assert unplanned == set()


def test_every_module_and_folder_has_a_name_that_says_something() -> None:
    parts = {
        (file.path, part)
        for file in source_files(*PACKAGES, "tools", "tests")
        for part in PurePosixPath(file.path.removesuffix(".py")).parts
    }
    assert {path for path, part in parts if part in SAYS_NOTHING} == set()


def test_nothing_is_left_for_later_or_silenced_without_a_reason() -> None:
    found = [
        f"{file.path}:{number} {line.strip()}"
        for file in source_files(*PACKAGES, "tools", "tests")
        for number, line in enumerate(file.text.splitlines(), 1)
        if LOOSE_END.search(line)
    ]
    assert found == []
