"""Data is laid over and beneath other data together with its places."""

from __future__ import annotations

from trainer_process.configuration.document import parse_document
from trainer_process.configuration.place import COMMAND_LINE
from trainer_process.configuration.value_tree import ValueTree


def tree_of(text: str) -> ValueTree:
    return parse_document(text.encode(), "c.yaml")


def test_a_value_is_put_over_another_with_all_below_it() -> None:
    tree = tree_of("a: {b: {c: 1, d: 2}}")
    tree.set(("a", "b"), {"e": [3]}, COMMAND_LINE)
    assert tree.root == {"a": {"b": {"e": [3]}}}
    assert tree.places[("a", "b", "e", 0)] == COMMAND_LINE
    assert not tree.has(("a", "b", "c"))
    assert str(tree.place(("a",))) == "c.yaml:1:4"


def test_mappings_on_the_way_are_made_where_they_are_missing_or_something_else() -> None:
    tree = tree_of("a: 3")
    tree.set(("a", "b"), 1, COMMAND_LINE)
    tree.set(("x", "y", "z"), 2, COMMAND_LINE)
    assert tree.root == {"a": {"b": 1}, "x": {"y": {"z": 2}}}
    assert tree.places[("x", "y")] == COMMAND_LINE


def test_what_is_taken_out_leaves_no_places() -> None:
    tree = tree_of("a: {b: [1, {c: 2}]}\nd: 3")
    tree.remove(("a",))
    assert tree.root == {"d": 3}
    assert set(tree.places) == {(), ("d",)}
    assert set(tree.key_places) == {("d",)}


def test_what_lies_beneath_is_copied_and_nothing_above_changes() -> None:
    tree = tree_of("low: {a: 1, b: {c: 2, d: [3]}}\nhigh: {b: {c: 4}, e: 5}")
    tree.lay_beneath(("low",), ("high",))
    assert tree.get(("high",)) == {"b": {"c": 4, "d": [3]}, "e": 5, "a": 1}
    assert tree.places[("high", "b", "d", 0)] == tree.places[("low", "b", "d", 0)]
    assert tree.get(("high", "b", "d")) is not tree.get(("low", "b", "d"))


def test_keys_may_be_left_out_at_the_top_alone() -> None:
    tree = tree_of("low: {a: {b: 1}, b: 2}\nhigh: {a: {}}")
    tree.lay_beneath(("low",), ("high",), leave_out=("b",))
    assert tree.get(("high",)) == {"a": {"b": 1}}
