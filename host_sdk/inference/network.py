"""Runs a network spec in numpy: every buffer is allocated once, and a tick is a straight list of numpy calls.

Each register has a buffer for `max_batch` rows. A register that only feeds a concat lives inside the concat's buffer,
an activation of a register that nothing else reads happens in place, and what doesn't depend on the input is computed
when weights are loaded. For each number of rows in use, the calls are bound to their views once and kept.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable

import numpy as np

from host_sdk.inference.operation import FloatArray, Step, bind_operation, works_elementwise
from protocol.network_spec import NetworkSpec, Operation
from protocol.weights import WeightsLayout

KEPT_PROGRAMS = 16
"""Row counts whose bound calls are kept: a crowd changes by a few agents at a time."""


class NumpyNetwork:
    """Interprets one network spec for up to `max_batch` rows at once.

    The arrays that `run` returns are views of buffers that the next `run` overwrites.
    """

    def __init__(self, spec: NetworkSpec, max_batch: int) -> None:
        if max_batch < 1:
            raise ValueError(f"max_batch is at least 1, got {max_batch}")
        self.spec = spec
        self.layout = WeightsLayout.of(spec)
        self.max_batch = max_batch
        self._constants = _constant_registers(spec)
        self._buffers = _allocate(spec, max_batch)
        self._parameters: dict[str, FloatArray] = {}
        self._programs: OrderedDict[int, _Program] = OrderedDict()

    def load(self, values: FloatArray) -> None:
        """Use these weights from the next `run` on.

        Nothing is copied: `values` must not be written to while they are in use.

        Args:
            values: float32[P] in the order of `WeightsLayout`.

        Raises:
            WeightsError: values don't fit the network.
        """
        self._parameters = self.layout.views(values)
        self._programs.clear()
        for operation in self.spec.operations:
            for step in self._bind(operation, self.max_batch, at_load=True):
                step()

    def run(self, *inputs: FloatArray) -> tuple[FloatArray, ...]:
        """Evaluate the network.

        Args:
            inputs: one float array [count, size] for each input of the spec, count in 1..max_batch.

        Returns:
            One float32[count, size] for each output of the spec; views, valid until the next call.

        Raises:
            ValueError: no weights are loaded, or an input has another shape than the spec's.
        """
        count = len(inputs[0])
        program = self._programs.get(count)
        if program is None:
            program = self._compile(count)
        if len(inputs) != len(program.inputs):
            raise ValueError(f"the network has {len(program.inputs)} inputs, got {len(inputs)}")
        for buffer, given in zip(program.inputs, inputs, strict=True):
            if given.shape != buffer.shape:
                raise ValueError(f"expected an input of shape {buffer.shape}, got {given.shape}")
            buffer[...] = given
        for step in program.steps:
            step()
        return program.outputs

    def _compile(self, count: int) -> _Program:
        if not 1 <= count <= self.max_batch:
            raise ValueError(f"a batch has 1..{self.max_batch} rows, got {count}")
        if not self._parameters and self.layout.size:
            raise ValueError("load weights before running the network")
        steps = [step for operation in self.spec.operations for step in self._bind(operation, count, at_load=False)]
        program = _Program(
            inputs=tuple(self._buffers[name][:count] for name, _ in self.spec.inputs),
            steps=tuple(steps),
            outputs=tuple(self._buffers[name][:count] for name, _ in self.spec.outputs),
        )
        self._programs[count] = program
        if len(self._programs) > KEPT_PROGRAMS:
            self._programs.popitem(last=False)
        return program

    def _bind(self, operation: Operation, count: int, *, at_load: bool) -> list[Step]:
        """The numpy calls of one operation on its first `count` rows that belong to loading, or to running."""
        if operation.kind != "concat" and (operation.output in self._constants) != at_load:
            return []
        inputs = [(self._buffers[name][:count], (name in self._constants) == at_load) for name in operation.inputs]
        return bind_operation(operation, inputs, self._parameters, self._buffers[operation.output][:count])


class _Program:
    """The calls of one network bound to the views of one number of rows."""

    __slots__ = ("inputs", "outputs", "steps")

    def __init__(
        self,
        inputs: tuple[FloatArray, ...],
        steps: tuple[Callable[[], object], ...],
        outputs: tuple[FloatArray, ...],
    ) -> None:
        self.inputs = inputs
        self.steps = steps
        self.outputs = outputs


def _constant_registers(spec: NetworkSpec) -> frozenset[str]:
    """Registers that depend on weights alone."""
    constants: set[str] = set()
    for operation in spec.operations:
        if all(name in constants for name in operation.inputs):
            constants.add(operation.output)
    return frozenset(constants)


def _allocate(spec: NetworkSpec, max_batch: int) -> dict[str, FloatArray]:
    """A buffer for each register; some share memory, as the module's docstring says."""
    readers = Counter(name for operation in spec.operations for name in operation.inputs)
    readers.update(name for name, _ in spec.outputs)
    readers.update(name for name, _ in spec.inputs for _ in range(2))  # Inputs keep a buffer of their own.
    sizes = spec.register_sizes
    homes: dict[str, FloatArray] = {}
    # Backwards, so that a concat has its buffer before the registers that go into it ask for theirs.
    for operation in reversed(spec.operations):
        if operation.output not in homes:
            homes[operation.output] = np.zeros((max_batch, sizes[operation.output]), dtype=np.float32)
        buffer = homes[operation.output]
        if operation.kind == "concat":
            stop = 0
            for name in operation.inputs:
                start, stop = stop, stop + sizes[name]
                if readers[name] == 1:
                    homes[name] = buffer[:, start:stop]
        elif works_elementwise(operation.kind) and readers[operation.inputs[0]] == 1:
            homes[operation.inputs[0]] = buffer
    for name, size in spec.inputs:
        homes[name] = np.zeros((max_batch, size), dtype=np.float32)
    return homes
