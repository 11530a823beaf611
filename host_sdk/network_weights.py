"""The weights of a network, and everybody who runs it with them."""

from __future__ import annotations

from weakref import WeakSet

from host_sdk.inference import NumpyNetwork
from protocol.errors import LayoutMismatchError
from protocol.initial_weights import initial_weights
from protocol.network_spec import NetworkSpec
from protocol.weights import WeightsLayout, WeightsSnapshot


class NetworkWeights:
    """Holds a network's weights and swaps them whole, for all that run it.

    Attributes:
        snapshot: the weights in use.
        is_applied: whether they came from outside.
        loaded_count: how many networks were ever given them.
    """

    def __init__(self, spec: NetworkSpec, seed: int) -> None:
        """
        Args:
            spec: the network.
            seed: of the initial weights.
        """
        self.snapshot = WeightsSnapshot(spec.hash, 0, initial_weights(spec, seed))
        self.is_applied = False
        self.loaded_count = 0
        self._layout = WeightsLayout.of(spec)
        self._networks: WeakSet[NumpyNetwork] = WeakSet()

    def load_into(self, network: NumpyNetwork) -> None:
        """Gives the weights in use to a network of the same spec, and all that come, for as long as it lives."""
        network.load(self.snapshot.values)
        self._networks.add(network)
        self.loaded_count += 1

    def check(self, snapshot: WeightsSnapshot, *, is_known_finite: bool = False) -> None:
        """Raises what `apply` would raise, and changes nothing."""
        if snapshot.network_hash != self._layout.hash:
            raise LayoutMismatchError(
                f"the weights are of network {snapshot.network_hash:#018x}, and this one is {self._layout.hash:#018x}: "
                "the schemas or the policy settings differ; make both sides alike"
            )
        self._layout.check(snapshot, is_known_finite=is_known_finite)

    def apply(self, snapshot: WeightsSnapshot, *, is_known_finite: bool = False) -> None:
        """Uses other weights from now on, or leaves all as it is.

        Args:
            snapshot: the weights.
            is_known_finite: whether all of them were looked at already.

        Raises:
            LayoutMismatchError: they are of another network.
            WeightsError: they are not finite, or not as many as they should be.
        """
        self.check(snapshot, is_known_finite=is_known_finite)
        for network in self._networks:
            network.load(snapshot.values)
        self.snapshot = snapshot
        self.is_applied = True
