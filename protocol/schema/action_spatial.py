"""Derived action elements for what lies in space: what each is made of.

All are numbers from a normal distribution, unbounded. Games may ask for them relative to a transform; the vector holds
the relative ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from protocol.schema.action_element import ActionElement
from protocol.schema.action_group import StructAction
from protocol.schema.action_kind import DerivedAction
from protocol.schema.action_leaf import ContinuousAction
from protocol.schema.validation import as_scale


@dataclass(frozen=True)
class _Scaled(DerivedAction):
    """Numbers times `scale`."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "scale", as_scale(self.scale))

    @property
    def core(self) -> ActionElement:
        return ContinuousAction(3, self.scale)


@dataclass(frozen=True)
class LocationAction(_Scaled):
    """A location: x, y, z, times `scale`."""

    type_name = "location"

    scale: float = 100.0


@dataclass(frozen=True)
class VelocityAction(_Scaled):
    """A velocity: x, y, z, times `scale`."""

    type_name = "velocity"

    scale: float = 200.0


@dataclass(frozen=True)
class ScaleAction(_Scaled):
    """A scale: the natural logarithms of x, y and z, times `scale`."""

    type_name = "scale"


@dataclass(frozen=True)
class RotationAction(_Scaled):
    """A rotation: its axis, a unit vector x, y, z, times its angle in radians, times `scale` in degrees."""

    type_name = "rotation"

    scale: float = 90.0

    @property
    def core(self) -> ActionElement:
        return ContinuousAction(3, math.radians(self.scale))


@dataclass(frozen=True)
class AngleAction(_Scaled):
    """An angle: one number of radians, times `scale` in degrees."""

    type_name = "angle"

    scale: float = 90.0

    @property
    def core(self) -> ActionElement:
        return ContinuousAction(1, math.radians(self.scale))


@dataclass(frozen=True)
class DirectionAction(DerivedAction):
    """A direction: x, y, z, which reach the game as a unit vector."""

    type_name = "direction"

    @property
    def core(self) -> ActionElement:
        return ContinuousAction(3)


@dataclass(frozen=True)
class TransformAction(DerivedAction):
    """A struct of "location", "rotation" and "scale".

    Attributes:
        location_scale: as `LocationAction.scale`.
        rotation_scale: as `RotationAction.scale`, degrees.
        scale_scale: as `ScaleAction.scale`.
    """

    type_name = "transform"

    location_scale: float = 100.0
    rotation_scale: float = 90.0
    scale_scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("location_scale", "rotation_scale", "scale_scale"):
            object.__setattr__(self, name, as_scale(getattr(self, name), name))

    @property
    def core(self) -> ActionElement:
        return StructAction(
            (
                ("location", LocationAction(self.location_scale)),
                ("rotation", RotationAction(self.rotation_scale)),
                ("scale", ScaleAction(self.scale_scale)),
            )
        )
