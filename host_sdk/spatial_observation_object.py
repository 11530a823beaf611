"""Values of observations of what lies in space, absolute or as seen from a transform.

What an agent's transform is relative to is up to the game: the agent itself, its camera, the goal. Where values have an
axis of slots behind the agents' one, a transform of each agent applies to all of its slots.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.geometry import (
    FloatingArray,
    Transform,
    aligned,
    as_rotation,
    as_vectors,
    inverse,
    multiply,
    normalized,
    quaternion_from_rotator,
)
from host_sdk.observation_value import CLOSED_LOOP_PROPORTION, LeafValue, ObservationObjectElement, StructValue
from host_sdk.spline import Path

SMALLEST_SCALE = 1e-8
"""What scales below it are taken for, mirrored ones too: a scale's logarithm is observed."""


class SpatialObservationObject:
    """The makers of what lies in space; see `ObservationObject`, which is what games get."""

    def location(
        self, location: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """[N, 3], in the game's own unit."""
        return LeafValue("location", _relative_location(location, relative_transform), tag)

    def rotation(
        self, quaternion: npt.ArrayLike, relative_rotation: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """[N, 4], a quaternion x, y, z, w; and another one that it is seen from."""
        return LeafValue("rotation", _axes(_relative_rotation(quaternion, relative_rotation)), tag)

    def rotation_from_rotator(
        self,
        pitch: npt.ArrayLike,
        yaw: npt.ArrayLike,
        roll: npt.ArrayLike,
        relative_rotation: npt.ArrayLike | None = None,
        *,
        tag: str = "",
    ) -> ObservationObjectElement:
        """[N] degrees each; and a quaternion that the rotation is seen from."""
        return self.rotation(quaternion_from_rotator(pitch, yaw, roll), relative_rotation, tag=tag)

    def scale(
        self, scale: npt.ArrayLike, relative_scale: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """[N, 3]; and another one that it is divided by."""
        array = as_vectors(scale, 3, "scale")
        if relative_scale is not None:
            array, other = aligned(array, as_vectors(relative_scale, 3, "relative_scale"))
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                array = np.divide(array, other)
        return LeafValue("scale", _logarithms(array), tag)

    def transform(
        self, transform: Transform, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Location, rotation and scale, of one agent or batched."""
        own = transform if relative_transform is None else transform.relative_to(relative_transform)
        return StructValue(
            "transform",
            {
                "location": LeafValue("location", own.location),
                "rotation": LeafValue("rotation", _axes(own.rotation)),
                "scale": LeafValue("scale", _logarithms(own.scale)),
            },
            tag,
        )

    def angle(
        self,
        angle: npt.ArrayLike,
        relative_angle: npt.ArrayLike = 0.0,
        *,
        is_radians: bool = False,
        tag: str = "",
    ) -> ObservationObjectElement:
        """[N] degrees, or radians; and another one that it is seen from."""
        own, other = np.asarray(angle), np.asarray(relative_angle)
        with np.errstate(invalid="ignore"):
            # The last axis is for sine and cosine, and lets both be aligned as vectors are.
            own, other = aligned(own[..., np.newaxis], other[..., np.newaxis])
            return LeafValue("angle", _sine_and_cosine((own - other)[..., 0], is_radians), tag)

    def velocity(
        self, velocity: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """[N, 3], in the game's own unit; a transform turns it and, as in Unreal, leaves its length."""
        return LeafValue("velocity", _turned(velocity, relative_transform), tag)

    def direction(
        self, direction: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """[N, 3] of any length, which is brought to 1; zeros stay zeros."""
        return LeafValue("direction", _unit(_turned(direction, relative_transform)), tag)

    def location_along_spline(
        self, spline: Path, distance: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Where a path is at [N] distances along it."""
        location = _relative_location(spline.location_at(distance), relative_transform)
        return LeafValue("location_along_spline", location, tag)

    def proportion_along_spline(
        self, spline: Path, distance: npt.ArrayLike, *, tag: str = ""
    ) -> ObservationObjectElement:
        """How much of a path lies before [N] distances along it."""
        proportion = spline.proportion_at(distance)
        if not spline.is_closed_loop:
            return LeafValue("proportion_along_spline", proportion, tag)
        return LeafValue(CLOSED_LOOP_PROPORTION, _sine_and_cosine(2.0 * np.pi * proportion, True), tag)

    def direction_along_spline(
        self, spline: Path, distance: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Where a path goes at [N] distances along it."""
        direction = _unit(_turned(spline.direction_at(distance), relative_transform))
        return LeafValue("direction_along_spline", direction, tag)


def _relative_location(location: npt.ArrayLike, relative_transform: Transform | None) -> npt.ArrayLike:
    return location if relative_transform is None else relative_transform.inverse_transform_location(location)


def _relative_rotation(quaternion: npt.ArrayLike, relative_rotation: npt.ArrayLike | None) -> FloatingArray:
    own = as_rotation(quaternion, "rotation")
    if relative_rotation is None:
        return own
    return multiply(inverse(as_rotation(relative_rotation, "relative_rotation")), own)


def _turned(vector: npt.ArrayLike, relative_transform: Transform | None) -> npt.ArrayLike:
    return vector if relative_transform is None else relative_transform.inverse_transform_direction(vector)


def _unit(direction: npt.ArrayLike) -> FloatingArray:
    with np.errstate(invalid="ignore", over="ignore"):
        return normalized(as_vectors(direction, 3, "direction"))


def _axes(rotation: FloatingArray) -> FloatingArray:
    """Where rotations [..., 4] take the x axis and the y axis, [..., 6]."""
    x, y, z, w = (rotation[..., i] for i in range(4))
    xx, yy, zz = x * x, y * y, z * z
    x_axis = (1.0 - 2.0 * (yy + zz), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w))
    y_axis = (2.0 * (x * y - z * w), 1.0 - 2.0 * (xx + zz), 2.0 * (y * z + x * w))
    return np.stack([*x_axis, *y_axis], axis=-1)


def _logarithms(scale: FloatingArray) -> FloatingArray:
    return np.log(np.maximum(scale, SMALLEST_SCALE))


def _sine_and_cosine(angle: npt.NDArray[np.generic], is_radians: bool) -> FloatingArray:
    """[...] as [..., 2]."""
    radians = angle if is_radians else np.radians(angle)
    return np.stack([np.sin(radians), np.cos(radians)], axis=-1)
