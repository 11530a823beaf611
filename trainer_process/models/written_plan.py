"""Lays a network's registers out in memory and writes its forward and backward pass down as lists of calls.

Three kinds of copies are avoided: an activation overwrites the linear layer that it alone reads, what a concat alone
reads is computed in its place in the concat, and a split or a join is another view of what it alone reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.network import SpecNetwork
from trainer_process.models.side_stream import Call
from trainer_process.models.written_operation import WRITERS
from trainer_process.models.written_register import Register, Write


@dataclass(frozen=True)
class Plan:
    """One network on B rows.

    Attributes:
        outputs: [B, D].
        slopes: [B, D].
        forward: in their order.
        zero: before the backward pass.
        backward: operation by operation, the last one first: its parameters' gradient, and its inputs'.
    """

    outputs: Tensor
    slopes: Tensor
    forward: list[Call]
    zero: list[Call]
    backward: list[tuple[list[Call], list[Call]]]


def why_not_written(network: SpecNetwork, *inputs: Tensor, writers: Mapping[str, Write] = WRITERS) -> str | None:
    """Why a network's gradient by its first output can't be written out for such inputs; None where it can."""
    spec, operations = network.spec, _needed_operations(network)
    if any(given.dtype != torch.float32 for given in inputs):
        return "an input is not of float32"
    if network.normalizer is not None and any(
        network.normalizer.inputs[0] in operation.inputs for operation in operations
    ):
        return "it reads its input beside the normaliser"
    unknown = {operation.kind for operation in operations} - writers.keys()
    if unknown:
        return f"it has an operation {min(unknown)!r} that is not its first"
    per_row = _per_row(network, operations)
    if not operations or spec.outputs[0][0] not in per_row:
        return "its output doesn't depend on its input"
    learning = _learning(network, operations)
    for operation in operations:
        if operation.kind == "attention_pool" and operation.inputs[1] in learning:
            return "which elements of a set are present depends on weights"
        alone = [name for name in operation.inputs if operation.output in per_row and name not in per_row]
        if alone and (operation.kind != "concat" or spec.register_rows[alone[0]] > 1):
            return f"an operation {operation.kind!r} reads weights alone beside rows"
    uses = Counter(name for operation in operations for name in operation.parameters)
    shared = [name for name, count in uses.items() if count > 1]
    return f"several operations share the parameter {shared[0]!r}" if shared else None


def write_plan(network: SpecNetwork, *inputs: Tensor, writers: Mapping[str, Write] = WRITERS) -> Plan:
    """The calls for one network and the rows that will stand in `inputs`, one [B, size] for each of its inputs.

    Args:
        network: whose gradient is to be written out.
        inputs: observations having been through `normalize`.
        writers: by kind of operation.

    Raises:
        ValueError: the gradient can't be written out.
    """
    reason = why_not_written(network, *inputs, writers=writers)
    if reason is not None:
        raise ValueError(f"network {network.layout.hash:016x}: its gradient can't be written out, since {reason}")
    operations = _needed_operations(network)
    registers = _Memory(network, operations, inputs).registers
    forward: list[Call] = []
    backward: list[tuple[list[Call], list[Call]]] = []
    output = registers[network.spec.outputs[0][0]]
    for operation in operations:
        written = writers[operation.kind](
            operation,
            [network.parameters[name] for name in operation.parameters],
            [registers[name] for name in operation.inputs],
            registers[operation.output],
        )
        forward.extend(written.forward)
        if written.parameters or written.backward:
            backward.insert(0, (written.parameters, written.backward))
    # A register that two names share is zeroed once.
    distinct = {id(register): register for register in registers.values() if register is not output}.values()
    zero: list[Call] = [
        register.gradient.zero_ for register in distinct if register.adds and register.gradient is not None
    ]
    slopes = torch.zeros_like(output.value) if output.gradient is None else output.gradient
    return Plan(output.value, slopes, forward, zero, backward)


class _Memory:
    """Finds a place for every register, from the output back to the input."""

    def __init__(self, network: SpecNetwork, operations: Sequence[Operation], inputs: Sequence[Tensor]) -> None:
        self._network = network
        self._per_row = _per_row(network, operations)
        self._learns = _learning(network, operations)
        self._made_by = {operation.output: operation for operation in operations}
        output = network.spec.outputs[0][0]
        self._readers = Counter(name for operation in operations for name in operation.inputs)
        self._readers[output] += 1
        self._partly_read = {operation.inputs[0] for operation in operations if operation.kind in ("slice", "select")}
        self._example = inputs[0]
        self.registers: dict[str, Register] = {
            name: Register(given, None, False) for name, given in network.normalized_registers(*inputs).items()
        }
        for operation in reversed(operations):
            if operation.output not in self.registers:
                self.registers[operation.output] = self._new(operation)
            register = self.registers[operation.output]
            if operation.kind == "activation":
                self._share_with_linear(operation, register)
            elif operation.kind == "concat":
                self._share_with_parts(operation, register)
            elif operation.kind in ("split", "join"):
                self._share_with_other_rows(operation, register)

    def _new(self, operation: Operation) -> Register:
        name = operation.output
        if operation.kind == "broadcast":
            row = self._network.parameters[operation.parameters[0]]
            gradient = None if row.grad is None else row.grad.unsqueeze(0)
            return Register(row.detach().unsqueeze(0), gradient, self._adds(name))
        size, rows = self._network.spec.registers[name]
        value = self._example.new_zeros(rows * (len(self._example) if name in self._per_row else 1), size)
        gradient = torch.zeros_like(value) if name in self._learns else None
        return Register(value, gradient, self._adds(name))

    def _adds(self, name: str) -> bool:
        """What reads but a part touches but a part of the gradient, so that it adds to zeros."""
        return self._readers[name] > 1 or name in self._partly_read

    def _share_with_linear(self, operation: Operation, register: Register) -> None:
        """A linear layer's gradient doesn't need its output."""
        (name,) = operation.inputs
        made_by = self._made_by.get(name)
        if made_by is not None and made_by.kind == "linear" and self._readers[name] == 1:
            self.registers[name] = register

    def _share_with_parts(self, operation: Operation, register: Register) -> None:
        start = 0
        for name in operation.inputs:
            stop = start + self._network.spec.register_sizes[name]
            made_by = self._made_by.get(name)
            if made_by is not None and made_by.kind != "broadcast" and self._readers[name] == 1:
                same_rows = (name in self._per_row) == (operation.output in self._per_row)
                same_learning = (name in self._learns) == (register.gradient is not None)
                if same_rows and same_learning:
                    gradient = None if register.gradient is None else register.gradient[:, start:stop]
                    self.registers[name] = Register(register.value[:, start:stop], gradient, self._adds(name))
            start = stop

    def _share_with_other_rows(self, operation: Operation, register: Register) -> None:
        """The numbers of a split or a join are those of what it reads, in the same order."""
        (name,) = operation.inputs
        made_by = self._made_by.get(name)
        if made_by is None or made_by.kind == "broadcast" or self._readers[name] != 1:
            return
        if register.value.is_contiguous() and (name in self._learns) == (register.gradient is not None):
            size = self._network.spec.register_sizes[name]
            gradient = None if register.gradient is None else register.gradient.view(-1, size)
            self.registers[name] = Register(register.value.view(-1, size), gradient, self._adds(name))


def _needed_operations(network: SpecNetwork) -> list[Operation]:
    """Those that the first output depends on, in their order, without the normaliser."""
    needed = {network.spec.outputs[0][0]}
    found: list[Operation] = []
    for operation in reversed(network.spec.operations):
        if operation.output in needed and operation is not network.normalizer:
            found.insert(0, operation)
            needed.update(operation.inputs)
    return found


def _per_row(network: SpecNetwork, operations: Sequence[Operation]) -> set[str]:
    """Registers that depend on the inputs."""
    names = {name for name, _ in network.spec.inputs}
    if network.normalizer is not None:
        names.add(network.normalizer.output)
    for operation in operations:
        if names.intersection(operation.inputs):
            names.add(operation.output)
    return names


def _learning(network: SpecNetwork, operations: Sequence[Operation]) -> set[str]:
    """Registers that depend on trainable weights."""
    names: set[str] = set()
    for operation in operations:
        trainable = any(network.parameters[name].grad is not None for name in operation.parameters)
        if trainable or names.intersection(operation.inputs):
            names.add(operation.output)
    return names
