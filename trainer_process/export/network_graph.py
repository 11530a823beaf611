"""From a network spec and its weights to the nodes of an ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.network_spec import NetworkSpec
from protocol.vector_array import FloatArray
from protocol.weights import WeightsLayout
from trainer_process.export.graph_draft import GraphDraft
from trainer_process.export.image_operation import IMAGE_EMITTERS
from trainer_process.export.memory_cell import CELL_EMITTERS
from trainer_process.export.operation_emitter import Emit, EmittedOperation
from trainer_process.export.row_operation import ROW_EMITTERS
from trainer_process.export.slot_operation import SLOT_EMITTERS

EMITTERS: dict[str, Emit] = {**ROW_EMITTERS, **SLOT_EMITTERS, **IMAGE_EMITTERS, **CELL_EMITTERS}
"""For every kind of operation what writes its nodes."""


def emit_network(draft: GraphDraft, spec: NetworkSpec, values: FloatArray, inputs: Mapping[str, str]) -> dict[str, str]:
    """Adds a network's nodes.

    Args:
        draft: where they go.
        spec: the network.
        values: float32[P], its weights.
        inputs: for each input of the spec the value, float[batch, size], that it reads.

    Returns:
        For each output of the spec the value that holds it.

    Raises:
        WeightsError: the weights don't fit the network.
    """
    parameters = WeightsLayout.of(spec).views(values)
    registers = dict(inputs)
    for operation in spec.operations:
        registers[operation.output] = f"network/{operation.output}"
        EMITTERS[operation.kind](
            EmittedOperation(
                draft=draft,
                operation=operation,
                inputs=[registers[name] for name in operation.inputs],
                shapes=[spec.registers[name] for name in operation.inputs],
                parameters=parameters,
                output=registers[operation.output],
            )
        )
    return {name: registers[name] for name, _ in spec.outputs}
