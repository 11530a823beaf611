"""The numbers of actions in space, out of what games speak of: the opposite of what `SpatialActionObject` reads.

Relative ones are as seen from a transform, which is up to the game: the agent's own, its camera's, the goal's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.geometry import FloatingArray, Transform, aligned, as_rotation, as_vectors, inverse, multiply
from host_sdk.rotation_vector import rotation_vector_of


def location_numbers(location: npt.ArrayLike, relative_transform: Transform | None) -> npt.ArrayLike:
    """[..., 3], the location as it is, or as seen from a transform."""
    return location if relative_transform is None else relative_transform.inverse_transform_location(location)


def rotation_numbers(quaternion: npt.ArrayLike, relative_rotation: npt.ArrayLike | None) -> FloatingArray:
    """[..., 3], the rotation vector of a quaternion [..., 4], or of what it turns after another one."""
    own = as_rotation(quaternion, "rotation")
    if relative_rotation is not None:
        own = multiply(inverse(as_rotation(relative_rotation, "relative_rotation")), own)
    return rotation_vector_of(own)


def scale_numbers(scale: npt.ArrayLike, relative_scale: npt.ArrayLike | None) -> FloatingArray:
    """[..., 3], logarithms of a scale, or of what it is times another one; not finite where that isn't above 0."""
    own = as_vectors(scale, 3, "scale")
    with np.errstate(divide="ignore", invalid="ignore"):
        if relative_scale is not None:
            own, other = aligned(own, as_vectors(relative_scale, 3, "relative_scale"))
            own = np.divide(own, other)
        logarithms: FloatingArray = np.log(own)
        return logarithms


def angle_numbers(angle: npt.ArrayLike, relative_angle: npt.ArrayLike, *, is_radians: bool) -> FloatingArray:
    """[..., 1] radians, of an angle on top of another one; both in degrees, or radians."""
    own = np.asarray(angle, dtype=np.float64) - np.asarray(relative_angle, dtype=np.float64)
    radians = own if is_radians else np.radians(own)
    return np.asarray(radians)[..., np.newaxis]


def turned_numbers(vector: npt.ArrayLike, relative_transform: Transform | None) -> npt.ArrayLike:
    """[..., 3], a velocity or direction as it is, or turned as seen from a transform, which leaves its length."""
    return vector if relative_transform is None else relative_transform.inverse_transform_direction(vector)
