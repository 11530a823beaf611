"""YAML files are read as plain data with places, and what is none is told with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_process.configuration.document import MAX_FILE_BYTES, parse_document, read_document
from trainer_process.configuration.value_tree import ValueTree
from trainer_process.errors import ConfigurationError


def parsed(text: str | bytes) -> ValueTree:
    return parse_document(text.encode() if isinstance(text, str) else text, "c.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 3e-4),
        ("5e5", 5e5),
        ("1.0e6", 1e6),
        ("1.e-3", 1e-3),
        (".5", 0.5),
        ("-2E+3", -2000.0),
        ("1_000_000", 1_000_000),
        ("0x1F", 31),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("'3e-4'", "3e-4"),
        ('"yes"', "yes"),
        ("1:30", "1:30"),
        ("2026-01-02", "2026-01-02"),
        ("[1, x]", [1, "x"]),
    ],
)
def test_values_are_what_people_mean_by_them(text: str, value: object) -> None:
    received = parsed(f"key: {text}").get(("key",))
    assert received == value
    assert type(received) is type(value)


def test_every_value_and_key_has_its_place() -> None:
    tree = parsed("a: 1\nb:\n  - c: 2\n    d: [3,  4]\n")
    assert str(tree.places[("a",)]) == "c.yaml:1:4"
    assert str(tree.key_places[("b",)]) == "c.yaml:2:1"
    assert str(tree.places[("b", 0, "d", 1)]) == "c.yaml:4:13"
    assert str(tree.key_places[("b", 0, "d")]) == "c.yaml:4:5"
    assert tree.places[("a",)].source == "c.yaml:1"


def test_what_is_not_there_is_placed_where_it_should_be() -> None:
    tree = parsed("a:\n  b: {c: 1}\n")
    assert str(tree.place(("a", "b", "missing", "too"))) == "c.yaml:2:3"
    assert str(tree.place(("nothing",))) == "c.yaml:1:1"


def test_merged_mappings_lie_beneath_and_keep_their_places() -> None:
    tree = parsed("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  c: 5\n")
    assert tree.get(("z",)) == {"c": 5, "a": 1, "b": 2}
    assert str(tree.places[("z", "a")]) == "c.yaml:1:11"
    assert str(tree.places[("z", "c")]) == "c.yaml:5:6"


def test_an_alias_is_a_copy_of_its_own() -> None:
    tree = parsed("x: &x {a: 1}\ny: *x\n")
    tree.set(("y", "a"), 2, tree.places[("x", "a")])
    assert tree.root == {"x": {"a": 1}, "y": {"a": 2}}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~"])
def test_an_empty_file_holds_nothing(text: str) -> None:
    assert parsed(text).root == {}


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    assert parsed(b"\xef\xbb\xbfa: 1").root == {"a": 1}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\nb: 2\na: 3", "c.yaml:3:1: $.a: expected each key once, got 'a' again, after line 1"),
        (b"a: {b: 1, b: 2}", "c.yaml:1:11: $.a.b: expected each key once"),
        (b"- 1", "c.yaml:1:1: $: expected a mapping"),
        (b"only words", "c.yaml:1:1: $: expected a mapping"),
        (b"a: [1\nb: 2", "c.yaml:2:"),
        (b"a: \xff", "c.yaml:1:4: $: expected text in UTF-8, got the byte 0xff"),
        (b"a: \x01", "c.yaml:1:4: $: expected YAML, got a mistake in its syntax (the character U+0001)"),
        (b"a: *b", "c.yaml:1:4: $: expected YAML"),
        (b"a: 1\n---\nb: 2", "c.yaml:2:1: $: expected YAML"),
        (b"? [1]\n: 2", "c.yaml:1:3: $: expected a key that is a word"),
        (b"<<: 3", "c.yaml:1:5: $: expected a mapping to merge"),
        (b"a: !!python/object/apply:os.getcwd []", "c.yaml:1:4: $.a: expected plain data"),
        (b"a: !!binary aGk=", "c.yaml:1:4: $.a: expected plain data"),
        (b"a: &a [*a]", "c.yaml:1:4: $.a[0]: expected an alias of something finished"),
        (b"a: &a {<<: *a}", "c.yaml:1:4: $.a: expected an alias of something finished"),
        (b"a: " + b"9" * 5000, "c.yaml:1:4: $.a: expected a number"),
        (b"a: " + b"[" * 5000, "c.yaml:1:1: $: expected YAML"),
        (b"a: " + b"[" * 80 + b"]" * 80, "expected at most 64 levels"),
    ],
)
def test_what_is_no_configuration_is_told_with_its_place(content: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parsed(content)
    assert caught.value.problems[0].startswith(words) or words in caught.value.problems[0]


@pytest.mark.parametrize(
    ("first", "line"),
    [("x0: &x0 [1]", "x{1}: &x{1} [{0}]"), ("x0: &x0 {a: 1}", "x{1}: &x{1} {{<<: [{0}]}}")],
)
def test_aliases_of_aliases_do_not_fill_the_memory(first: str, line: str) -> None:
    lines = [first]
    for level in range(1, 12):
        lines.append(line.format(", ".join([f"*x{level - 1}"] * 10), level))
    with pytest.raises(ConfigurationError, match="at most 100000 values"):
        parsed("\n".join(lines))


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no\.yaml: expected a configuration file"):
        read_document(tmp_path / "no.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ConfigurationError, match=r"large\.yaml: expected a file of at most"):
        read_document(tmp_path / "large.yaml")
