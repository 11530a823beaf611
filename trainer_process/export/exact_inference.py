"""A policy's network in float64, to tell what float32 loses from what a model gets wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.policy_file import PolicyFile
from protocol.weights import WeightsLayout
from trainer_process.models.bound_operation import spread
from trainer_process.models.operation import bind_operation


def exact_outputs(policy: PolicyFile, case: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[np.float64]]:
    """`distribution`, and `memory_out` with a memory, of the inputs `observation`, `image` and `memory`."""
    spec = policy.policy_spec
    views = WeightsLayout.of(spec).views(policy.snapshot.values)
    registers: dict[str, Tensor] = {name: torch.from_numpy(case[name].astype(np.float64)) for name, _ in spec.inputs}
    count = len(next(iter(registers.values())))
    with torch.no_grad():
        for operation in spec.operations:
            parameters = [torch.from_numpy(views[name].astype(np.float64)) for name in operation.parameters]
            bound = bind_operation(operation, parameters, in_place=False)
            registers[operation.output] = bound.run([registers[name] for name in operation.inputs])
    names = ("distribution", "memory_out")
    return {
        name: spread(registers[register], count).numpy()
        for name, (register, _) in zip(names, spec.outputs, strict=False)
    }
