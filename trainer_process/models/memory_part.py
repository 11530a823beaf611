"""A network's operations by how they depend on its memory, so that a window of steps takes few calls.

What does not depend on the memory is computed for all steps of a window at once, then what leads from one memory to the
next is computed step by step, then all the rest at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.network_spec import NetworkSpec
from trainer_process.models.bound_operation import BoundOperation

MEMORY_INPUT = "memory"
MEMORY_OUTPUT = "memory_after"


@dataclass(frozen=True)
class MemoryParts:
    """The operations of a network in three parts, each in their order.

    Attributes:
        before: what does not depend on the memory.
        recurrent: what depends on it and leads to the memory after.
        after: all others. They depend on the memory, but the memory after doesn't depend on them.
        recurrent_reads: registers that `recurrent` reads, the memory itself aside, and doesn't write.
        after_reads: registers of `recurrent`, and the memory itself, that `after` or the network's outputs read.
    """

    before: tuple[BoundOperation, ...]
    recurrent: tuple[BoundOperation, ...]
    after: tuple[BoundOperation, ...]
    recurrent_reads: tuple[str, ...]
    after_reads: tuple[str, ...]


def split_at_memory(spec: NetworkSpec, operations: Sequence[BoundOperation]) -> MemoryParts:
    """Split operations of a network into the parts that its memory makes of them.

    Args:
        spec: of the network. Without a memory all is `before`; without a memory after nothing is `recurrent`.
        operations: all but the normaliser.
    """
    depending = _depending_on_memory(operations)
    feeding = _feeding_memory(operations)
    before = tuple(operation for operation in operations if operation.output not in depending)
    recurrent = tuple(operation for operation in operations if operation.output in depending & feeding)
    after = tuple(operation for operation in operations if operation.output in depending - feeding)
    written = {operation.output for operation in recurrent}
    reads = {name for operation in recurrent for name in operation.inputs}
    wanted = {name for operation in after for name in operation.inputs}.union(name for name, _ in spec.outputs)
    return MemoryParts(
        before=before,
        recurrent=recurrent,
        after=after,
        recurrent_reads=tuple(sorted(reads - written - {MEMORY_INPUT})),
        after_reads=tuple(sorted(wanted & (written | {MEMORY_INPUT}))),
    )


def _depending_on_memory(operations: Sequence[BoundOperation]) -> set[str]:
    found = {MEMORY_INPUT}
    for operation in operations:
        if found.intersection(operation.inputs):
            found.add(operation.output)
    return found


def _feeding_memory(operations: Sequence[BoundOperation]) -> set[str]:
    found = {MEMORY_OUTPUT}
    for operation in reversed(operations):
        if operation.output in found:
            found.update(operation.inputs)
    return found
