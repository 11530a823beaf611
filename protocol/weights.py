"""A network's weights as one flat float32 vector, where everything lies in it, and snapshots of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from protocol.errors import WeightsError
from protocol.network_spec import NetworkSpec

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class WeightsEntry:
    """One parameter in the flat vector: `size` floats from `offset` on, in C order of `shape`."""

    name: str
    shape: tuple[int, ...]
    offset: int
    size: int
    trainable: bool


@dataclass(frozen=True, eq=False)
class WeightsLayout:
    """Where each parameter lies: first all trainable ones in the spec's order, then all others.

    An optimiser thus works on one stretch, `values[:trainable_size]`.

    Attributes:
        entries: by rising offset.
        size: P, floats in all.
        trainable_size: floats of the trainable stretch.
        hash: the network hash.
    """

    entries: tuple[WeightsEntry, ...]
    size: int
    trainable_size: int
    hash: int

    @classmethod
    def of(cls, spec: NetworkSpec) -> WeightsLayout:
        """The layout of a network's weights."""
        entries: list[WeightsEntry] = []
        offset = trainable_size = 0
        for parameter in sorted(spec.parameters, key=lambda parameter: not parameter.trainable):
            entries.append(WeightsEntry(parameter.name, parameter.shape, offset, parameter.size, parameter.trainable))
            offset += parameter.size
            trainable_size = offset if parameter.trainable else trainable_size
        return cls(tuple(entries), offset, trainable_size, spec.hash)

    @cached_property
    def by_name(self) -> Mapping[str, WeightsEntry]:
        """The entries by name."""
        return {entry.name: entry for entry in self.entries}

    def views(self, values: FloatArray) -> dict[str, FloatArray]:
        """Each parameter as a view of `values` float32[P] in its own shape.

        Raises:
            WeightsError: values are not float32[P] in one piece.
        """
        check_values(values)
        if values.size != self.size:
            raise WeightsError(f"the network has {self.size} weights, got {values.size}")
        return {
            entry.name: values[entry.offset : entry.offset + entry.size].reshape(entry.shape) for entry in self.entries
        }

    def check(self, snapshot: WeightsSnapshot, *, is_known_finite: bool = False) -> None:
        """Refuse a snapshot of another network, or one that is not finite.

        Args:
            snapshot: of any network.
            is_known_finite: whether all its numbers were looked at already, which takes a while in large ones.

        Raises:
            WeightsError: naming both sides' values.
        """
        if snapshot.network_hash != self.hash:
            raise WeightsError(
                f"the weights are of network {snapshot.network_hash:#018x}, this network is {self.hash:#018x}: "
                "the schemas or the policy settings differ"
            )
        if snapshot.values.size != self.size:
            raise WeightsError(f"the network has {self.size} weights, the snapshot {snapshot.values.size}")
        if not is_known_finite and not snapshot.is_finite():
            raise WeightsError(f"the weights of version {snapshot.version} are not finite")


@dataclass(frozen=True, eq=False)
class WeightsSnapshot:
    """The weights of one version of one network. Nobody may write to `values` any more.

    Attributes:
        network_hash: of the network they are for.
        version: 0 before any training.
        values: float32[P].

    Raises:
        WeightsError: values are not a one-dimensional float32 array in one piece, or the version is negative.
    """

    network_hash: int
    version: int
    values: FloatArray

    def __post_init__(self) -> None:
        check_values(self.values)
        if self.version < 0:
            raise WeightsError(f"a version is at least 0, got {self.version}")

    def is_finite(self) -> bool:
        """Whether every weight is a finite number."""
        return are_finite(self.values)


def are_finite(values: FloatArray) -> bool:
    """Whether every number of float32[n] is finite; about 0.5 ms for a million."""
    # A float64 sum of float32 numbers can't overflow, so it is finite exactly where every term is; no mask is made.
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))


def check_values(values: object) -> None:
    """Refuse anything but a one-dimensional float32 array in one piece.

    Raises:
        WeightsError: saying what came.
    """
    if not isinstance(values, np.ndarray):
        raise WeightsError(f"weights are a float32 array, got {type(values).__name__}")
    if values.dtype != np.float32 or values.ndim != 1 or not values.flags.c_contiguous:
        raise WeightsError(
            f"weights are a one-dimensional float32 array in one piece, got {values.dtype} of shape {values.shape}"
        )
