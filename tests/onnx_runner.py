"""Runs a network as an ONNX model."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, TensorProto, helper

from protocol.network_spec import NetworkSpec
from protocol.vector_array import FloatArray
from trainer_process.export.graph_draft import BATCH, GraphDraft
from trainer_process.export.network_graph import emit_network
from trainer_process.export.onnx_model import IR_VERSION, OPSET


def network_model(spec: NetworkSpec, values: FloatArray) -> ModelProto:
    """A model of a bare network: its inputs, and its outputs as `output/NAME`."""
    draft = GraphDraft()
    inputs = {name: draft.input(name, TensorProto.FLOAT, (BATCH, size), "") for name, size in spec.inputs}
    for name, value in emit_network(draft, spec, values, inputs).items():
        draft.output(f"output/{name}", value, TensorProto.FLOAT, (BATCH, spec.output_size(name)), "")
    graph = helper.make_graph(draft.nodes, "network", draft.inputs, draft.outputs, list(draft.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def run_model(model: ModelProto, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of a model by name; inputs it has not are left out."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    wanted = {value.name: inputs[value.name] for value in session.get_inputs()}
    return dict(zip([value.name for value in session.get_outputs()], session.run(None, wanted), strict=True))


def run_network(spec: NetworkSpec, values: FloatArray, *inputs: FloatArray) -> list[FloatArray]:
    """The outputs of a network that runs as an ONNX model."""
    named = {name: given for (name, _), given in zip(spec.inputs, inputs, strict=True)}
    results = run_model(network_model(spec, values), **named)
    return [results[f"output/{name}"] for name, _ in spec.outputs]
