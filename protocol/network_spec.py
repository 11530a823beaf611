"""A network as data: inputs, a straight list of operations on registers, outputs, and named parameters.

A register holds float32[B · rows, size] for B agents, rows being 1 but for the elements of sets and arrays. Each is
written once, by an input or an operation, before anything reads it. `protocol.network_operation` says what each kind of
operation does; both sides interpret the same spec, the host in numpy and the trainer in torch.

The network hash guards weights: two networks with the same hash read the same flat vector in the same way. It is the
hash of this canonical encoding (see `protocol.canonical_encoding`):

    content      string "learning-bridge/network/1"
                 u32 count of inputs, then for each: string name, u32 size
                 u32 count of outputs, then for each: string name, u32 size
                 u32 count of parameters, then for each: string name, u32 rank, u32 for each dimension, u8 trainable
                 u32 count of operations, then for each:
                     string kind; u32 count of inputs, string each; string output; u32 count of parameters, string each;
                     u32 count of attributes, then for each in order of its name's UTF-8 bytes: string name, value
    value        u8 0, i64  |  u8 1, f64  |  u8 2, string  |  u8 3, u32 count, i64 each

Initializers are left out: where weights start doesn't change what they mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from protocol.canonical_encoding import CanonicalEncoder
from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number
from protocol.limits import (
    MAX_NETWORK_FLOATS,
    MAX_NETWORK_OPERATIONS,
    MAX_NETWORK_PARAMETERS,
    MAX_PARAMETER_RANK,
    MAX_PARAMETERS,
    MAX_REGISTER_SIZE,
)
from protocol.network_operation import OPERATION_KINDS, AttributeValue, OperationKind, RegisterShape

NETWORK_DOMAIN = "learning-bridge/network/1"
MAX_REGISTER_NAME_LENGTH = 128
MAX_FLOAT32 = (2 - 2**-23) * 2.0**127

Initializer: TypeAlias = Literal["orthogonal", "constant", "values"]
INITIALIZERS: tuple[Initializer, ...] = ("orthogonal", "constant", "values")


@dataclass(frozen=True)
class ParameterSpec:
    """One named array of a network's weights.

    Attributes:
        name: for instance "policy.hidden.0.weight".
        shape: one to four dimensions.
        initializer: "orthogonal" (two dimensions or more: a matrix of the first by the others), "constant", "values".
        gain: what the orthogonal matrix is multiplied by, or the constant itself.
        trainable: false for statistics, which no optimiser touches.
        values: with the initializer "values" one float for each entry in C order; else none.
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    gain: float
    trainable: bool = True
    values: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """How many floats."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Operation:
    """One step of a network.

    Attributes:
        kind: a key of `OPERATION_KINDS`.
        inputs: registers it reads.
        output: the register it writes.
        parameters: names of its parameters, in the kind's order.
        attributes: (name, value) pairs, kept sorted by name and of exactly the kind's types.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    parameters: tuple[str, ...] = ()
    attributes: tuple[tuple[str, AttributeValue], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in OPERATION_KINDS:
            raise SchemaError("$.kind", f"one of {sorted(OPERATION_KINDS)}", repr(self.kind)[:200])
        object.__setattr__(self, "attributes", self.kind_of.coerce(self.attributes, "$.attributes"))

    @property
    def kind_of(self) -> OperationKind:
        """What all operations of this kind have in common."""
        return OPERATION_KINDS[self.kind]

    def attribute(self, name: str) -> Any:
        """The value of one attribute; its type is the kind's."""
        return dict(self.attributes)[name]


@dataclass(frozen=True)
class NetworkSpec:
    """A whole network; validated at birth.

    Attributes:
        inputs: (register, size) pairs, in the order they are given to the network; one row an agent.
        outputs: (register, size) pairs, in the order the network yields them; one row an agent.
        operations: in the order they run.
        parameters: in the order of declaration.

    Raises:
        SchemaError: a register or parameter is missing, doubled, unused or of the wrong size, or a limit is exceeded.
    """

    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    operations: tuple[Operation, ...]
    parameters: tuple[ParameterSpec, ...]

    def __post_init__(self) -> None:
        _check_parameters(self.parameters)
        _check_limit("$.operations", len(self.operations), MAX_NETWORK_OPERATIONS)
        registers = self.registers
        if not self.outputs or len({name for name, _ in self.outputs}) != len(self.outputs):
            raise SchemaError("$.outputs", "at least one output, each once", repr(self.outputs)[:200])
        for index, (name, size) in enumerate(self.outputs):
            if registers.get(name) != RegisterShape(size):
                wanted = f"a register of {size} floats and one row an agent named {name!r}"
                raise SchemaError(f"$.outputs[{index}]", wanted, str(registers.get(name)))
        used = {name for operation in self.operations for name in operation.parameters}
        for index, parameter in enumerate(self.parameters):
            if parameter.name not in used:
                raise SchemaError(f"$.parameters[{index}]", "a parameter that an operation uses", parameter.name)

    @cached_property
    def registers(self) -> dict[str, RegisterShape]:
        """Floats of a row, and rows of an agent, of every register by name."""
        registers: dict[str, RegisterShape] = {}
        for index, (name, size) in enumerate(self.inputs):
            _define(registers, name, RegisterShape(size), f"$.inputs[{index}]")
        if not self.inputs:
            raise SchemaError("$.inputs", "at least one input", "none")
        shapes = {parameter.name: parameter.shape for parameter in self.parameters}
        total = 0
        for index, operation in enumerate(self.operations):
            path = f"$.operations[{index}]"
            shape = _infer(operation, registers, shapes, path)
            _define(registers, operation.output, shape, f"{path}.output")
            total += shape.size * shape.rows
            if total > MAX_NETWORK_FLOATS:
                wanted = f"at most {MAX_NETWORK_FLOATS} floats an agent in all registers"
                raise SchemaError(path, wanted, f"{total} up to {operation.output!r}")
        return registers

    @cached_property
    def register_sizes(self) -> dict[str, int]:
        """Floats per row of every register, by name."""
        return {name: shape.size for name, shape in self.registers.items()}

    @cached_property
    def register_rows(self) -> dict[str, int]:
        """Rows per agent of every register, by name."""
        return {name: shape.rows for name, shape in self.registers.items()}

    @cached_property
    def hash(self) -> int:
        """The uint64 network hash."""
        encoder = CanonicalEncoder(NETWORK_DOMAIN)
        for registers in (self.inputs, self.outputs):
            encoder.u32(len(registers))
            for name, size in registers:
                encoder.string(name)
                encoder.u32(size)
        encoder.u32(len(self.parameters))
        for parameter in self.parameters:
            encoder.string(parameter.name)
            encoder.u32(len(parameter.shape))
            for dimension in parameter.shape:
                encoder.u32(dimension)
            encoder.u8(int(parameter.trainable))
        encoder.u32(len(self.operations))
        for operation in self.operations:
            _encode_operation(encoder, operation)
        return encoder.hash()

    @property
    def parameter_count(self) -> int:
        """P, the floats of all parameters together."""
        return sum(parameter.size for parameter in self.parameters)

    def output_size(self, name: str) -> int:
        """Floats per row of one output."""
        return dict(self.outputs)[name]


def _check_limit(path: str, count: int, maximum: int) -> None:
    if count > maximum:
        raise SchemaError(path, f"at most {maximum}", str(count))


def _check_parameters(parameters: Sequence[ParameterSpec]) -> None:
    _check_limit("$.parameters", len(parameters), MAX_NETWORK_PARAMETERS)
    total = 0
    for index, parameter in enumerate(parameters):
        path = f"$.parameters[{index}]"
        if not 1 <= len(parameter.shape) <= MAX_PARAMETER_RANK or any(size < 1 for size in parameter.shape):
            raise SchemaError(f"{path}.shape", "one to four dimensions of at least 1", repr(parameter.shape)[:200])
        if parameter.initializer not in INITIALIZERS:
            raise SchemaError(f"{path}.initializer", f"one of {list(INITIALIZERS)}", repr(parameter.initializer)[:200])
        if parameter.initializer == "orthogonal" and len(parameter.shape) < 2:
            raise SchemaError(
                f"{path}.shape", "two dimensions or more where it starts orthogonal", repr(parameter.shape)
            )
        if not math.isfinite(parameter.gain):
            raise SchemaError(f"{path}.gain", "a finite number", repr(parameter.gain))
        _check_values(parameter, f"{path}.values")
        total += parameter.size
        _check_limit("$.parameters", total, MAX_PARAMETERS)
    names = [parameter.name for parameter in parameters]
    if len(set(names)) != len(names):
        raise SchemaError("$.parameters", "distinct names", "a name twice")


def _check_values(parameter: ParameterSpec, path: str) -> None:
    count = parameter.size if parameter.initializer == "values" else 0
    if len(parameter.values) != count:
        wanted = f"{count} values for an initializer {parameter.initializer!r} of shape {parameter.shape}"
        raise SchemaError(path, wanted, str(len(parameter.values)))
    for index, value in enumerate(parameter.values):
        if not is_finite_number(value) or abs(value) > MAX_FLOAT32:
            raise SchemaError(f"{path}[{index}]", "a finite number that float32 holds", repr(value)[:200])


def _define(registers: dict[str, RegisterShape], name: str, shape: RegisterShape, path: str) -> None:
    if not 1 <= len(name) <= MAX_REGISTER_NAME_LENGTH:
        raise SchemaError(path, f"a name of 1..{MAX_REGISTER_NAME_LENGTH} characters", repr(name)[:200])
    if name in registers:
        raise SchemaError(path, "a register that nothing has written", repr(name))
    if not 1 <= shape.size * shape.rows <= MAX_REGISTER_SIZE:
        received = f"{shape.size} in each of {shape.rows} rows"
        raise SchemaError(path, f"a register of 1..{MAX_REGISTER_SIZE} floats an agent", received)
    registers[name] = shape


def _infer(
    operation: Operation, registers: dict[str, RegisterShape], shapes: dict[str, tuple[int, ...]], path: str
) -> RegisterShape:
    kind = operation.kind_of
    for name in operation.inputs:
        if name not in registers:
            raise SchemaError(f"{path}.inputs", "registers written before", repr(name))
    for name in operation.parameters:
        if name not in shapes:
            raise SchemaError(f"{path}.parameters", "parameters of this network", repr(name))
    used = [shapes[name] for name in operation.parameters]
    if tuple(map(len, used)) != kind.parameter_ranks:
        wanted = f"parameters of ranks {kind.parameter_ranks}"
        raise SchemaError(f"{path}.parameters", wanted, repr(used)[:200])
    try:
        return kind.infer([registers[name] for name in operation.inputs], used, dict(operation.attributes))
    except ValueError as error:
        raise SchemaError(path, str(error), f"inputs {operation.inputs} and {operation.attributes}"[:300]) from None


def _encode_strings(encoder: CanonicalEncoder, values: Iterable[str]) -> None:
    strings = list(values)
    encoder.u32(len(strings))
    for value in strings:
        encoder.string(value)


def _encode_operation(encoder: CanonicalEncoder, operation: Operation) -> None:
    encoder.string(operation.kind)
    _encode_strings(encoder, operation.inputs)
    encoder.string(operation.output)
    _encode_strings(encoder, operation.parameters)
    encoder.u32(len(operation.attributes))
    for name, value in operation.attributes:
        encoder.string(name)
        if isinstance(value, tuple):
            encoder.u8(3)
            encoder.u32(len(value))
            for item in value:
                encoder.i64(item)
        elif isinstance(value, str):
            encoder.u8(2)
            encoder.string(value)
        elif isinstance(value, float):
            encoder.u8(1)
            encoder.f64(value)
        else:
            encoder.u8(0)
            encoder.i64(value)
