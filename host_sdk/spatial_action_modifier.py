"""Giving actions in space, as they are or as seen from a transform: the opposite of `SpatialActionObject`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_modifier_element import ActionModifierElement, Array
from host_sdk.geometry import Transform, aligned, as_rotation, as_vectors, inverse, multiply
from host_sdk.rotation_vector import rotation_vector_of


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
        own = location if relative_transform is None else relative_transform.inverse_transform_location(location)
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
        own = as_rotation(quaternion, "rotation")
        if relative_rotation is not None:
            own = multiply(inverse(as_rotation(relative_rotation, "relative_rotation")), own)
        vectors = rotation_vector_of(own)
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
        own = as_vectors(scale, 3, "scale")
        with np.errstate(divide="ignore", invalid="ignore"):
            if relative_scale is not None:
                own, other = aligned(own, as_vectors(relative_scale, 3, "relative_scale"))
                own = np.divide(own, other)
            logarithms = np.log(own)
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
        own = np.asarray(angle, dtype=np.float64) - np.asarray(relative_angle, dtype=np.float64)
        radians = own if is_radians else np.radians(own)
        return ActionModifierElement("angle", tag, given=radians[..., np.newaxis], is_given=_for_all_numbers(is_given))

    def velocity(
        self,
        velocity: npt.ArrayLike,
        is_given: npt.ArrayLike | None = None,
        *,
        relative_transform: Transform | None = None,
        tag: str = "",
    ) -> ActionModifierElement:
        """[N, 3], in the game's own unit; a transform turns it and, as in Unreal, leaves its length."""
        own = _turned(velocity, relative_transform)
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
        own = _turned(direction, relative_transform)
        return ActionModifierElement("direction", tag, given=own, is_given=_for_all_numbers(is_given))


def _turned(vector: npt.ArrayLike, relative_transform: Transform | None) -> npt.ArrayLike:
    return vector if relative_transform is None else relative_transform.inverse_transform_direction(vector)


def _for_all_numbers(is_given: npt.ArrayLike | None) -> Array | None:
    return None if is_given is None else np.asarray(is_given)[..., np.newaxis]
