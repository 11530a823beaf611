"""The messages of the gRPC bridge, made at run time: no generated code, and still the compiled protobuf.

The shape is ML-Agents': each agent has a message of its own, with a message per observation whose floats are a
repeated field. What the no-op world has no use for (masks, groups, compression) is left out, which favours the peer.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "bench"
_FIELD = descriptor_pb2.FieldDescriptorProto
_FIELDS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "Observation": (("shape", "int32", True), ("data", "float", True)),
    "AgentInfo": (
        ("observations", "Observation", True),
        ("reward", "float", False),
        ("done", "bool", False),
        ("max_step_reached", "bool", False),
        ("id", "int32", False),
    ),
    "Step": (("agents", "AgentInfo", True),),
    "AgentAction": (("continuous", "float", True),),
    "Actions": (("agents", "AgentAction", True),),
}
_TYPES = {"int32": _FIELD.TYPE_INT32, "float": _FIELD.TYPE_FLOAT, "bool": _FIELD.TYPE_BOOL}


def make_message_classes() -> dict[str, Any]:
    """The classes by name: Observation, AgentInfo, Step, AgentAction, Actions."""
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field, kind, is_repeated) in enumerate(fields, 1):
            message.field.add(
                name=field,
                number=number,
                type=_TYPES.get(kind, _FIELD.TYPE_MESSAGE),
                type_name=None if kind in _TYPES else f".{_PACKAGE}.{kind}",
                label=_FIELD.LABEL_REPEATED if is_repeated else _FIELD.LABEL_OPTIONAL,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _FIELDS}
