"""Each kind of operation in torch, bound to its parameters; meanings stand in `protocol.network_operation`.

Registers that depend on weights alone have the rows of one agent, whatever the batch; what reads them beside others
spreads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.bound_operation import Bind, BoundOperation
from trainer_process.models.image_operation import IMAGE_BINDERS
from trainer_process.models.memory_cell import CELL_BINDERS
from trainer_process.models.row_operation import ROW_BINDERS, bind_normalize
from trainer_process.models.slot_operation import SLOT_BINDERS

_BINDERS: dict[str, Bind] = {**ROW_BINDERS, **SLOT_BINDERS, **IMAGE_BINDERS, **CELL_BINDERS}


def bind_operation(operation: Operation, parameters: Sequence[Tensor], *, in_place: bool) -> BoundOperation:
    """Bind an operation to its parameters.

    Args:
        in_place: whether an activation may overwrite its input.
    """
    run = _BINDERS[operation.kind](operation, parameters, in_place)
    return BoundOperation(operation.inputs, operation.output, run)


def normalize(operation: Operation, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """What a normalize operation yields for x [B, n]."""
    return bind_normalize(operation, [parameters[name] for name in operation.parameters], False)([x])
