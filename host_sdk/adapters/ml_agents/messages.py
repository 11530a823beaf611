"""The protobuf messages of a `.demo` file, described by their field numbers.

Only the fields that are read are described; protobuf steps over the others.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "demonstration"
_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _FIELD.TYPE_BOOL,
    "bytes": _FIELD.TYPE_BYTES,
    "float": _FIELD.TYPE_FLOAT,
    "int32": _FIELD.TYPE_INT32,
    "string": _FIELD.TYPE_STRING,
}

# name of the message: (number of the field, its name, its type, or that of a message; "*" where it is repeated)
_MESSAGES: dict[str, tuple[tuple[int, str, str], ...]] = {
    "Meta": (
        (1, "api_version", "int32"),
        (2, "demonstration_name", "string"),
        (3, "number_steps", "int32"),
        (4, "number_episodes", "int32"),
        (5, "mean_reward", "float"),
    ),
    "ActionSpec": (
        (1, "num_continuous_actions", "int32"),
        (2, "num_discrete_actions", "int32"),
        (3, "discrete_branch_sizes", "int32*"),
    ),
    "BrainParameters": (
        (3, "vector_action_size", "int32*"),
        (6, "vector_action_space_type", "int32"),
        (7, "brain_name", "string"),
        (9, "action_spec", "ActionSpec"),
    ),
    "FloatData": ((1, "data", "float*"),),
    "Observation": (
        (1, "shape", "int32*"),
        (2, "compression_type", "int32"),
        (3, "compressed_data", "bytes"),
        (4, "float_data", "FloatData"),
        (5, "compressed_channel_mapping", "int32*"),
        (6, "dimension_properties", "int32*"),
    ),
    "AgentInfo": (
        (7, "reward", "float"),
        (8, "done", "bool"),
        (9, "max_step_reached", "bool"),
        (10, "id", "int32"),
        (11, "action_mask", "bool*"),
        (13, "observations", "Observation*"),
    ),
    "AgentAction": (
        (1, "vector_actions", "float*"),
        (6, "continuous_actions", "float*"),
        (7, "discrete_actions", "int32*"),
    ),
    "AgentInfoActionPair": ((1, "agent_info", "AgentInfo"), (2, "action_info", "AgentAction")),
}


def _make_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field_name, kind in fields:
            field = message.field.add(name=field_name, number=number)
            field.label = _FIELD.LABEL_REPEATED if kind.endswith("*") else _FIELD.LABEL_OPTIONAL
            kind = kind.removesuffix("*")
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


_CLASSES = _make_classes()
Meta = _CLASSES["Meta"]
BrainParameters = _CLASSES["BrainParameters"]
AgentInfoActionPair = _CLASSES["AgentInfoActionPair"]
