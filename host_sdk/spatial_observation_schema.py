"""What a game says of observations of what lies in space."""

from __future__ import annotations

from host_sdk.schema_making import make_element
from protocol.schema import (
    AngleObservation,
    DirectionAlongSplineObservation,
    DirectionObservation,
    LocationAlongSplineObservation,
    LocationObservation,
    ObservationElement,
    ProportionAlongSplineObservation,
    RotationObservation,
    ScaleObservation,
    TransformObservation,
    VelocityObservation,
)


class SpatialObservationSchema:
    """The elements of what lies in space; see `ObservationSchema`, which is what games get.

    Scales are in the game's own units, and suit centimetres where they are left away.
    """

    def location(self, scale: float = LocationObservation.scale, *, tag: str = "") -> ObservationElement:
        """A location: three numbers, divided by `scale`."""
        return make_element(LocationObservation, tag, scale=scale)

    def rotation(self, *, tag: str = "") -> ObservationElement:
        """A rotation: where it takes the x axis and the y axis, six numbers."""
        return make_element(RotationObservation, tag)

    def scale(self, *, tag: str = "") -> ObservationElement:
        """A scale: three logarithms."""
        return make_element(ScaleObservation, tag)

    def transform(
        self, location_scale: float = TransformObservation.location_scale, *, tag: str = ""
    ) -> ObservationElement:
        """A location, which is divided by `location_scale`, a rotation and a scale."""
        return make_element(TransformObservation, tag, location_scale=location_scale)

    def angle(self, *, tag: str = "") -> ObservationElement:
        """An angle: its sine and its cosine."""
        return make_element(AngleObservation, tag)

    def velocity(self, scale: float = VelocityObservation.scale, *, tag: str = "") -> ObservationElement:
        """A velocity: three numbers, divided by `scale`."""
        return make_element(VelocityObservation, tag, scale=scale)

    def direction(self, *, tag: str = "") -> ObservationElement:
        """A direction: a unit vector of three numbers."""
        return make_element(DirectionObservation, tag)

    def location_along_spline(
        self, scale: float = LocationAlongSplineObservation.scale, *, tag: str = ""
    ) -> ObservationElement:
        """A location on a polyline or spline: three numbers, divided by `scale`."""
        return make_element(LocationAlongSplineObservation, tag, scale=scale)

    def proportion_along_spline(self, is_closed_loop: bool = False, *, tag: str = "") -> ObservationElement:
        """How far along a polyline or spline: one number from 0 to 1; on a closed loop an angle, two numbers."""
        return make_element(ProportionAlongSplineObservation, tag, is_closed_loop=is_closed_loop)

    def direction_along_spline(self, *, tag: str = "") -> ObservationElement:
        """The direction of a polyline or spline at a place on it: a unit vector of three numbers."""
        return make_element(DirectionAlongSplineObservation, tag)
