"""The outputs and the gradient of a network with memory over windows of steps, back through all steps of a window.

n windows of L steps, B = n · L rows, H memory, D distribution.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from protocol.network_spec import NetworkSpec, Operation
from trainer_process.models.memory_part import MEMORY_INPUT, MEMORY_OUTPUT
from trainer_process.models.memory_window import forward_windows
from trainer_process.models.network import SpecNetwork
from trainer_process.models.network_gradient import NetworkGradient, WrittenGradient
from trainer_process.models.written_gru import write_gru
from trainer_process.models.written_learning_agents_cell import write_learning_agents_cell
from trainer_process.models.written_lstm import write_lstm
from trainer_process.models.written_operation import WRITERS
from trainer_process.models.written_plan import why_not_written
from trainer_process.models.written_register import Write

_logger = logging.getLogger(__name__)
_WINDOW_WRITERS = {"gru": write_gru, "lstm": write_lstm, "learning_agents_cell": write_learning_agents_cell}


class RecurrentGradient(NetworkGradient):
    """Any network with memory, by torch's autograd.

    Rows are in the order of time: the first steps of all windows, then the second ones. Of the memories in `inputs`
    only those of first steps are read; from there on each step goes on from what the one before left.
    """

    def __init__(self, network: SpecNetwork, window_size: int, *inputs: Tensor) -> None:
        """
        Args:
            network: with an input "memory" and an output "memory_after".
            window_size: L.
            inputs: one [B, size] for each input of the network, as of `NetworkGradient`.
        """
        self.inputs = inputs
        self._network = network
        self._window_size = window_size
        names = [name for name, _ in network.spec.inputs]
        first = len(inputs[0]) // window_size
        self._read = [
            given[:first] if name == MEMORY_INPUT else given for name, given in zip(names, inputs, strict=True)
        ]
        (_, size), *_ = network.spec.outputs
        self.outputs = network.flat.new_zeros(len(inputs[0]), size)
        self.slopes = torch.zeros_like(self.outputs)
        self._traced = self.outputs

    def forward(self) -> None:
        with torch.enable_grad():
            self._traced = forward_windows(self._network, self._window_size, *self._read)[0]
        self.outputs.copy_(self._traced.detach())

    def backward(self) -> None:
        self._network.zero_grad()
        torch.autograd.backward([self._traced], [self.slopes])


def recurrent_gradient(network: SpecNetwork, window_size: int, *inputs: Tensor) -> NetworkGradient:
    """The fastest there is for a network with memory, over windows; see `RecurrentGradient`."""
    writers: Mapping[str, Write] = {
        **WRITERS,
        **{kind: partial(write, window_size=window_size) for kind, write in _WINDOW_WRITERS.items()},
    }
    reason = _why_not_one_cell(network.spec) or why_not_written(network, *inputs, writers=writers)
    if reason is None:
        return WrittenGradient(network, *inputs, writers=writers)
    _logger.info("network %016x: gradients by autograd, since %s", network.layout.hash, reason)
    return RecurrentGradient(network, window_size, *inputs)


def _why_not_one_cell(spec: NetworkSpec) -> str | None:
    """Why what leads from one memory to the next isn't one cell alone, as writing its windows out takes it to be."""
    reading = [operation for operation in spec.operations if MEMORY_INPUT in operation.inputs]
    if len(reading) != 1 or reading[0].kind not in _WINDOW_WRITERS or reading[0].inputs[0] == MEMORY_INPUT:
        return "other operations than one memory cell read its memory"
    (cell,) = reading
    if not _keeps_memory_of(cell, spec):
        return "its memory is not what its memory cell yields"
    return None


def _keeps_memory_of(cell: Operation, spec: NetworkSpec) -> bool:
    if cell.output == MEMORY_OUTPUT:
        return cell.kind != "learning_agents_cell"
    (made_by,) = (operation for operation in spec.operations if operation.output == MEMORY_OUTPUT)
    if made_by.kind != "slice" or made_by.inputs != (cell.output,):
        return False
    size, memory_size = spec.register_sizes[cell.output], spec.register_sizes[MEMORY_INPUT]
    return (made_by.attribute("start"), made_by.attribute("stop")) == (size - memory_size, size)
