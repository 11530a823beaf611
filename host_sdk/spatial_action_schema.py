"""What a game says its actions in space are made of."""

from __future__ import annotations

from host_sdk.schema_making import make_element
from protocol.schema import (
    ActionElement,
    AngleAction,
    DirectionAction,
    LocationAction,
    RotationAction,
    ScaleAction,
    TransformAction,
    VelocityAction,
)


class SpatialActionSchema:
    """The elements of what lies in space; see `ActionSchema`, which is what games get."""

    def location(self, scale: float = 100.0, *, tag: str = "") -> ActionElement:
        """A location; `scale` is how far away it usually is, in the game's own unit."""
        return make_element(LocationAction, tag, scale=scale)

    def rotation(self, scale: float = 90.0, *, tag: str = "") -> ActionElement:
        """A rotation; `scale` is by how many degrees it usually turns."""
        return make_element(RotationAction, tag, scale=scale)

    def scale(self, scale: float = 1.0, *, tag: str = "") -> ActionElement:
        """A scale; `scale` is how far its logarithm usually is from 0."""
        return make_element(ScaleAction, tag, scale=scale)

    def transform(
        self,
        location_scale: float = 100.0,
        rotation_scale: float = 90.0,
        scale_scale: float = 1.0,
        *,
        tag: str = "",
    ) -> ActionElement:
        """A location, a rotation and a scale."""
        return make_element(
            TransformAction, tag, location_scale=location_scale, rotation_scale=rotation_scale, scale_scale=scale_scale
        )

    def angle(self, scale: float = 90.0, *, tag: str = "") -> ActionElement:
        """An angle; `scale` is what it usually reaches, in degrees."""
        return make_element(AngleAction, tag, scale=scale)

    def velocity(self, scale: float = 200.0, *, tag: str = "") -> ActionElement:
        """A velocity; `scale` is how fast it usually is, in the game's own unit."""
        return make_element(VelocityAction, tag, scale=scale)

    def direction(self, *, tag: str = "") -> ActionElement:
        """A direction, a vector of length 1."""
        return make_element(DirectionAction, tag)
