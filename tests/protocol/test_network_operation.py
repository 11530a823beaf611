"""Operations say what register they yield, and refuse what they can't read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from protocol.errors import SchemaError
from protocol.limits import MAX_NETWORK_FLOATS, MAX_REGISTER_SIZE
from protocol.network_operation import OPERATION_KINDS, ConvolutionShape, RegisterShape
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec

IMAGE = {"height": 5, "width": 4, "stride": 2, "padding": 1}
ATTENTION = ((6, 3), (6,), (6, 3), (6,), (8, 3), (8,))
GRU = ((12, 3), (12,), (12, 4), (12,))
LSTM = ((16, 3), (16, 4), (16,))
CELL = ((12, 7), (12,), (2, 4), (2,))


def yielded(kind: str, inputs: list[tuple[int, int]], shapes: tuple[tuple[int, ...], ...], **attributes: Any) -> Any:
    """What one operation yields on inputs of (size, rows), or the reason why it can't be."""
    try:
        given = [RegisterShape(*shape) for shape in inputs]
        return tuple(OPERATION_KINDS[kind].infer(given, list(shapes), attributes))
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    ("kind", "inputs", "shapes", "attributes", "expected"),
    [
        ("linear", [(3, 4)], ((5, 3), (5,)), {}, (5, 4)),
        ("activation", [(3, 4)], (), {"function": "sigmoid"}, (3, 4)),
        ("concat", [(3, 4), (2, 4)], (), {}, (5, 4)),
        ("slice", [(3, 4)], (), {"start": 1, "stop": 2}, (1, 4)),
        ("select", [(3, 4)], (), {"indices": (2, 2, 0, 1)}, (4, 4)),
        ("clamp", [(3, 4)], (), {"minimum": 0.0, "maximum": 0.0}, (3, 4)),
        ("scale", [(3, 4)], (), {"factor": 2.0}, (3, 4)),
        ("mean", [(3, 4)], (), {}, (1, 4)),
        ("gate_sum", [(2, 4), (5, 4), (5, 4)], (), {}, (5, 4)),
        ("broadcast", [], ((7,),), {}, (7, 1)),
        ("split", [(12, 2)], (), {"count": 3}, (4, 6)),
        ("join", [(4, 6)], (), {"count": 3}, (12, 2)),
        ("slot_bias", [(4, 6)], ((3, 4),), {"count": 3}, (4, 6)),
        ("attention_pool", [(3, 10), (5, 2)], ATTENTION, {"heads": 2, "count": 5}, (8, 2)),
        ("convolution", [(60, 2)], ((7, 3, 3, 3), (7,)), IMAGE, (3 * 2 * 7, 2)),
        ("gru", [(3, 2), (4, 2)], GRU, {}, (4, 2)),
        ("lstm", [(3, 2), (8, 2)], LSTM, {}, (8, 2)),
        ("learning_agents_cell", [(3, 2), (4, 2)], CELL, {}, (6, 2)),
    ],
)
def test_an_operation_yields_so_many_numbers_in_so_many_rows(
    kind: str, inputs: list[tuple[int, int]], shapes: Any, attributes: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert yielded(kind, inputs, shapes, **attributes) == expected


@pytest.mark.parametrize(
    ("kind", "inputs", "shapes", "attributes", "reason"),
    [
        ("normalize", [(2, 3)], ((2,), (2,), (1,)), {"clip": 1.0, "epsilon": 1.0, "normalized": (0, 1)}, "one row"),
        ("activation", [(3, 1)], (), {"function": "softmax"}, "a function out of"),
        ("concat", [(3, 4), (3, 2)], (), {}, "4 rows an agent each"),
        ("select", [(3, 1)], (), {"indices": ()}, "at least one index"),
        ("select", [(3, 1)], (), {"indices": (0, 3)}, r"0..2"),
        ("select", [(3, 1)], (), {"indices": (-1,)}, r"0..2"),
        ("mean", [(3, 1), (3, 1)], (), {}, "exactly one input"),
        ("gate_sum", [], (), {}, "at least one input"),
        ("gate_sum", [(2, 1), (5, 1)], (), {}, "2 inputs after the gates"),
        ("gate_sum", [(2, 1), (5, 1), (4, 1)], (), {}, "of one size"),
        ("gate_sum", [(1, 1), (5, 2)], (), {}, "rows"),
        ("split", [(12, 1)], (), {"count": 5}, "divides 12"),
        ("split", [(12, 1)], (), {"count": 0}, "divides 12"),
        ("split", [(12, 1)], (), {"count": -3}, "divides 12"),
        ("join", [(2, 6)], (), {"count": 4}, "the 6 rows"),
        ("join", [(2, 6)], (), {"count": 0}, "the 6 rows"),
        ("slot_bias", [(4, 6)], ((4, 4),), {"count": 4}, "the 6 rows"),
        ("slot_bias", [(4, 6)], ((2, 3),), {"count": 2}, r"parameters of shapes \(\(2, 4\),\)"),
        ("attention_pool", [(3, 10)], ATTENTION, {"heads": 2, "count": 5}, "two inputs"),
        ("attention_pool", [(3, 10), (5, 1)], ATTENTION, {"heads": 2, "count": 5}, "a presence of"),
        ("attention_pool", [(3, 10), (4, 2)], ATTENTION, {"heads": 2, "count": 5}, "a presence of"),
        ("attention_pool", [(3, 10), (5, 2)], ATTENTION, {"heads": 4, "count": 5}, "heads that divide the 6"),
        ("attention_pool", [(3, 10), (5, 2)], ATTENTION, {"heads": 3, "count": 5}, "3 heads that divide the 8"),
        ("attention_pool", [(3, 10), (5, 2)], ATTENTION, {"heads": 0, "count": 5}, "heads that divide"),
        ("attention_pool", [(3, 10), (5, 2)], ATTENTION, {"heads": 2, "count": 3}, "the 10 rows"),
        ("attention_pool", [(4, 10), (5, 2)], ATTENTION, {"heads": 2, "count": 5}, "parameters of shapes"),
        ("convolution", [(61, 1)], ((7, 3, 3, 3), (7,)), IMAGE, "5 x 4 x 3 numbers"),
        ("convolution", [(60, 1)], ((7, 3, 2, 3), (7,)), IMAGE, "a square filter"),
        ("convolution", [(60, 1)], ((7, 3, 3, 3), (6,)), IMAGE, "a bias of 7"),
        ("convolution", [(60, 1)], ((7, 3, 3, 3), (7,)), IMAGE | {"stride": 0}, "a stride"),
        ("convolution", [(60, 1)], ((7, 3, 3, 3), (7,)), IMAGE | {"padding": 3}, "less than the filter"),
        ("convolution", [(60, 1)], ((7, 3, 3, 3), (7,)), IMAGE | {"padding": -1}, "less than the filter"),
        ("convolution", [(60, 1)], ((7, 9, 9, 3), (7,)), IMAGE, "at most 6 rows"),
        ("convolution", [(60, 1)], ((7, 3, 3, 3), (7,)), IMAGE | {"height": -5, "width": -4}, "one pixel"),
        (
            "convolution",
            [(1, 1)],
            ((1, 999, 999, 1), (1,)),
            {"height": 1, "width": 1, "stride": 1, "padding": 998},
            "floats in all windows",
        ),
        (
            "attention_pool",
            [(1, 1000), (1000, 1)],
            ((2000, 1), (2000,), (2000, 1), (2000,), (2, 1), (2,)),
            {"heads": 2, "count": 1000},
            "queries of at most",
        ),
        ("gru", [(3, 1)], GRU, {}, "two inputs"),
        ("gru", [(3, 1), (5, 1)], GRU, {}, "parameters of shapes"),
        ("gru", [(3, 1), (4, 2)], GRU, {}, "rows"),
        ("lstm", [(3, 1), (7, 1)], LSTM, {}, "even size"),
        ("lstm", [(3, 1), (6, 1)], LSTM, {}, "parameters of shapes"),
        ("learning_agents_cell", [(3, 1), (5, 1)], CELL, {}, "parameters of shapes"),
    ],
)
def test_what_an_operation_cannot_read_is_refused(
    kind: str, inputs: list[tuple[int, int]], shapes: Any, attributes: dict[str, Any], reason: str
) -> None:
    received = yielded(kind, inputs, shapes, **attributes)
    assert isinstance(received, str)
    assert re.search(reason, received), received


def test_the_sizes_of_a_convolution() -> None:
    shape = ConvolutionShape.of((7, 3, 3, 2), IMAGE)
    assert (shape.output_height, shape.output_width, shape.window_size) == (3, 2, 18)


def network(*operations: Operation, size: int = 4, output: tuple[str, int] = ("y", 4)) -> NetworkSpec:
    return NetworkSpec((("x", size),), (output,), operations, ())


def test_registers_have_rows_beside_their_size() -> None:
    split = Operation("split", ("x",), "s", (), (("count", 2),))
    spec = network(split, Operation("join", ("s",), "y", (), (("count", 2),)))
    assert spec.register_sizes == {"x": 4, "s": 2, "y": 4}
    assert spec.register_rows == {"x": 1, "s": 2, "y": 1}


def test_an_output_has_one_row_an_agent() -> None:
    with pytest.raises(SchemaError, match="one row an agent"):
        network(Operation("split", ("x",), "y", (), (("count", 2),)), output=("y", 2))


def test_a_register_that_would_take_too_much_memory_is_refused() -> None:
    grow = Operation("concat", ("x", "x"), "y")
    with pytest.raises(SchemaError, match=f"{MAX_REGISTER_SIZE} floats an agent") as raised:
        network(grow, size=MAX_REGISTER_SIZE, output=("y", 2 * MAX_REGISTER_SIZE))
    assert raised.value.path == "$.operations[0].output"


def test_rows_count_for_the_memory_that_a_register_takes() -> None:
    half = MAX_REGISTER_SIZE // 2
    rows = Operation("split", ("x",), "r", (), (("count", half),))
    grow = Operation("concat", ("r", "r", "r"), "y")
    with pytest.raises(SchemaError, match=f"in each of {half} rows"):
        network(rows, grow, size=half, output=("y", 3))


def test_registers_that_together_would_take_too_much_memory_are_refused() -> None:
    count = MAX_NETWORK_FLOATS // MAX_REGISTER_SIZE
    scale = (("factor", 1.0),)
    operations = [Operation("scale", ("x",), f"y{index}", (), scale) for index in range(count + 1)]
    last = ("y0", MAX_REGISTER_SIZE)
    assert network(*operations[:count], size=MAX_REGISTER_SIZE, output=last).register_rows["y0"] == 1
    with pytest.raises(SchemaError, match="floats an agent in all registers") as raised:
        network(*operations, size=MAX_REGISTER_SIZE, output=last)
    assert raised.value.path == f"$.operations[{count}]"


@pytest.mark.parametrize("count", [2**31, -(2**40), 10**30, 1.0, True, None])
def test_an_integer_attribute_is_of_32_bits(count: object) -> None:
    with pytest.raises(SchemaError, match="type int"):
        Operation("split", ("x",), "y", (), (("count", count),))  # type: ignore[arg-type]


@pytest.mark.parametrize("indices", [(2**31,), (0, 1.5), "01", 3])
def test_indices_are_integers_of_32_bits(indices: object) -> None:
    with pytest.raises(SchemaError, match="type tuple"):
        Operation("select", ("x",), "y", (), (("indices", indices),))  # type: ignore[arg-type]


def test_parameters_of_the_wrong_rank_are_refused_before_their_shapes_are_read() -> None:
    parameters = tuple(ParameterSpec(name, (2, 2), "constant", 0.0) for name in "abcdef")
    names = tuple(parameter.name for parameter in parameters)
    attributes = (("count", 1), ("heads", 1))
    with pytest.raises(SchemaError, match="ranks"):
        NetworkSpec(
            (("x", 2), ("p", 1)),
            (("y", 2),),
            (Operation("attention_pool", ("x", "p"), "y", names, attributes),),
            parameters,
        )
