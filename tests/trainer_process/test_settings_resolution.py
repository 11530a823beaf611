"""Whose settings hold, and where two of them differ."""

from __future__ import annotations

import pytest

from trainer_process.errors import SettingsError
from trainer_process.settings_resolution import (
    first_difference,
    first_tree_difference,
    merge_settings,
    parse_assignments,
    setting_sources,
)


def test_assignments_are_read_as_json_or_as_text_and_dots_lead_inward() -> None:
    texts = ["a=3e-4", "b=true", "c=null", "d=[1, 2]", "e=linear", "inner.depth=2", "inner.name = x=y"]
    assert parse_assignments(texts) == {
        "a": 3e-4,
        "b": True,
        "c": None,
        "d": [1, 2],
        "e": "linear",
        "inner": {"depth": 2, "name": "x=y"},
    }


@pytest.mark.parametrize("text", ["learning_rate", "=3", "a..b=1", ".a=1"])
def test_an_assignment_without_name_or_value_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match="name=value"):
        parse_assignments([text])


def test_a_setting_can_not_have_a_value_and_settings_below_it() -> None:
    with pytest.raises(SettingsError, match=r"inner\.depth"):
        parse_assignments(["inner=1", "inner.depth=2"])


def test_overrides_win_name_by_name() -> None:
    host = {"a": 1, "inner": {"x": 1, "y": 2}}
    assert merge_settings(host, {"inner": {"y": 3}, "b": 4}) == {"a": 1, "inner": {"x": 1, "y": 3}, "b": 4}
    assert host == {"a": 1, "inner": {"x": 1, "y": 2}}


def test_every_setting_has_a_source() -> None:
    resolved = {"a": 1, "inner": {"x": 1, "y": 3}, "z": 0}
    assert setting_sources(resolved, {"a": 1, "inner": {"x": 1, "y": 2}}, {"inner": {"y": 3}}) == {
        "a": "host",
        "inner.x": "host",
        "inner.y": "command line",
        "z": "default",
    }


def test_a_setting_of_the_file_has_its_line_and_one_of_the_dialect_its_default_as_source() -> None:
    sources = setting_sources(
        {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5},
        {"b": 2},
        {"a": 1, "e": 5},
        override_sources={"a": "walker.yaml:12"},
        defaults={"b": 7, "c": 3},
    )
    assert sources == {
        "a": "walker.yaml:12",
        "b": "host",
        "c": "default (ML-Agents)",
        "d": "default",
        "e": "command line",
    }


def test_only_what_a_host_names_and_the_command_line_leaves_open_can_differ() -> None:
    running = {"a": 1, "b": 2, "inner": {"x": [1, 2]}}
    asked = {"a": 5, "b": 7, "inner": {"x": [1, 3]}}
    assert first_difference({}, asked, running, {}) is None
    assert first_difference({"a": 5}, asked, running, {"a": 1}) is None
    assert first_difference({"b": 7}, asked, running, {"a": 1}) == ("b", 2, 7)
    assert first_difference({"inner": {"x": (1, 3)}}, asked, running, {}) == ("inner.x", [1, 2], [1, 3])


@pytest.mark.parametrize(
    ("received", "difference"),
    [
        ({"a": [1, {"b": 2}]}, None),
        ({"a": (1, {"b": 2})}, None),
        ({"a": [1, {"b": 3}]}, ("$.a[1].b", 2, 3)),
        ({"a": [1]}, ("$.a", "2 entries", "1 entries")),
        ({"a": [1, {}]}, ("$.a[1].b", 2, "nothing")),
        ({"a": [1, {"b": 2}], "c": 1}, ("$.c", "nothing", 1)),
    ],
)
def test_trees_are_compared_by_path(received: object, difference: object) -> None:
    assert first_tree_difference({"a": [1, {"b": 2}]}, received, "$") == difference
