"""Free parameters that a network clamps, as the log standard deviations of a policy are."""

from __future__ import annotations

from trainer_process.models.network import SpecNetwork


def keep_within_clamps(network: SpecNetwork) -> None:
    """Moves free parameters that a network clamps back to the nearest bound.

    Beyond it a clamp passes no gradient, so that a log standard deviation that stepped over would stay for good.
    """
    made_by = {operation.output: operation for operation in network.spec.operations}
    for operation in network.spec.operations:
        source = made_by.get(operation.inputs[0]) if operation.kind == "clamp" else None
        if source is not None and source.kind == "broadcast":
            row = network.parameters[source.parameters[0]].detach()
            row.clamp_(operation.attribute("minimum"), operation.attribute("maximum"))
