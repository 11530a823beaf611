"""A network run by the host, and the weights it has now."""

from __future__ import annotations

from host_sdk.inference import NumpyNetwork
from protocol.errors import LayoutMismatchError
from protocol.initial_weights import initial_weights
from protocol.network_spec import NetworkSpec
from protocol.weights import WeightsLayout, WeightsSnapshot


class NetworkWeights:
    """Holds a network's weights and swaps them whole.

    Attributes:
        network: runs with the weights of `snapshot`.
        snapshot: the weights in use.
        is_applied: whether they came from outside.
    """

    def __init__(self, spec: NetworkSpec, seed: int, network: NumpyNetwork) -> None:
        """
        Args:
            spec: the network.
            seed: of the initial weights.
            network: which is given them.
        """
        self.network = network
        self.snapshot = WeightsSnapshot(spec.hash, 0, initial_weights(spec, seed))
        self.is_applied = False
        self._layout = WeightsLayout.of(spec)
        network.load(self.snapshot.values)

    def apply(self, snapshot: WeightsSnapshot, *, is_known_finite: bool = False) -> None:
        """Uses other weights from now on, or leaves all as it is.

        Args:
            snapshot: the weights.
            is_known_finite: whether all of them were looked at already.

        Raises:
            LayoutMismatchError: they are of another network.
            WeightsError: they are not finite, or not as many as they should be.
        """
        if snapshot.network_hash != self._layout.hash:
            raise LayoutMismatchError(
                f"the weights are of network {snapshot.network_hash:#018x}, and this one is {self._layout.hash:#018x}: "
                "the schemas or the policy settings differ; make both sides alike"
            )
        self._layout.check(snapshot, is_known_finite=is_known_finite)
        self.network.load(snapshot.values)
        self.snapshot = snapshot
        self.is_applied = True
