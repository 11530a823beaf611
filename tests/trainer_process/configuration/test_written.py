"""What is written is read again as it was, whatever the texts in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trainer_process.configuration.document import parse_document
from trainer_process.configuration.written import leaves, one_line, yaml_lines

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = scalars | st.lists(scalars, max_size=3)
keys = st.text(min_size=1, max_size=8).filter(lambda key: key != "<<")
trees = st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=3), max_size=4)


def test_numbers_are_such_in_other_readers_of_yaml_too_and_texts_that_look_like_them_are_quoted() -> None:
    assert one_line(1e-10) == "1.0e-10"
    assert one_line("3e-4") == "'3e-4'"
    assert one_line("a\nb") == '"a\\nb"'
    assert one_line({"a": [1, "b: c"]}) == "{a: [1, 'b: c']}"


@given(trees)
def test_every_tree_is_read_as_it_was_written(tree: dict[str, object]) -> None:
    text = "\n".join(yaml_lines(tree, {}))
    assert parse_document(text.encode(), "c.yaml").root == tree


def test_every_value_may_have_a_comment() -> None:
    lines = [*yaml_lines({"a": {"b": 1, "c": {}}, "d e": [2]}, {"a.b": "first", '["d e"]': "last"})]
    assert lines == ["a:", "  b: 1  # first", "  c: {}", "d e: [2]  # last"]
    assert dict(leaves({"a": {"b": 1, "c": {}}, "d e": [2]})) == {"a.b": 1, "a.c": {}, '["d e"]': [2]}
