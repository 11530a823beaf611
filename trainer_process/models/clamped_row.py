"""Free parameters that a network clamps, as the log standard deviations of a policy are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from trainer_process.models.network import SpecNetwork


class ClampedRow(NamedTuple):
    """A free parameter, without gradient, and the bounds that the network clamps it to."""

    values: Tensor
    minimum: float
    maximum: float


def clamped_rows(network: SpecNetwork) -> Iterator[ClampedRow]:
    """All of a network's."""
    made_by = {operation.output: operation for operation in network.spec.operations}
    for operation in network.spec.operations:
        source = made_by.get(operation.inputs[0]) if operation.kind == "clamp" else None
        if source is not None and source.kind == "broadcast":
            values = network.parameters[source.parameters[0]].detach()
            yield ClampedRow(values, operation.attribute("minimum"), operation.attribute("maximum"))


def keep_within_clamps(network: SpecNetwork) -> None:
    """Moves free parameters that a network clamps back to the nearest bound.

    Beyond it a clamp passes no gradient, so that a log standard deviation that stepped over would stay for good.
    """
    for row in clamped_rows(network):
        row.values.clamp_(row.minimum, row.maximum)
