"""Where the registers of a network lie, so that as little as possible is copied between them.

A register that only feeds a concat lives inside the concat's buffer, if it is written in a single pass. What is
computed number by number from a register that nothing else reads happens in place. Slices, splits and joins are views
of what they read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from host_sdk.inference.binding import FloatArray
from host_sdk.inference.operation import ELEMENTWISE_KINDS, VIEW_KINDS, is_single_pass
from protocol.network_spec import NetworkSpec, Operation


@dataclass(frozen=True)
class RegisterMemory:
    """The buffers of all registers.

    Attributes:
        buffers: float32[max_batch · rows, size] of every register by name; some share memory.
        constants: registers that depend on weights alone; they are computed when weights are loaded.
        views: registers that lie in what they are made of, so that there is nothing to compute.
    """

    buffers: dict[str, FloatArray]
    constants: frozenset[str]
    views: frozenset[str]


def allocate_registers(spec: NetworkSpec, max_batch: int) -> RegisterMemory:
    """Buffers for up to `max_batch` agents."""
    constants = _constant_registers(spec)
    buffers = _allocate(spec, max_batch, constants)
    views: set[str] = set()
    for operation in spec.operations:
        if operation.output in buffers:
            continue
        view = _view(operation, buffers[operation.inputs[0]])
        if view is None:
            buffers[operation.output] = _new(spec, operation.output, max_batch)
        else:
            buffers[operation.output] = view
            views.add(operation.output)
    return RegisterMemory(buffers, constants, frozenset(views))


def _constant_registers(spec: NetworkSpec) -> frozenset[str]:
    constants: set[str] = set()
    for operation in spec.operations:
        if all(name in constants for name in operation.inputs):
            constants.add(operation.output)
    return frozenset(constants)


def _new(spec: NetworkSpec, name: str, max_batch: int) -> FloatArray:
    size, rows = spec.registers[name]
    return np.zeros((max_batch * rows, size), dtype=np.float32)


def _view(operation: Operation, x: FloatArray) -> FloatArray | None:
    """What a slice, split or join yields, as a view of what it reads; None where that can't be."""
    if operation.kind == "slice":
        return x[:, operation.attribute("start") : operation.attribute("stop")]
    if not x.flags.c_contiguous:
        return None
    size, count = x.shape[1], operation.attribute("count")
    return x.reshape(-1, size // count if operation.kind == "split" else size * count)


def _allocate(spec: NetworkSpec, max_batch: int, constants: frozenset[str]) -> dict[str, FloatArray]:
    """A buffer for each register but those of slices, splits and joins that no concat has a place for."""
    readers = Counter(name for operation in spec.operations for name in operation.inputs)
    readers.update(name for name, _ in spec.outputs)
    made_by = {operation.output: operation for operation in spec.operations}
    part_constant = _partly_constant_registers(spec, constants)
    buffers = {name: _new(spec, name, max_batch) for name, _ in spec.inputs}
    # Backwards, so that a concat has its buffer before the registers that go into it ask for theirs.
    for operation in reversed(spec.operations):
        if operation.output not in buffers:
            if operation.kind in VIEW_KINDS:
                continue
            buffers[operation.output] = _new(spec, operation.output, max_batch)
        buffer = buffers[operation.output]
        if operation.kind == "concat":
            stop = 0
            for name in operation.inputs:
                start, stop = stop, stop + spec.register_sizes[name]
                if readers[name] == 1 and name in made_by and is_single_pass(made_by[name]):
                    buffers[name] = buffer[:, start:stop]
        elif operation.kind in ELEMENTWISE_KINDS and buffer.flags.c_contiguous:
            (name,) = operation.inputs
            is_free = readers[name] == 1 and name not in part_constant
            if is_free and name in made_by and made_by[name].kind not in VIEW_KINDS:
                buffers[name] = buffer
    return buffers


def _partly_constant_registers(spec: NetworkSpec, constants: frozenset[str]) -> frozenset[str]:
    """Registers that hold numbers which are computed at loading, and must not be overwritten when running."""
    found: set[str] = set()
    for operation in spec.operations:
        is_passed_on = operation.kind == "concat" or operation.kind in VIEW_KINDS
        if is_passed_on and operation.output not in constants and constants.union(found).intersection(operation.inputs):
            found.add(operation.output)
    return frozenset(found)
