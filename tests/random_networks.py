"""Random networks that chain all kinds of operations, and inputs and weights for them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from protocol.initial_weights import initial_weights
from protocol.network_operation import ACTIVATION_FUNCTIONS, RegisterShape
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.weights import WeightsLayout

FloatArray = npt.NDArray[np.float32]
MAX_ROWS = 24
MAX_SIZE = 48

OPERATION_PARAMETERS = {
    "linear": ("weight", "bias"),
    "gru": ("input_weight", "input_bias", "hidden_weight", "hidden_bias"),
    "lstm": ("input_weight", "hidden_weight", "bias"),
    "learning_agents_cell": ("gate_weight", "gate_bias", "memory_weight", "memory_bias"),
    "attention_pool": ("query_weight", "query_bias", "key_weight", "key_bias", "value_weight", "value_bias"),
    "convolution": ("weight", "bias"),
    "slot_bias": ("bias",),
    "broadcast": ("row",),
}


class NetworkSketch:
    """A network that grows operation by operation."""

    def __init__(self, **inputs: int) -> None:
        self.inputs = dict(inputs)
        self.shapes = {name: RegisterShape(size) for name, size in inputs.items()}
        self.operations: list[Operation] = []
        self.parameters: list[ParameterSpec] = []

    def add(
        self, kind: str, *inputs: str, shapes: tuple[tuple[int, ...], ...] = (), output: str = "", **attributes: object
    ) -> str:
        """Append an operation with parameters of these shapes; gives the register it writes."""
        output = output or f"{kind}.{len(self.operations)}"
        names = tuple(f"{output}.{name}" for name in OPERATION_PARAMETERS.get(kind, ()))
        for name, shape in zip(names, shapes, strict=True):
            kind_of_start = "orthogonal" if len(shape) > 1 else "constant"
            self.parameters.append(ParameterSpec(name, shape, kind_of_start, 1.0 if len(shape) > 1 else 0.1))  # type: ignore[arg-type]
        operation = Operation(kind, inputs, output, names, tuple(attributes.items()))  # type: ignore[arg-type]
        self.operations.append(operation)
        self.shapes[output] = operation.kind_of.infer(
            [self.shapes[name] for name in inputs], list(shapes), dict(operation.attributes)
        )
        return output

    def linear(self, x: str, size: int) -> str:
        """A layer without activation."""
        return self.add("linear", x, shapes=((size, self.shapes[x].size), (size,)))

    def attention(self, x: str, presence: str, heads: int, count: int, key_size: int, value_size: int) -> str:
        """An attention_pool with parameters of the right shapes."""
        size, keys, values = self.shapes[x].size, heads * key_size, heads * value_size
        shapes = ((keys, size), (keys,), (keys, size), (keys,), (values, size), (values,))
        return self.add("attention_pool", x, presence, shapes=shapes, heads=heads, count=count)

    def gru(self, x: str, memory: str, output: str = "") -> str:
        """A GRU with parameters of the right shapes."""
        n, m = self.shapes[x].size, self.shapes[memory].size
        return self.add("gru", x, memory, shapes=((3 * m, n), (3 * m,), (3 * m, m), (3 * m,)), output=output)

    def lstm(self, x: str, memory: str, output: str = "") -> str:
        """An LSTM with parameters of the right shapes."""
        n, m = self.shapes[x].size, self.shapes[memory].size // 2
        return self.add("lstm", x, memory, shapes=((4 * m, n), (4 * m, m), (4 * m,)), output=output)

    def learning_agents_cell(self, x: str, memory: str, size: int, output: str = "") -> str:
        """A cell that yields `size` numbers beside the memory."""
        n, m = self.shapes[x].size, self.shapes[memory].size
        gates = 2 * m + 2 * size
        shapes = ((gates, n + m), (gates,), (size, m), (size,))
        return self.add("learning_agents_cell", x, memory, shapes=shapes, output=output)

    def finish(self, *outputs: str) -> NetworkSpec:
        """The network; registers of several rows an agent are joined to one."""
        joined = [
            name if self.shapes[name].rows == 1 else self.add("join", name, count=self.shapes[name].rows)
            for name in outputs
        ]
        return NetworkSpec(
            inputs=tuple(self.inputs.items()),
            outputs=tuple((name, self.shapes[name].size) for name in joined),
            operations=tuple(self.operations),
            parameters=tuple(self.parameters),
        )


Grow = Callable[[st.DrawFn, NetworkSketch, str], str]


def _other(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> list[str]:
    """Registers with as many rows as x."""
    return [name for name, shape in sketch.shapes.items() if shape.rows == sketch.shapes[x].rows]


def _linear(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.linear(x, draw(st.integers(1, 6)))


def _activation(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.add("activation", x, function=draw(st.sampled_from(ACTIVATION_FUNCTIONS)))


def _concat(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    others = draw(st.lists(st.sampled_from(_other(draw, sketch, x)), max_size=2))
    return sketch.add("concat", *draw(st.permutations([x, *others])))


def _slice(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    start = draw(st.integers(0, sketch.shapes[x].size - 1))
    return sketch.add("slice", x, start=start, stop=draw(st.integers(start + 1, sketch.shapes[x].size)))


def _select(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    indices = draw(st.lists(st.integers(0, sketch.shapes[x].size - 1), min_size=1, max_size=6))
    return sketch.add("select", x, indices=tuple(indices))


def _scale(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.add("scale", x, factor=draw(st.floats(-2, 2)))


def _clamp(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.add("clamp", x, minimum=-draw(st.floats(0, 2)), maximum=draw(st.floats(0, 2)))


def _mean(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.add("mean", x)


def _gate_sum(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    size = draw(st.integers(1, 4))
    summands = draw(st.lists(st.sampled_from(_other(draw, sketch, x)), min_size=1, max_size=3))
    gates = sketch.add("activation", sketch.linear(x, len(summands)), function="sigmoid")
    return sketch.add("gate_sum", gates, *(sketch.linear(name, size) for name in summands))


def _row(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.add("broadcast", shapes=((draw(st.sampled_from([1, 2, 4, 6])),),))


def _split(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    size, rows = sketch.shapes[x]
    counts = [count for count in range(1, size + 1) if size % count == 0 and rows * count <= MAX_ROWS]
    return sketch.add("split", x, count=draw(st.sampled_from(counts)))


def _row_divisor(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> int:
    rows = sketch.shapes[x].rows
    return draw(st.sampled_from([count for count in range(1, rows + 1) if rows % count == 0]))


def _join(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.add("join", x, count=_row_divisor(draw, sketch, x))


def _slot_bias(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    count = _row_divisor(draw, sketch, x)
    return sketch.add("slot_bias", x, shapes=((count, sketch.shapes[x].size),), count=count)


def _attention(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    count, rows = _row_divisor(draw, sketch, x), sketch.shapes[x].rows
    name = f"presence.{len(sketch.operations)}"
    sketch.inputs[name] = rows
    sketch.shapes[name] = RegisterShape(rows)
    presence = sketch.add("split", name, count=rows // count)
    heads, key_size, value_size = (draw(st.integers(1, 3)) for _ in range(3))
    return sketch.attention(x, presence, heads, count, key_size, value_size)


def _convolution(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    height, width, channels = (draw(st.integers(1, 4)) for _ in range(3))
    kernel = draw(st.integers(1, 3))
    padding = draw(st.integers(0, kernel - 1))
    if kernel > min(height, width) + 2 * padding:
        kernel, padding = 1, 0
    filters = draw(st.integers(1, 3))
    pixels = sketch.linear(x, height * width * channels)
    shapes = ((filters, kernel, kernel, channels), (filters,))
    stride = draw(st.integers(1, 3))
    sizes = {"height": height, "width": width, "stride": stride, "padding": padding}
    return sketch.add("convolution", pixels, shapes=shapes, **sizes)


def _gru(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.gru(x, sketch.linear(x, draw(st.integers(1, 4))))


def _lstm(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.lstm(x, sketch.linear(x, 2 * draw(st.integers(1, 3))))


def _learning_agents_cell(draw: st.DrawFn, sketch: NetworkSketch, x: str) -> str:
    return sketch.learning_agents_cell(x, sketch.linear(x, draw(st.integers(1, 4))), draw(st.integers(1, 4)))


SIMPLE: tuple[Grow, ...] = (
    _linear,
    _activation,
    _concat,
    _slice,
    _select,
    _scale,
    _clamp,
    _mean,
    _gate_sum,
    _row,
    _split,
    _join,
    _slot_bias,
)
"""Operations that are little more than arithmetic."""

OTHERS: tuple[Grow, ...] = (_attention, _convolution, _gru, _lstm, _learning_agents_cell)
SETS: tuple[Grow, ...] = (*SIMPLE, _attention, _attention)
"""Those that pool sets besides."""


@st.composite
def networks(draw: st.DrawFn, kinds: tuple[Grow, ...] = SIMPLE + OTHERS) -> NetworkSpec:
    """Networks of up to a dozen operations after one another, some of which read what others left."""
    sketch = NetworkSketch(x=draw(st.integers(1, 12)), z=draw(st.integers(1, 4)))
    made = ["x", "z"]
    for grow in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=10)):
        made.append(grow(draw, sketch, draw(st.sampled_from(made[-3:]))))
        if math.prod(sketch.shapes[made[-1]]) > MAX_SIZE:
            made.append(sketch.linear(made[-1], 1))
    return sketch.finish(*sorted({made[-1], *draw(st.lists(st.sampled_from(made), max_size=2))}))


def random_weights(spec: NetworkSpec, generator: np.random.Generator) -> FloatArray:
    """Initial weights moved about."""
    values = initial_weights(spec, 1)
    return values + generator.normal(0, 0.1, values.size).astype(np.float32)


def random_inputs(spec: NetworkSpec, count: int, generator: np.random.Generator) -> list[FloatArray]:
    """Normal numbers for every input, 0 or 1 where it says which elements are present."""
    return [
        (generator.random((count, size)) < 0.6).astype(np.float32)
        if name.startswith("presence")
        else generator.normal(size=(count, size)).astype(np.float32)
        for name, size in spec.inputs
    ]


def weights_of(spec: NetworkSpec, **parameters: object) -> FloatArray:
    """float32[P] of these parameters; all others are 0."""
    values = np.zeros(spec.parameter_count, dtype=np.float32)
    views = WeightsLayout.of(spec).views(values)
    for name, value in parameters.items():
        views[name][...] = value
    return values
