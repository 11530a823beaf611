"""Ready-made rewards, for one agent or for many at once.

Every function takes scalars or arrays with a leading agent axis and returns float32 rewards of that leading shape, fit
to be returned from `gather_agent_reward(s)`. Distances and speeds are in whatever unit the game uses; the defaults are
Unreal's, where a unit is a centimetre. Give a negative `scale` for a penalty.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rewards: TypeAlias = npt.NDArray[np.float32]
_Floats: TypeAlias = npt.NDArray[np.float64]


def make_reward(value: npt.ArrayLike, scale: float = 1.0) -> Rewards:
    """value · scale."""
    return _reward(np.asarray(value, dtype=np.float64), scale)


def on_condition(condition: npt.ArrayLike, scale: float = 1.0) -> Rewards:
    """`scale` where the condition holds, else 0."""
    return _reward(np.asarray(condition, dtype=np.bool_).astype(np.float64), scale)


def from_location_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, location_scale: float = 100.0, scale: float = 1.0
) -> Rewards:
    """+ distance / location_scale · scale, of two places [..., d]: grows with the distance."""
    return _reward(_distance(first, second) / location_scale, scale)


def on_location_difference_below_threshold(
    first: npt.ArrayLike, second: npt.ArrayLike, threshold: float = 100.0, scale: float = 1.0
) -> Rewards:
    """`scale` where two places [..., d] are nearer than `threshold`, else 0."""
    return on_condition(_distance(first, second) < threshold, scale)


def on_location_difference_above_threshold(
    first: npt.ArrayLike, second: npt.ArrayLike, threshold: float = 100.0, scale: float = 1.0
) -> Rewards:
    """`scale` where two places [..., d] are farther apart than `threshold`, else 0."""
    return on_condition(_distance(first, second) > threshold, scale)


def from_location_similarity(
    first: npt.ArrayLike, second: npt.ArrayLike, location_scale: float = 100.0, scale: float = 1.0
) -> Rewards:
    """exp(−(distance / location_scale)²) · scale, of two places [..., d]: 1 where they meet."""
    return _reward(np.exp(-np.square(_distance(first, second) / location_scale)), scale)


def from_angle_similarity(first_degrees: npt.ArrayLike, second_degrees: npt.ArrayLike, scale: float = 1.0) -> Rewards:
    """(1 − |angle between| / 180°) · scale, of two headings in degrees: 1 where alike, 0 where opposite."""
    difference = np.asarray(first_degrees, dtype=np.float64) - np.asarray(second_degrees, dtype=np.float64)
    wrapped = np.mod(difference + 180.0, 360.0) - 180.0
    return _reward(1.0 - np.abs(wrapped) / 180.0, scale)


def from_direction_similarity(first: npt.ArrayLike, second: npt.ArrayLike, scale: float = 1.0) -> Rewards:
    """(1 − angle / 180°) · scale, of two directions [..., d] of any length; 0.5 where one has no length."""
    one = np.asarray(first, dtype=np.float64)
    other = np.asarray(second, dtype=np.float64)
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    product = np.sum(one * other, axis=-1)
    cosine = np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 0.0)
    return _reward(1.0 - np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi, scale)


def from_rotation_similarity(first: npt.ArrayLike, second: npt.ArrayLike, scale: float = 1.0) -> Rewards:
    """(1 − angle / 180°) · scale, of two rotations as unit quaternions [..., 4]; q and −q are the same rotation."""
    product = np.sum(np.asarray(first, dtype=np.float64) * np.asarray(second, dtype=np.float64), axis=-1)
    angle = 2.0 * np.arccos(np.clip(np.abs(product), 0.0, 1.0))
    return _reward(1.0 - angle / np.pi, scale)


def from_velocity_along_direction(
    velocity: npt.ArrayLike, direction: npt.ArrayLike, velocity_scale: float = 200.0, scale: float = 1.0
) -> Rewards:
    """(velocity · direction) / velocity_scale · scale, of a velocity [..., d] along a unit direction [..., d].

    Along a curve, give its unit tangent at the point nearest to the agent.
    """
    along = np.sum(np.asarray(velocity, dtype=np.float64) * np.asarray(direction, dtype=np.float64), axis=-1)
    return _reward(along / velocity_scale, scale)


def _distance(first: npt.ArrayLike, second: npt.ArrayLike) -> _Floats:
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    distance: npt.NDArray[np.float64] = np.sqrt(np.sum(difference * difference, axis=-1))
    return distance


def _reward(value: _Floats, scale: float) -> Rewards:
    return np.asarray(value * scale, dtype=np.float32)
