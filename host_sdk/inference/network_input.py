"""What a policy's and a critic's networks read: the vectors of an interactor, by the names of a spec's inputs."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.interaction.interaction_buffer import InteractionBuffer
from protocol.network_spec import NetworkSpec

VectorArray: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.uint8]


def input_vectors(spec: NetworkSpec, buffer: InteractionBuffer) -> list[VectorArray]:
    """The live vectors of all agent slots that the network reads, in its order; memory, the last, is not among them."""
    vectors: dict[str, VectorArray] = {"observation": buffer.observation_vectors, "image": buffer.image_vectors}
    return [vectors[name] for name, _ in spec.inputs if name != "memory"]
