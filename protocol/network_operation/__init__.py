"""The operations that networks are made of: what each reads, which parameters it has and what it yields.

Their meanings stand in `row_operation`, `slot_operation`, `image_operation` and `memory_cell`.
"""

from protocol.network_operation.image_operation import IMAGE_OPERATIONS, ConvolutionShape
from protocol.network_operation.kind import AttributeValue, OperationKind, RegisterShape
from protocol.network_operation.memory_cell import MEMORY_CELLS
from protocol.network_operation.row_operation import ACTIVATION_FUNCTIONS, ROW_OPERATIONS
from protocol.network_operation.slot_operation import SLOT_OPERATIONS

OPERATION_KINDS: dict[str, OperationKind] = {**ROW_OPERATIONS, **SLOT_OPERATIONS, **IMAGE_OPERATIONS, **MEMORY_CELLS}

__all__ = [
    "ACTIVATION_FUNCTIONS",
    "IMAGE_OPERATIONS",
    "MEMORY_CELLS",
    "OPERATION_KINDS",
    "ROW_OPERATIONS",
    "SLOT_OPERATIONS",
    "AttributeValue",
    "ConvolutionShape",
    "OperationKind",
    "RegisterShape",
]
