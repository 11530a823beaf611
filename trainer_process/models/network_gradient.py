"""A network's outputs and its gradient for one number of rows: by autograd, which is what is meant, or written out.

Autograd spends more time on its bookkeeping than a small network takes to compute. B rows, D numbers of the first
output; the loss depends on no other.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor

from trainer_process.models.network import SpecNetwork
from trainer_process.models.side_stream import SideStream
from trainer_process.models.written_operation import WRITERS
from trainer_process.models.written_plan import why_not_written, write_plan
from trainer_process.models.written_register import Write

_logger = logging.getLogger(__name__)


class NetworkGradient(ABC):
    """Computes on buffers that stay the same tensors.

    Attributes:
        inputs: one [B, size] for each input of the network, observations normalised; to be filled, or shared with
            others that read the same. An input of bytes may hold bytes.
        outputs: [B, D], which `forward` fills.
        slopes: [B, D], of the loss by the outputs; to be filled before `backward`, which may overwrite it.
    """

    inputs: tuple[Tensor, ...]
    outputs: Tensor
    slopes: Tensor

    @abstractmethod
    def forward(self) -> None:
        """Computes `outputs` of `inputs`. To be called without gradient, as is `backward`."""

    @abstractmethod
    def backward(self) -> None:
        """Overwrites the network's flat gradient with that of the loss whose slopes stand in `slopes`."""


class AutogradGradient(NetworkGradient):
    """Any network, by torch's autograd: the reference."""

    def __init__(self, network: SpecNetwork, *inputs: Tensor) -> None:
        self.inputs = inputs
        self._network = network
        (_, size), *_ = network.spec.outputs
        self.outputs = network.flat.new_zeros(len(inputs[0]), size)
        self.slopes = torch.zeros_like(self.outputs)
        self._traced = self.outputs

    def forward(self) -> None:
        with torch.enable_grad():
            self._traced = self._network.forward_normalized(*self.inputs)[0]
        self.outputs.copy_(self._traced.detach())

    def backward(self) -> None:
        self._network.zero_grad()
        if self._traced.requires_grad:
            torch.autograd.backward([self._traced], [self.slopes])


class WrittenGradient(NetworkGradient):
    """A network whose operations all have their gradient written out, see `written_operation`."""

    def __init__(self, network: SpecNetwork, *inputs: Tensor, writers: Mapping[str, Write] = WRITERS) -> None:
        """
        Args:
            network: whose gradient it is.
            inputs: as of `NetworkGradient`.
            writers: by kind of operation.

        Raises:
            ValueError: the gradient of this network can't be written out; `why_not_written` says why.
        """
        self._plan = write_plan(network, *inputs, writers=writers)
        self.inputs, self.outputs, self.slopes = inputs, self._plan.outputs, self._plan.slopes
        self._side = SideStream(network.flat.device)
        # Parameters that no output depends on are never written to.
        network.zero_grad()

    def forward(self) -> None:
        for call in self._plan.forward:
            call()

    def backward(self) -> None:
        for call in self._plan.zero:
            call()
        for parameters, inputs in self._plan.backward:
            if parameters:
                self._side.run(parameters)
            for call in inputs:
                call()
        self._side.join()


def network_gradient(network: SpecNetwork, *inputs: Tensor) -> NetworkGradient:
    """The fastest there is for a network, on rows that will stand in `inputs`, one [B, size] for each of its inputs."""
    reason = why_not_written(network, *inputs)
    if reason is None:
        return WrittenGradient(network, *inputs)
    _logger.info("network %016x: gradients by autograd, since %s", network.layout.hash, reason)
    return AutogradGradient(network, *inputs)
