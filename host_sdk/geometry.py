"""Rotations and transforms of three dimensions, for one thing or for many at once.

Conventions are Unreal's: a quaternion is x, y, z, w; `multiply(a, b)` turns by b first; a rotator is pitch, yaw and
roll in degrees, of a left-handed world with x forward, y right and z up. Only the rotator depends on handedness.

Arrays may have any leading axes, agents first. Where two have a different number of them, they are aligned from the
**left**, so that a transform of each agent, [N], applies to all of an agent's things, [N, n]. Numbers that are not
finite give such numbers, without a warning; so does a quaternion of zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError

FloatingArray: TypeAlias = npt.NDArray[np.floating[Any]]
"""float64, or float32 where that was given."""


def as_vectors(values: npt.ArrayLike, size: int, name: str) -> FloatingArray:
    """The values as floats, whose last axis has this size.

    Raises:
        ValueMismatchError: they are no such numbers; names `name`.
    """
    array = np.asarray(values)
    if array.dtype.kind != "f":
        if array.dtype.kind not in "iub":
            raise ValueMismatchError(name, "numbers", f"values of type {array.dtype}")
        array = array.astype(np.float64)
    if array.ndim < 1 or array.shape[-1] != size:
        raise ValueMismatchError(name, f"{size} numbers in the last axis", f"shape {array.shape}")
    return array


def aligned(first: FloatingArray, second: FloatingArray) -> tuple[FloatingArray, FloatingArray]:
    """Both with equally many axes: new ones stand before the last axis of the one that had fewer.

    Raises:
        ValueMismatchError: their leading axes don't fit each other.
    """
    for ours, theirs in zip(first.shape[:-1], second.shape[:-1], strict=False):
        if ours != theirs and ours != 1 and theirs != 1:
            raise ValueMismatchError("leading axes", "arrays for the same agents", f"{first.shape} and {second.shape}")
    missing = second.ndim - first.ndim
    if missing > 0:
        first = first.reshape(*first.shape[:-1], *(1,) * missing, first.shape[-1])
    elif missing < 0:
        second = second.reshape(*second.shape[:-1], *(1,) * -missing, second.shape[-1])
    return first, second


def normalized(vectors: FloatingArray) -> FloatingArray:
    """[..., k] of length 1; zeros stay zeros."""
    lengths = lengths_of(vectors)
    lengths[lengths == 0.0] = 1.0
    return np.divide(vectors, lengths)


def quaternion_from_rotator(pitch: npt.ArrayLike, yaw: npt.ArrayLike, roll: npt.ArrayLike) -> FloatingArray:
    """The rotation that a rotator means: roll about x first, then pitch about y, then yaw about z.

    Args:
        pitch: [...] degrees, positive looks up.
        yaw: [...] degrees, positive turns from x to y.
        roll: [...] degrees.

    Returns:
        [..., 4] as `FRotator::Quaternion` gives it.
    """
    halves = [np.radians(np.asarray(angle, dtype=np.float64)) / 2 for angle in np.broadcast_arrays(pitch, yaw, roll)]
    with np.errstate(invalid="ignore"):
        (sp, sy, sr), (cp, cy, cr) = [np.sin(half) for half in halves], [np.cos(half) for half in halves]
    return np.stack(
        [
            cr * sp * sy - sr * cp * cy,
            -cr * sp * cy - sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ],
        axis=-1,
    )


def quaternion_from_axis_angle(axis: npt.ArrayLike, angle: npt.ArrayLike, *, is_radians: bool = False) -> FloatingArray:
    """The rotation about an axis.

    Args:
        axis: [..., 3], of any length but 0.
        angle: [...] degrees.
        is_radians: whether the angle is in radians.

    Returns:
        [..., 4].
    """
    half = np.asarray(angle, dtype=np.float64) / 2
    if not is_radians:
        half = np.radians(half)
    with np.errstate(invalid="ignore"):
        sine, cosine = np.sin(half)[..., np.newaxis], np.cos(half)[..., np.newaxis]
        directions, sine = aligned(normalized(as_vectors(axis, 3, "axis")), sine)
        part = directions * sine
    _, cosine = aligned(part, cosine)
    return np.concatenate([part, np.broadcast_to(cosine, (*part.shape[:-1], 1))], axis=-1)


def multiply(first: FloatingArray, second: FloatingArray) -> FloatingArray:
    """The rotation `first` after the rotation `second`, [..., 4] each."""
    first, second = aligned(first, second)
    ax, ay, az, aw = (first[..., i] for i in range(4))
    bx, by, bz, bw = (second[..., i] for i in range(4))
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )


def inverse(quaternions: FloatingArray) -> FloatingArray:
    """The opposite rotation of unit quaternions, [..., 4]."""
    return quaternions * np.array([-1, -1, -1, 1], dtype=quaternions.dtype)


def rotate(quaternions: FloatingArray, vectors: FloatingArray) -> FloatingArray:
    """Vectors [..., 3] turned by unit quaternions [..., 4]."""
    quaternions, vectors = aligned(quaternions, vectors)
    return _turned(quaternions, vectors[..., 0], vectors[..., 1], vectors[..., 2])


def _turned(quaternions: FloatingArray, x: FloatingArray, y: FloatingArray, z: FloatingArray) -> FloatingArray:
    """The turned vectors, [..., 3], given as their components, [...]: by the matrix that a quaternion stands for."""
    qx, qy, qz, qw = (quaternions[..., i] for i in range(4))
    rows = (
        (1 - 2 * (qy * qy + qz * qz), 2 * (qx * qy - qz * qw), 2 * (qx * qz + qy * qw)),
        (2 * (qx * qy + qz * qw), 1 - 2 * (qx * qx + qz * qz), 2 * (qy * qz - qx * qw)),
        (2 * (qx * qz - qy * qw), 2 * (qy * qz + qx * qw), 1 - 2 * (qx * qx + qy * qy)),
    )
    lead = np.broadcast_shapes(qx.shape, x.shape)
    turned = np.empty((*lead, 3), dtype=np.result_type(quaternions, x))
    # One component at a time, each in memory of its own: three times as fast as arithmetic along an axis of three.
    for i, (of_x, of_y, of_z) in enumerate(rows):
        sums = np.asarray(of_x * x)
        sums += of_y * y
        sums += of_z * z
        turned[..., i] = sums
    return turned


@dataclass(frozen=True, eq=False)
class Transform:
    """Where things are, how they are turned and how large: scale first, then rotation, then location.

    Attributes:
        location: [..., 3].
        rotation: [..., 4], unit quaternions; given ones are brought to length 1.
        scale: [..., 3].

    All have the same leading axes, those of the one that was given most.

    Raises:
        ValueMismatchError: an array of another shape.
    """

    location: FloatingArray
    rotation: FloatingArray
    scale: FloatingArray
    _is_scaled: bool = field(init=False, repr=False)

    def __init__(
        self,
        location: npt.ArrayLike = (0.0, 0.0, 0.0),
        rotation: npt.ArrayLike | None = None,
        scale: npt.ArrayLike | None = None,
    ) -> None:
        """
        Args:
            location: [..., 3].
            rotation: [..., 4], quaternions; none where it is left away.
            scale: [..., 3]; 1 where it is left away.
        """
        locations = as_vectors(location, 3, "transform.location")
        unturned = np.array([0, 0, 0, 1], dtype=locations.dtype)
        rotations = unturned if rotation is None else as_rotation(rotation, "transform.rotation")
        unscaled = np.ones(3, dtype=locations.dtype)
        scales = unscaled if scale is None else as_vectors(scale, 3, "transform.scale")
        if not locations.shape[:-1] == rotations.shape[:-1] == scales.shape[:-1]:
            locations, rotations, scales = _with_one_lead(locations, rotations, scales)
        object.__setattr__(self, "location", locations)
        object.__setattr__(self, "rotation", rotations)
        object.__setattr__(self, "scale", scales)
        # Most transforms of games turn and move alone, which spares work on every vector.
        object.__setattr__(self, "_is_scaled", scale is not None)

    def transform_location(self, locations: npt.ArrayLike) -> FloatingArray:
        """Locations [..., 3] from the transform's own space to the world's."""
        turned = self.transform_vector(locations)
        location, turned = aligned(self.location, turned)
        return turned + location

    def inverse_transform_location(self, locations: npt.ArrayLike) -> FloatingArray:
        """Locations [..., 3] from the world's space to the transform's own."""
        location, theirs = aligned(self.location, as_vectors(locations, 3, "location"))
        with np.errstate(invalid="ignore", over="ignore"):
            x, y, z = (theirs[..., i] - location[..., i] for i in range(3))
            quaternions, _ = aligned(inverse(self.rotation), theirs)
            return self._scaled_back(_turned(quaternions, x, y, z))

    def transform_vector(self, vectors: npt.ArrayLike) -> FloatingArray:
        """Vectors [..., 3] scaled and turned to the world's space."""
        if not self._is_scaled:
            return self.transform_direction(vectors)
        scale, theirs = aligned(self.scale, as_vectors(vectors, 3, "vector"))
        with np.errstate(invalid="ignore", over="ignore"):
            return rotate(self.rotation, theirs * scale)

    def inverse_transform_vector(self, vectors: npt.ArrayLike) -> FloatingArray:
        """Vectors [..., 3] turned and scaled back to the transform's own space; a scale of 0 gives 0, as in Unreal."""
        return self._scaled_back(self.inverse_transform_direction(vectors))

    def transform_direction(self, directions: npt.ArrayLike) -> FloatingArray:
        """Directions [..., 3] turned to the world's space, at their length."""
        with np.errstate(invalid="ignore", over="ignore"):
            return rotate(self.rotation, as_vectors(directions, 3, "direction"))

    def inverse_transform_direction(self, directions: npt.ArrayLike) -> FloatingArray:
        """Directions [..., 3] turned back to the transform's own space, at their length."""
        with np.errstate(invalid="ignore", over="ignore"):
            return rotate(inverse(self.rotation), as_vectors(directions, 3, "direction"))

    def transform_rotation(self, rotations: npt.ArrayLike) -> FloatingArray:
        """Rotations [..., 4] from the transform's own space to the world's."""
        return multiply(self.rotation, as_rotation(rotations, "rotation"))

    def inverse_transform_rotation(self, rotations: npt.ArrayLike) -> FloatingArray:
        """Rotations [..., 4] from the world's space to the transform's own."""
        return multiply(inverse(self.rotation), as_rotation(rotations, "rotation"))

    def _scaled_back(self, vectors: FloatingArray) -> FloatingArray:
        if not self._is_scaled:
            return vectors
        scale, vectors = aligned(self.scale, vectors)
        with np.errstate(invalid="ignore", over="ignore"):
            return vectors * _safe_reciprocal(scale)

    def relative_to(self, other: Transform) -> Transform:
        """This transform as seen from another."""
        own, others = aligned(self.scale, other.scale)
        return Transform(
            other.inverse_transform_location(self.location),
            other.inverse_transform_rotation(self.rotation),
            own * _safe_reciprocal(others),
        )


def as_rotation(quaternions: npt.ArrayLike, name: str) -> FloatingArray:
    """Quaternions [..., 4] brought to length 1. Raises ValueMismatchError, naming `name`."""
    array = as_vectors(quaternions, 4, name)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.divide(array, lengths_of(array))


def lengths_of(vectors: FloatingArray) -> FloatingArray:
    """Lengths [..., 1] of vectors [..., k]."""
    squares: FloatingArray = np.einsum("...i,...i->...", vectors, vectors)
    return np.sqrt(squares)[..., np.newaxis]


def _with_one_lead(*arrays: FloatingArray) -> tuple[FloatingArray, FloatingArray, FloatingArray]:
    longest = max(arrays, key=lambda array: array.ndim)
    same = [aligned(array, longest)[0] for array in arrays]
    lead = np.broadcast_shapes(*(array.shape[:-1] for array in same))
    location, rotation, scale = (np.broadcast_to(array, (*lead, array.shape[-1])) for array in same)
    return location, rotation, scale


def _safe_reciprocal(scale: FloatingArray) -> FloatingArray:
    """1 / scale, and 0 where that is 0."""
    is_zero = scale == 0.0
    return np.where(is_zero, 0.0, 1.0 / np.where(is_zero, 1.0, scale))
