"""A policy as an ONNX model: its network, its normaliser, its memory, and actions from its distribution.

Opset 15 (ONNX 1.10, of 2021) with IR version 8: the newest that Unity's Inference Engine (Sentis) read from its first
release on, which take 7 to 15, and old enough for every ONNX Runtime since 1.10, Unreal's NNE among its users. Only
elementary operations are used, so that there is little for an engine to lack.

Inputs, under this project's own names; those that the policy has no use for are left out:

    observation      float32[batch, O]   what an agent sees, as the host SDK lays it out
    images           uint8[batch, I]     bytes of all its images
    memory           float32[batch, H]   what it remembers; zeros at the beginning of an episode
    action_modifier  float32[batch, M]   numbers given and options masked by the game; zeros leave all to the policy
    noise            float32[batch, A]   to sample with; only where sampling is asked for

Outputs:

    distribution     float32[batch, D]   means, log standard deviations and logits
    action           float32[batch, A]   the most likely action in the game's own units
    action_vector    float32[batch, A]   the same as the host SDK's ActionDecoder reads it
    sampled_action, sampled_action_vector   the same, sampled by the noise; only where sampling is asked for
    memory_out       float32[batch, H]   what to give as memory at the next step

Noise is an input, so that a model gives the same for the same inputs. The metadata hold the schemas and the layouts of
vectors as JSON, hashes, the behavior and the policy's version. `ml_agents_form` says what there is under ML-Agents'
names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import onnx
from onnx import ModelProto, ValueInfoProto, helper

from protocol.action_layout import ActionLayout
from protocol.observation_layout import ObservationLayout
from protocol.policy_file import PolicyFile
from protocol.schema import action_to_wire, observation_to_wire
from protocol.schema_hash import action_hash, observation_hash
from trainer_process.export.graph_draft import GraphDraft
from trainer_process.export.ml_agents_form import MLAgentsForm
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.native_form import NativeForm
from trainer_process.library_version import library_version

OPSET = 15
IR_VERSION = 8
FORMAT = "learning-bridge onnx 1"


def make_form(policy: PolicyFile, options: ModelOptions) -> NativeForm | MLAgentsForm:
    """What builds the model. Raises ExportError where its schemas have no such form."""
    return MLAgentsForm(policy, options) if options.names == "ml-agents" else NativeForm(policy, options)


def make_model(policy: PolicyFile, options: ModelOptions | None = None) -> ModelProto:
    """The model of a policy, checked by ONNX's own checker.

    Raises:
        ExportError: a schema has no form under the names that were asked for.
    """
    options = options or ModelOptions()
    draft = GraphDraft()
    make_form(policy, options).build(draft)
    graph = helper.make_graph(
        draft.nodes, "policy", draft.inputs, draft.outputs, initializer=list(draft.constants.values())
    )
    model = helper.make_model(
        graph,
        producer_name="learning-bridge",
        producer_version=library_version(),
        model_version=policy.snapshot.version,
        doc_string=f"The policy of behavior {policy.behavior!r}, version {policy.snapshot.version}.",
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    model.ir_version = IR_VERSION
    helper.set_model_props(model, _metadata(policy, options))
    onnx.checker.check_model(model, full_check=True)
    return model


def describe_model(model: ModelProto) -> str:
    """Inputs and outputs with types, shapes and meanings, one a line."""
    lines = [f"opset {OPSET}, IR version {IR_VERSION}; {model.doc_string}"]
    for title, values in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        lines += ["", f"{title}:"]
        lines += [f"  {_type_of(value):<26} {value.name}: {value.doc_string}" for value in values]
    return "\n".join([*lines, "", "metadata: " + ", ".join(entry.key for entry in model.metadata_props)])


def _type_of(value: ValueInfoProto) -> str:
    tensor = value.type.tensor_type
    sizes = [dimension.dim_param or str(dimension.dim_value) for dimension in tensor.shape.dim]
    name = helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return f"{name}[{', '.join(sizes)}]"


def _metadata(policy: PolicyFile, options: ModelOptions) -> dict[str, str]:
    """Strings by name; what isn't a plain word or number is JSON."""
    observation, action = ObservationLayout.of(policy.observation), ActionLayout.of(policy.action)
    structured = {
        "observation_schema": observation_to_wire(policy.observation),
        "action_schema": action_to_wire(policy.action),
        "observation_layout": list(_observation_leaves(observation)),
        "image_layout": list(_images(observation)),
        "action_layout": list(_action_leaves(action)),
        "policy_settings": policy.policy_settings.to_wire(),
        "policy_metadata": dict(policy.metadata),
    }
    return {
        "format": FORMAT,
        "names": options.names,
        "behavior": policy.behavior,
        "policy_version": str(policy.snapshot.version),
        "observation_hash": f"{observation_hash(policy.observation):#018x}",
        "action_hash": f"{action_hash(policy.action):#018x}",
        "network_hash": f"{policy.policy_spec.hash:#018x}",
        **{name: json.dumps(value) for name, value in structured.items()},
    }


def _observation_leaves(layout: ObservationLayout) -> Iterator[dict[str, object]]:
    for leaf in layout.leaves:
        yield {"path": leaf.path, "kind": leaf.kind, "offset": leaf.offset, "size": leaf.size, "scale": leaf.scale}


def _images(layout: ObservationLayout) -> Iterator[dict[str, object]]:
    for leaf in layout.images:
        element = leaf.element
        shape = [element.height, element.width, element.channels]
        yield {"path": leaf.path, "offset": leaf.offset, "size": element.image_size, "shape": shape}


def _action_leaves(layout: ActionLayout) -> Iterator[dict[str, object]]:
    for leaf in layout.leaves:
        yield {"path": leaf.path, "kind": leaf.kind, "offset": leaf.action_offset, "size": leaf.size, "gate": leaf.gate}
