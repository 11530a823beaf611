"""What an operation of a network needs to become ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from protocol.network_operation import RegisterShape
from protocol.network_spec import Operation
from protocol.vector_array import FloatArray
from trainer_process.export.graph_draft import GraphDraft


@dataclass(frozen=True)
class EmittedOperation:
    """One operation on its way into a graph. A register of several rows an agent is a matrix [batch · rows, size].

    Attributes:
        draft: where its nodes go.
        operation: its meaning stands in `protocol.network_operation`.
        inputs: values of the registers that it reads.
        shapes: of those registers.
        parameters: arrays, by their order in the operation.
        output: name of the value that it must write.
    """

    draft: GraphDraft
    operation: Operation
    inputs: Sequence[str]
    shapes: Sequence[RegisterShape]
    parameters: Mapping[str, FloatArray]
    output: str

    def arrays(self) -> list[FloatArray]:
        """The parameters in the kind's order."""
        return [self.parameters[name] for name in self.operation.parameters]

    def constants(self) -> list[str]:
        """The same as named constants of the graph."""
        return [self.draft.floats(self.parameters[name], name) for name in self.operation.parameters]


Emit: TypeAlias = Callable[[EmittedOperation], object]
