"""Evaluates a network over windows of steps, each of which begins with the memory that the one before left."""

from __future__ import annotations

import torch
from torch import Tensor

from trainer_process.models.memory_part import MEMORY_INPUT, MEMORY_OUTPUT
from trainer_process.models.network import SpecNetwork


def forward_windows(network: SpecNetwork, steps: int, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Evaluate a network that has a memory on W windows of L steps.

    Args:
        network: with an input "memory" and an output "memory_after".
        steps: L.
        inputs: one for each input of the spec, observations having been through `normalize`: [L · W, size] in the order
            of time, window (w, t) at t · W + w; but the memory [W, H], with which the first step begins.

    Returns:
        One [L · W, size] for each output, in the same order; gradients go back through all steps.
    """
    parts = network.memory_parts
    registers = network.normalized_registers(*inputs)
    memory = registers.pop(MEMORY_INPUT)
    network.run(parts.before, registers)
    by_step = {
        name: _by_step(registers[name], steps, network.spec.register_rows[name]) for name in parts.recurrent_reads
    }
    found: dict[str, list[Tensor]] = {name: [] for name in parts.after_reads}
    for step in range(steps):
        at_step = {name: slices[step] for name, slices in by_step.items()}
        at_step[MEMORY_INPUT] = memory
        network.run(parts.recurrent, at_step)
        memory = at_step[MEMORY_OUTPUT]
        for name, values in found.items():
            values.append(at_step[name])
    registers.update({name: torch.cat(values) for name, values in found.items()})
    network.run(parts.after, registers)
    return network.outputs(registers, steps * len(memory))


def _by_step(x: Tensor, steps: int, rows: int) -> tuple[Tensor, ...]:
    """The rows of each step; what depends on weights alone, which has the rows of one agent, is the same in all."""
    return (x,) * steps if len(x) == rows else x.reshape(steps, -1, x.shape[1]).unbind()
