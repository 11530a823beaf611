"""A network while it is being built: operations and parameters in the order in which they are added."""

from __future__ import annotations

import math
from dataclasses import dataclass

from protocol.network_operation import AttributeValue
from protocol.network_spec import Initializer, NetworkSpec, Operation, ParameterSpec

HIDDEN_GAIN = math.sqrt(2.0)
"""Of the orthogonal weights before an activation, as in Stable-Baselines3's ActorCriticPolicy."""


@dataclass(frozen=True)
class Part:
    """Neighbouring columns of a register."""

    register: str
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Columns."""
        return self.stop - self.start


class NetworkDraft:
    """Collects a network. Every method that adds an operation yields the register that it writes, as a `Part`."""

    def __init__(self, inputs: tuple[tuple[str, int], ...]) -> None:
        """
        Args:
            inputs: (register, size) pairs; those without a number are left away.
        """
        self.inputs = tuple((name, size) for name, size in inputs if size)
        self._sizes = dict(self.inputs)
        self._operations: list[Operation] = []
        self._parameters: list[ParameterSpec] = []

    def whole(self, register: str) -> Part:
        """All columns of a register."""
        return Part(register, 0, self._sizes[register])

    def append(
        self,
        kind: str,
        inputs: tuple[str, ...],
        output: str,
        size: int,
        parameters: tuple[str, ...] = (),
        **attributes: AttributeValue,
    ) -> Part:
        """An operation that yields `size` columns."""
        self._operations.append(Operation(kind, inputs, output, parameters, tuple(attributes.items())))
        self._sizes[output] = size
        return self.whole(output)

    def parameter(
        self,
        name: str,
        shape: tuple[int, ...],
        gain: float,
        initializer: Initializer = "orthogonal",
        *,
        trainable: bool = True,
    ) -> str:
        """A parameter; yields its name."""
        self._parameters.append(ParameterSpec(name, shape, initializer, gain, trainable))
        return name

    def bias(self, name: str, values: tuple[float, ...]) -> str:
        """A bias that starts at these values; yields its name."""
        if len(set(values)) == 1:
            return self.parameter(name, (len(values),), values[0], "constant")
        self._parameters.append(ParameterSpec(name, (len(values),), "values", 0.0, values=values))
        return name

    def linear(self, name: str, source: Part, size: int, gain: float, bias: float | tuple[float, ...] = 0.0) -> Part:
        """A linear layer; its weight starts orthogonal and its bias where it is told."""
        values = bias if isinstance(bias, tuple) else (bias,) * size
        register = self.gathered(source)
        weight = self.parameter(f"{name}.weight", (size, source.size), gain)
        return self.append("linear", (register,), name, size, (weight, self.bias(f"{name}.bias", values)))

    def layers(self, prefix: str, source: Part, sizes: tuple[int, ...], activation: str) -> Part:
        """Linear layers with an activation after each."""
        for index, size in enumerate(sizes):
            name = f"{prefix}.{index}"
            source = self.linear(name, source, size, HIDDEN_GAIN)
            source = self.append("activation", (source.register,), f"{name}.active", size, function=activation)
        return source

    def gathered(self, *parts: Part, name: str = "") -> str:
        """The register that holds exactly these parts side by side; made where there is none."""
        joined = _joined(parts)
        registers = [self._sliced(part) for part in joined]
        if len(registers) == 1:
            return registers[0]
        output = name or "+".join(registers)[:100]
        return self.append("concat", tuple(registers), self._new(output), sum(part.size for part in joined)).register

    def _sliced(self, part: Part) -> str:
        if part == self.whole(part.register):
            return part.register
        name = f"{part.register}:{part.start}:{part.stop}"
        if name not in self._sizes:
            self.append("slice", (part.register,), name, part.size, start=part.start, stop=part.stop)
        return name

    def _new(self, name: str) -> str:
        """The name, or one like it that no register has yet."""
        number, unique = 1, name
        while unique in self._sizes:
            number, unique = number + 1, f"{name}#{number + 1}"
        return unique

    def finish(self, *outputs: Part) -> NetworkSpec:
        """The network with these registers as outputs."""
        return NetworkSpec(
            inputs=self.inputs,
            outputs=tuple((part.register, part.size) for part in outputs),
            operations=tuple(self._operations),
            parameters=tuple(self._parameters),
        )


def _joined(parts: tuple[Part, ...]) -> list[Part]:
    """The same columns with neighbours made one."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is not None and last.register == part.register and last.stop == part.start:
            joined[-1] = Part(part.register, last.start, part.stop)
        else:
            joined.append(part)
    return joined
