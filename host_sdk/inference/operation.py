"""The numpy calls of each kind of operation, bound to their arrays so that running them takes no look-ups."""

from __future__ import annotations

from collections.abc import Mapping

from host_sdk.inference.binding import Bind, Binding, FloatArray, Prepare, Step
from host_sdk.inference.image_operation import IMAGE_BINDERS, IMAGE_PREPARERS
from host_sdk.inference.memory_cell import CELL_BINDERS, CELL_PREPARERS
from host_sdk.inference.row_operation import ROW_BINDERS, ROW_PREPARERS
from host_sdk.inference.slot_operation import SLOT_BINDERS, SLOT_PREPARERS
from protocol.network_spec import Operation

_BINDERS: dict[str, Bind] = {**ROW_BINDERS, **SLOT_BINDERS, **IMAGE_BINDERS, **CELL_BINDERS}
_PREPARERS: dict[str, Prepare] = {**ROW_PREPARERS, **SLOT_PREPARERS, **IMAGE_PREPARERS, **CELL_PREPARERS}

ELEMENTWISE_KINDS = frozenset({"activation", "clamp", "normalize", "scale", "slot_bias"})
"""Operations that may write where they read."""

VIEW_KINDS = frozenset({"join", "slice", "split"})
"""Operations whose output may be a view of their input."""

SINGLE_PASS_KINDS = frozenset(
    {"attention_pool", "broadcast", "clamp", "concat", "join", "linear", "mean", "scale", "slice", "split"}
)
"""See `is_single_pass`."""


def is_single_pass(operation: Operation) -> bool:
    """Whether an operation writes its output once or twice: numpy is slow in part of a wider array."""
    if operation.kind == "activation":
        return operation.attribute("function") in ("relu", "tanh")
    return operation.kind in SINGLE_PASS_KINDS


def prepare_parameters(operation: Operation, parameters: Mapping[str, FloatArray]) -> list[FloatArray]:
    """The parameters of an operation as its calls use them, made once for all numbers of rows.

    Args:
        operation: of the network.
        parameters: all parameters of the network by name.
    """
    own = [parameters[name] for name in operation.parameters]
    prepare = _PREPARERS.get(operation.kind)
    return own if prepare is None else prepare(operation, own)


def bind_operation(binding: Binding) -> list[Step]:
    """The numpy calls that make the output from the inputs."""
    return _BINDERS[binding.operation.kind](binding)
