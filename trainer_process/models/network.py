"""A network spec as a torch computation on one flat vector of weights.

All trainable parameters live in one storage in the order of `WeightsLayout`. The optimiser and the gradient norm thus
each work on one tensor, while autograd sees one leaf per parameter: its view of the storage, whose gradient is a view
of one flat gradient. (Slicing a flat leaf in the forward pass instead would make autograd build a zero-padded gradient
of full length for every slice.) Networks that learn together may lie in one storage, one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.network_spec import NetworkSpec, Operation
from protocol.weights import WeightsLayout
from trainer_process.models.bound_operation import BoundOperation
from trainer_process.models.memory_part import MemoryParts, split_at_memory
from trainer_process.models.operation import bind_operation, normalize

FloatArray = npt.NDArray[np.float32]


class FlatWeights(NamedTuple):
    """Trainable weights [n] and their gradient [n]."""

    values: Tensor
    gradient: Tensor

    @classmethod
    def zeros(cls, size: int, device: str) -> FlatWeights:
        """A new storage."""
        values = torch.zeros(size, dtype=torch.float32, device=device)
        return cls(values, torch.zeros_like(values))

    def part(self, start: int, size: int) -> FlatWeights:
        """Views of `size` weights and their gradient."""
        return FlatWeights(self.values[start : start + size], self.gradient[start : start + size])


class SpecNetwork:
    """Interprets one network spec with gradients.

    Attributes:
        spec: what it computes.
        layout: where each parameter lies.
        flat: float32[trainable_size], all trainable weights; `flat.grad` is `flat_grad`. Give it to the optimiser.
        flat_grad: float32[trainable_size], what `backward` adds to. Zero it with `zero_grad`; it must stay this tensor.
        state: float32[P − trainable_size], what no optimiser touches: the normaliser's statistics.
        parameters: each parameter by name, as a view of `flat` or `state` in its own shape.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        layout: WeightsLayout,
        values: FloatArray,
        device: str = "cpu",
        storage: FlatWeights | None = None,
    ) -> None:
        """
        Args:
            spec: what to compute.
            layout: of the spec.
            values: float32[P] to start from.
            device: in torch's words.
            storage: where trainable weights and their gradient shall lie; a storage of the network's own by default.
        """
        self.spec = spec
        self.layout = layout
        own = storage or FlatWeights.zeros(layout.trainable_size, device)
        self.flat, self.flat_grad = own.values.detach().requires_grad_(), own.gradient
        self.flat.grad = self.flat_grad
        self.state = torch.zeros(layout.size - layout.trainable_size, dtype=torch.float32, device=device)
        self.load(values)
        self.parameters = self._make_parameters()
        self._operations = _bind_all(spec, self.parameters)
        first = spec.operations[0]
        self._normalizer = first if first.kind == "normalize" else None

    @property
    def normalizer(self) -> Operation | None:
        """The operation that `normalize` is: the first one, where that normalises."""
        return self._normalizer

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Evaluate the network with one [B, size] for each input; yields one [B, size] for each output.

        Args:
            inputs: float32, or bytes as numbers, in the order of the spec.
        """
        registers = {name: as_floats(given) for (name, _), given in zip(self.spec.inputs, inputs, strict=True)}
        self.run(self._operations, registers)
        return self.outputs(registers, len(inputs[0]))

    def normalize(self, observations: Tensor) -> Tensor:
        """The observations as they leave the normaliser, for `forward_normalized`; [B, O], without gradient.

        Statistics don't change during an update, so that a whole rollout is normalised once.
        """
        if self._normalizer is None:
            return observations
        with torch.no_grad():
            return normalize(self._normalizer, self.parameters, observations)

    def forward_normalized(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Like `forward`, with observations that have been through `normalize`."""
        registers = self.normalized_registers(*inputs)
        self.run(self.operations, registers)
        return self.outputs(registers, len(inputs[0]))

    @property
    def operations(self) -> tuple[BoundOperation, ...]:
        """All operations but the normaliser."""
        return self._operations if self._normalizer is None else self._operations[1:]

    @cached_property
    def memory_parts(self) -> MemoryParts:
        """`operations` by how they depend on the memory."""
        return split_at_memory(self.spec, self.operations)

    def normalized_registers(self, *inputs: Tensor) -> dict[str, Tensor]:
        """The registers that `operations` start from.

        Args:
            inputs: one [B, size] for each input of the spec, the observations having been through `normalize`.
        """
        names = [name for name, _ in self.spec.inputs]
        if self._normalizer is not None:
            names = [self._normalizer.output if name in self._normalizer.inputs else name for name in names]
        return {name: as_floats(given) for name, given in zip(names, inputs, strict=True)}

    def run(self, operations: Sequence[BoundOperation], registers: dict[str, Tensor]) -> None:
        """Add what some operations yield to the registers, which hold all that they read."""
        for operation in operations:
            registers[operation.output] = operation.run([registers[name] for name in operation.inputs])

    def outputs(self, registers: Mapping[str, Tensor], count: int) -> tuple[Tensor, ...]:
        """One [count, size] for each output of the spec, out of the registers of `count` agents."""
        # What depends on weights alone has one row.
        return tuple(registers[name].expand(count, -1) for name, _ in self.spec.outputs)

    def zero_grad(self) -> None:
        """Forget gradients, keeping the tensor they are in."""
        self.flat_grad.zero_()

    def values(self) -> FloatArray:
        """A copy of all weights as float32[P]."""
        return torch.cat([self.flat.detach(), self.state]).cpu().numpy()

    def load(self, values: FloatArray) -> None:
        """Copy these weights float32[P] in.

        Raises:
            WeightsError: values don't fit the network.
        """
        self.layout.views(values)
        trainable, statistics = torch.from_numpy(values.copy()).tensor_split([self.layout.trainable_size])
        with torch.no_grad():
            self.flat.copy_(trainable)
            self.state.copy_(statistics)

    def _make_parameters(self) -> Mapping[str, Tensor]:
        parameters: dict[str, Tensor] = {}
        for entry in self.layout.entries:
            if entry.trainable:
                part = slice(entry.offset, entry.offset + entry.size)
                parameter = self.flat.detach()[part].view(entry.shape).requires_grad_()
                parameter.grad = self.flat_grad[part].view(entry.shape)
            else:
                start = entry.offset - self.layout.trainable_size
                parameter = self.state[start : start + entry.size].view(entry.shape)
            parameters[entry.name] = parameter
        return parameters


def as_floats(given: Tensor) -> Tensor:
    """Bytes as numbers; what is float32 already as it is."""
    return given if given.dtype == torch.float32 else given.to(torch.float32)


def _bind_all(spec: NetworkSpec, parameters: Mapping[str, Tensor]) -> tuple[BoundOperation, ...]:
    readers = Counter(name for operation in spec.operations for name in operation.inputs)
    readers.update(name for name, _ in spec.outputs)
    made_by_linear = {operation.output for operation in spec.operations if operation.kind == "linear"}
    return tuple(
        bind_operation(
            operation,
            [parameters[name] for name in operation.parameters],
            # A linear layer's gradient doesn't need its output, so that what alone reads it may overwrite it.
            in_place=all(name in made_by_linear and readers[name] == 1 for name in operation.inputs),
        )
        for operation in spec.operations
    )
