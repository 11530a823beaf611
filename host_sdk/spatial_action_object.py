"""Reading actions in space, as they are or from the space of a transform to the world's.

Which transform that is, is up to the game: the agent's own, its camera's, the goal's.
"""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import (
    ActionObjectElement,
    ActionObjectElements,
    AnyElement,
    FloatArray,
    node_of,
)
from host_sdk.geometry import FloatingArray, Transform, aligned, as_rotation, as_vectors, lengths_of, multiply
from host_sdk.rotation_vector import quaternion_from_rotation_vector

FORWARD = (1.0, 0.0, 0.0)


class SpatialActionObject:
    """The readers of what lies in space; see `ActionObject`, which is what games get."""

    def get_location(
        self, element: AnyElement, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> FloatingArray:
        """[N, 3], in the game's own unit; in the world, where the transform is given that it is relative to."""
        location = _values(element, "location", tag)
        return location if relative_transform is None else relative_transform.transform_location(location)

    def get_rotation(
        self, element: AnyElement, relative_rotation: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> FloatingArray:
        """[N, 4], a quaternion x, y, z, w; after a quaternion that it is relative to, where one is given."""
        rotation = quaternion_from_rotation_vector(_values(element, "rotation", tag))
        if relative_rotation is None:
            return rotation
        return multiply(as_rotation(relative_rotation, "relative_rotation"), rotation)

    def get_scale(
        self, element: AnyElement, relative_scale: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> FloatingArray:
        """[N, 3], above 0; times a scale that it is relative to, where one is given."""
        scale = np.exp(_values(element, "scale", tag).astype(np.float64))
        if relative_scale is None:
            return scale
        scale, other = aligned(scale, as_vectors(relative_scale, 3, "relative_scale"))
        return scale * other

    def get_transform(
        self, element: AnyElement, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> Transform:
        """A transform [N], likewise."""
        node, make = node_of(element, "transform", tag), type(element)
        location, rotation, scale = (make(child, element.values) for child in node.children.values())
        relative_to = relative_transform or Transform()
        return Transform(
            self.get_location(location, relative_transform),
            self.get_rotation(rotation, relative_to.rotation),
            self.get_scale(scale, relative_to.scale),
        )

    @overload
    def get_angle(
        self,
        element: ActionObjectElement,
        relative_angle: float = 0.0,
        *,
        is_radians: bool = False,
        tag: str = "",
    ) -> float: ...
    @overload
    def get_angle(
        self,
        element: ActionObjectElements,
        relative_angle: npt.ArrayLike = 0.0,
        *,
        is_radians: bool = False,
        tag: str = "",
    ) -> FloatingArray: ...
    def get_angle(
        self,
        element: AnyElement,
        relative_angle: npt.ArrayLike = 0.0,
        *,
        is_radians: bool = False,
        tag: str = "",
    ) -> float | FloatingArray:
        """[N] degrees, or radians; on top of another one. It may be more than a whole turn."""
        radians = _values(element, "angle", tag)[..., 0].astype(np.float64)
        angle = (radians if is_radians else np.degrees(radians)) + np.asarray(relative_angle, dtype=np.float64)
        return angle if isinstance(element, ActionObjectElements) else float(angle)

    def get_velocity(
        self, element: AnyElement, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> FloatingArray:
        """[N, 3], in the game's own unit; a transform turns it and, as in Unreal, leaves its length."""
        velocity = _values(element, "velocity", tag)
        return velocity if relative_transform is None else relative_transform.transform_direction(velocity)

    def get_direction(
        self,
        element: AnyElement,
        relative_transform: Transform | None = None,
        *,
        fallback: npt.ArrayLike = FORWARD,
        tag: str = "",
    ) -> FloatingArray:
        """[N, 3] of length 1; a transform turns it. The fallback stands for zeros, before it is turned."""
        vectors = _values(element, "direction", tag).astype(np.float64)
        lengths = lengths_of(vectors)
        is_zero = lengths < 1e-12
        direction = np.where(is_zero, as_vectors(fallback, 3, "fallback"), vectors / np.where(is_zero, 1.0, lengths))
        return direction if relative_transform is None else relative_transform.transform_direction(direction)


def _values(element: AnyElement, kind: str, tag: str) -> FloatArray:
    return element.values[..., node_of(element, kind, tag).columns]
