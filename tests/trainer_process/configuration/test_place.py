"""Paths are written so that they can be read again, whatever the names in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_process.configuration.place import COMMAND_LINE, Place, dotted, full_path, parsed


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("behaviors", "Walker", "max_steps"), "behaviors.Walker.max_steps"),
        (("behaviors", "3DBall", "x"), "behaviors.3DBall.x"),
        (("behaviors", "*", "threaded"), "behaviors.*.threaded"),
        (("behaviors", "My game", "x"), 'behaviors["My game"].x'),
        (("a", 2, "b"), "a[2].b"),
    ],
)
def test_paths_are_written_as_people_read_them(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text
    assert parsed(text) == path
    assert full_path(path).startswith("$")


@given(st.lists(st.text(min_size=1) | st.integers(0, 99), max_size=4))
def test_every_path_is_read_as_it_was_written(parts: list[str | int]) -> None:
    assert parsed(dotted(tuple(parts))) == tuple(parts)


@pytest.mark.parametrize("text", ["a[", 'a["', "a[b]", ".", "a.."])
def test_what_is_no_path_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"env_settings\.num_envs"):
        parsed(text)


def test_a_source_is_the_name_of_the_file_and_the_line() -> None:
    assert Place("/home/me/walker.yaml", 12, 5).source == "walker.yaml:12"
    assert str(Place("/home/me/walker.yaml", 12, 5)) == "/home/me/walker.yaml:12:5"
    assert COMMAND_LINE.source == str(COMMAND_LINE) == "command line"
