"""The outputs and the gradient of a network with memory over windows of steps, back through all steps of a window.

n windows of L steps, B = n · L rows, H memory, D distribution.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trainer_process.models.memory_window import forward_windows
from trainer_process.models.network import SpecNetwork
from trainer_process.models.network_gradient import NetworkGradient


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
        self._read = [given[:first] if name == "memory" else given for name, given in zip(names, inputs, strict=True)]
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
