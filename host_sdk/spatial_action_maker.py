"""Making actions in space, as they are or as seen from a transform: the opposite of `SpatialActionObject`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_value import ActionValue
from host_sdk.geometry import Transform, as_vectors, normalized
from host_sdk.spatial_action_number import (
    angle_numbers,
    location_numbers,
    rotation_numbers,
    scale_numbers,
    turned_numbers,
)


class SpatialActionMaker:
    """The makers of what lies in space; see `ActionObject`, which is what games get."""

    def location(
        self, location: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ActionValue:
        """[N, 3], in the game's own unit; in the world, where the transform is given that it is relative to."""
        return ActionValue("location", tag, location_numbers(location, relative_transform))

    def rotation(
        self, quaternion: npt.ArrayLike, relative_rotation: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ActionValue:
        """[N, 4], a quaternion x, y, z, w; after a quaternion that it is relative to, where one is given."""
        return ActionValue("rotation", tag, rotation_numbers(quaternion, relative_rotation))

    def scale(self, scale: npt.ArrayLike, relative_scale: npt.ArrayLike | None = None, *, tag: str = "") -> ActionValue:
        """[N, 3], above 0; and a scale that it is divided by, where one is given."""
        return ActionValue("scale", tag, scale_numbers(scale, relative_scale))

    def transform(
        self, transform: Transform, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ActionValue:
        """A transform [N], likewise."""
        relative_to = relative_transform or Transform()
        parts = {
            "location": self.location(transform.location, relative_transform),
            "rotation": self.rotation(transform.rotation, relative_to.rotation),
            "scale": self.scale(transform.scale, relative_to.scale),
        }
        return ActionValue("transform", tag, elements=parts)

    def angle(
        self,
        angle: npt.ArrayLike,
        relative_angle: npt.ArrayLike = 0.0,
        *,
        is_radians: bool = False,
        tag: str = "",
    ) -> ActionValue:
        """[N] degrees, or radians; on top of another one."""
        return ActionValue("angle", tag, angle_numbers(angle, relative_angle, is_radians=is_radians))

    def velocity(
        self, velocity: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ActionValue:
        """[N, 3], in the game's own unit; a transform turns it and, as in Unreal, leaves its length."""
        return ActionValue("velocity", tag, turned_numbers(velocity, relative_transform))

    def direction(
        self, direction: npt.ArrayLike, relative_transform: Transform | None = None, *, tag: str = ""
    ) -> ActionValue:
        """[N, 3] of any length, which becomes 1; zeros are none, for the game's fallback. A transform turns it."""
        vectors = as_vectors(turned_numbers(direction, relative_transform), 3, "direction")
        with np.errstate(invalid="ignore", over="ignore"):
            return ActionValue("direction", tag, normalized(vectors))
