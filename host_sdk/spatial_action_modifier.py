"""Giving actions in space, as they are or as seen from a transform: the opposite of `SpatialActionObject`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_modifier_element import ActionModifierElement, Array
from host_sdk.geometry import Transform
from host_sdk.spatial_action_number import (
    angle_numbers,
    location_numbers,
    rotation_numbers,
    scale_numbers,
    turned_numbers,
)


class SpatialActionModifier:
    """The modifiers of what lies in space; see `ActionModifier`, which is what games get.

    Each gives all numbers of its element, to all agents or to those of `is_given`, bool[N].
    """

    def location(
        self,
        location: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_transform: Transform | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N, 3], in the game's own unit; in the world, where the transform is given that it is relative to."""
        own = location_numbers(location, relative_transform)
        return ActionModifierElement("location", tag, given=own, is_given=_for_all_numbers(is_given))

    def rotation(
        self,
        quaternion: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_rotation: npt.ArrayLike | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N, 4], a quaternion x, y, z, w; after a quaternion that it is relative to, where one is given."""
        vectors = rotation_numbers(quaternion, relative_rotation)
        return ActionModifierElement("rotation", tag, given=vectors, is_given=_for_all_numbers(is_given))

    def scale(
        self,
        scale: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_scale: npt.ArrayLike | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N, 3], above 0; and a scale that it is divided by, where one is given."""
        logarithms = scale_numbers(scale, relative_scale)
        return ActionModifierElement("scale", tag, given=logarithms, is_given=_for_all_numbers(is_given))

    def transform(
        self,
        transform: Transform,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_transform: Transform | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """A transform [N], likewise."""
        own = transform if relative_transform is None else transform.relative_to(relative_transform)
        parts = {
            "location": self.location(own.location, is_given),
            "rotation": self.rotation(own.rotation, is_given),
            "scale": self.scale(own.scale, is_given),
        }
        return ActionModifierElement("transform", tag, children=parts)

    def angle(
        self,
        angle: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_angle: npt.ArrayLike = 0.0,
        is_radians: bool = False,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N] degrees, or radians; on top of another one."""
        radians = angle_numbers(angle, relative_angle, is_radians=is_radians)
        return ActionModifierElement("angle", tag, given=radians, is_given=_for_all_numbers(is_given))

    def velocity(
        self,
        velocity: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_transform: Transform | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N, 3], in the game's own unit; a transform turns it and, as in Unreal, leaves its length."""
        own = turned_numbers(velocity, relative_transform)
        return ActionModifierElement("velocity", tag, given=own, is_given=_for_all_numbers(is_given))

    def direction(
        self,
        direction: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_transform: Transform | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N, 3] of any length, which the game gets at length 1; a transform turns it."""
        own = turned_numbers(direction, relative_transform)
        return ActionModifierElement("direction", tag, given=own, is_given=_for_all_numbers(is_given))


def _for_all_numbers(is_given: npt.ArrayLike | None) -> Array | None:
    return None if is_given is None else np.asarray(is_given)[..., np.newaxis]
