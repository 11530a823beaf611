"""Runs a network spec in numpy: every buffer is allocated once, and a tick is a straight list of numpy calls.

Each register has a buffer for `max_batch` agents, see `register_memory`. What doesn't depend on the inputs is computed
when weights are loaded. For each number of agents in use, the calls are bound to their views once and kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.inference.binding import Binding, FloatArray, Scratch, Step
from host_sdk.inference.operation import bind_operation, prepare_parameters
from host_sdk.inference.register_memory import allocate_registers
from protocol.network_spec import NetworkSpec, Operation
from protocol.weights import WeightsLayout

InputArray: TypeAlias = npt.NDArray[np.floating[Any]] | npt.NDArray[np.uint8]

KEPT_PROGRAMS = 16
"""Numbers of agents whose bound calls are kept: a crowd changes by a few agents at a time."""


class NumpyNetwork:
    """Interprets one network spec for up to `max_batch` agents at once.

    The arrays that `run` returns are views of buffers that the next `run` overwrites.
    """

    def __init__(self, spec: NetworkSpec, max_batch: int) -> None:
        if max_batch < 1:
            raise ValueError(f"max_batch is at least 1, got {max_batch}")
        self.spec = spec
        self.layout = WeightsLayout.of(spec)
        self.max_batch = max_batch
        self._memory = allocate_registers(spec, max_batch)
        self._scratch = Scratch()
        self._parameters: dict[str, list[FloatArray]] = {}
        self._programs: OrderedDict[int, _Program] = OrderedDict()

    def load(self, values: FloatArray) -> None:
        """Use these weights from the next `run` on.

        Most is not copied: `values` must not be written to while they are in use.

        Args:
            values: float32[P] in the order of `WeightsLayout`.

        Raises:
            WeightsError: values don't fit the network.
        """
        views = self.layout.views(values)
        self._programs.clear()
        self._parameters = {
            operation.output: prepare_parameters(operation, views) for operation in self.spec.operations
        }
        for operation in self.spec.operations:
            for step in self._bind(operation, self.max_batch, at_load=True):
                step()

    def run(self, *inputs: InputArray) -> tuple[FloatArray, ...]:
        """Evaluate the network.

        Args:
            inputs: one array [count, size] of floats or bytes for each input of the spec, count in 1..max_batch.

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
            inputs=tuple(self._rows(name, count) for name, _ in self.spec.inputs),
            steps=tuple(steps),
            outputs=tuple(self._rows(name, count) for name, _ in self.spec.outputs),
        )
        self._programs[count] = program
        if len(self._programs) > KEPT_PROGRAMS:
            self._programs.popitem(last=False)
        return program

    def _rows(self, name: str, count: int) -> FloatArray:
        """The rows of `count` agents in a register."""
        return self._memory.buffers[name][: count * self.spec.register_rows[name]]

    def _bind(self, operation: Operation, count: int, *, at_load: bool) -> list[Step]:
        """The numpy calls of one operation for its first `count` agents that belong to loading, or to running."""
        constants = self._memory.constants
        if operation.output in self._memory.views:
            return []
        if operation.kind != "concat" and (operation.output in constants) != at_load:
            return []
        return bind_operation(
            Binding(
                operation=operation,
                inputs=[self._rows(name, count) for name in operation.inputs],
                due=[(name in constants) == at_load for name in operation.inputs],
                parameters=self._parameters[operation.output],
                output=self._rows(operation.output, count),
                rows=self.spec.register_rows[operation.output],
                scratch=self._scratch,
            )
        )


class _Program:
    """The calls of one network bound to the views of one number of agents."""

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
