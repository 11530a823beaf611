"""Derived observation elements for what lies in space: what each is made of.

Values may be given relative to a transform; the vector holds the relative ones. Unit vectors and angles are left alone
by the running normaliser, which would bend their geometry.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.schema.observation_element import ObservationElement
from protocol.schema.observation_group import StructObservation
from protocol.schema.observation_kind import DerivedObservation
from protocol.schema.observation_leaf import ContinuousObservation
from protocol.schema.validation import as_flag, as_scale


@dataclass(frozen=True)
class _Scaled(DerivedObservation):
    """Three numbers, divided by `scale` in the vector."""

    scale: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "scale", as_scale(self.scale))

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(3, self.scale)


@dataclass(frozen=True)
class LocationObservation(_Scaled):
    """A location: x, y, z, divided by `scale`."""

    type_name = "location"


@dataclass(frozen=True)
class VelocityObservation(_Scaled):
    """A velocity: x, y, z, divided by `scale`."""

    type_name = "velocity"

    scale: float = 200.0


@dataclass(frozen=True)
class LocationAlongSplineObservation(_Scaled):
    """A location at some distance along a polyline or spline: x, y, z, divided by `scale`."""

    type_name = "location_along_spline"


@dataclass(frozen=True)
class RotationObservation(DerivedObservation):
    """A rotation: where it takes the x axis and the y axis, six numbers (Zhou et al. 2019, arXiv:1812.07035)."""

    type_name = "rotation"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(6, normalize=False)


@dataclass(frozen=True)
class ScaleObservation(DerivedObservation):
    """A scale: the natural logarithms of x, y and z."""

    type_name = "scale"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(3)


@dataclass(frozen=True)
class TransformObservation(DerivedObservation):
    """A struct of "location", "rotation" and "scale"."""

    type_name = "transform"

    location_scale: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "location_scale", as_scale(self.location_scale, "location_scale"))

    @property
    def core(self) -> ObservationElement:
        location = LocationObservation(self.location_scale)
        return StructObservation(
            (("location", location), ("rotation", RotationObservation()), ("scale", ScaleObservation()))
        )


@dataclass(frozen=True)
class AngleObservation(DerivedObservation):
    """An angle: its sine and its cosine."""

    type_name = "angle"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(2, normalize=False)


@dataclass(frozen=True)
class DirectionObservation(DerivedObservation):
    """A direction: a unit vector x, y, z."""

    type_name = "direction"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(3, normalize=False)


@dataclass(frozen=True)
class DirectionAlongSplineObservation(DerivedObservation):
    """The direction in which a polyline or spline goes at some distance along it: a unit vector x, y, z."""

    type_name = "direction_along_spline"

    @property
    def core(self) -> ObservationElement:
        return ContinuousObservation(3, normalize=False)


@dataclass(frozen=True)
class ProportionAlongSplineObservation(DerivedObservation):
    """How far along a polyline or spline something is, from 0 to 1.

    Attributes:
        is_closed_loop: whether the end joins the beginning; the vector then holds an angle, sine and cosine.
    """

    type_name = "proportion_along_spline"

    is_closed_loop: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        as_flag(self.is_closed_loop, "is_closed_loop")

    @property
    def core(self) -> ObservationElement:
        return AngleObservation() if self.is_closed_loop else ContinuousObservation(1, normalize=False)
