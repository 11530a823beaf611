"""Rotations as vectors: the axis, of length 1, times the angle in radians."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.geometry import FloatingArray, as_rotation, as_vectors, lengths_of


def quaternion_from_rotation_vector(vectors: npt.ArrayLike) -> FloatingArray:
    """Quaternions [..., 4] of rotation vectors [..., 3]; zeros don't turn."""
    turns = as_vectors(vectors, 3, "rotation vector")
    angles = lengths_of(turns)
    # sin(angle / 2) / angle, which is 1/2 at 0; numpy's sinc is sin(πx) / (πx).
    return np.concatenate([turns * (0.5 * np.sinc(angles / (2.0 * np.pi))), np.cos(0.5 * angles)], axis=-1)


def rotation_vector_of(quaternions: npt.ArrayLike) -> FloatingArray:
    """Rotation vectors [..., 3] of quaternions [..., 4], the shorter way round: of a length of at most π."""
    rotations = as_rotation(quaternions, "rotation")
    # A quaternion and its opposite turn alike.
    rotations = np.where(rotations[..., 3:] < 0.0, -rotations, rotations)
    sines = lengths_of(rotations[..., :3])
    half_angles = np.arctan2(sines, rotations[..., 3:])
    is_small = sines < 1e-12
    return rotations[..., :3] * np.where(is_small, 2.0, 2.0 * half_angles / np.where(is_small, 1.0, sines))
