"""An ONNX graph that grows node by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from protocol.vector_array import FloatArray

BATCH = "batch"
"""The name of the axis whose length the caller chooses."""

LARGEST = float(np.finfo(np.float32).max)
"""Stands for infinity, which some engines don't read."""

Size = int | str


@dataclass
class GraphDraft:
    """Nodes, constants, inputs and outputs so far; every value is named once.

    Attributes:
        nodes: in the order they run.
        constants: initialisers by name.
        inputs: of the graph.
        outputs: of the graph.
    """

    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)
    inputs: list[ValueInfoProto] = field(default_factory=list)
    outputs: list[ValueInfoProto] = field(default_factory=list)
    _batch: str = ""

    def input(self, name: str, element_type: int, shape: Sequence[Size], doc: str) -> str:
        """Adds an input; gives its name."""
        self.inputs.append(helper.make_tensor_value_info(name, element_type, shape, doc))
        return name

    def output(self, name: str, source: str, element_type: int, shape: Sequence[Size], doc: str) -> None:
        """Adds an output that is what `source` holds."""
        self.add("Identity", source, name=name)
        self.outputs.append(helper.make_tensor_value_info(name, element_type, shape, doc))

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Adds a node with one output; gives the output's name, which is `name` where one is given."""
        output = name or f"{kind}/{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=f"node/{output}", **attributes))
        return output

    def floats(self, values: npt.ArrayLike, name: str = "") -> str:
        """A constant of float32; equal nameless ones are kept once."""
        return self._constant(np.asarray(values, np.float32), name)

    def integers(self, *values: int) -> str:
        """A constant int64[n]."""
        return self._constant(np.array(values, np.int64), "")

    def _constant(self, values: npt.NDArray[np.generic], name: str) -> str:
        key = name or f"constant/{values.dtype}/{values.shape}/{_digest(values)}"
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(np.ascontiguousarray(values), key)
        return key

    def reshape(self, x: str, *shape: int, name: str = "") -> str:
        """x in another shape; one of its numbers may be -1."""
        return self.add("Reshape", x, self.integers(*shape), name=name)

    def columns(self, x: str, start: int, stop: int, name: str = "") -> str:
        """x[:, start:stop]."""
        parts = (self.integers(start), self.integers(stop), self.integers(1))
        return self.add("Slice", x, *parts, name=name)

    def side_by_side(self, *parts: str, name: str = "") -> str:
        """Matrices as one of all their columns; at least one."""
        return self.add("Concat", *parts, name=name, axis=1) if len(parts) > 1 or name else parts[0]

    def linear(self, x: str, weight: str, bias: str, name: str = "") -> str:
        """x · weightᵀ + bias."""
        return self.add("Gemm", x, weight, bias, name=name, transB=1)

    def for_each_agent(self, row: FloatArray, name: str = "") -> str:
        """A row [n] for every agent, [batch, n]."""
        if not self._batch:
            shape = self.add("Shape", self.inputs[0].name)
            self._batch = self.add("Gather", shape, self.integers(0), axis=0)
        shape = self.add("Concat", self._batch, self.integers(len(row)), axis=0)
        return self.add("Expand", self.floats(row[np.newaxis]), shape, name=name)


def _digest(values: npt.NDArray[np.generic]) -> str:
    return blake2b(values.tobytes(), digest_size=8).hexdigest()
