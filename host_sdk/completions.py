"""Ready-made completions: how episodes end, for one agent or for many at once.

Every function takes scalars or arrays with a leading agent axis and returns uint8 `Completion` numbers of the same
leading shape, fit to be returned from `gather_agent_completion(s)`. Distances are in whatever unit the game uses; the
defaults are Unreal's, where a unit is a centimetre.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion

Completions: TypeAlias = npt.NDArray[np.uint8]


def make_completion(completion: Completion = Completion.TERMINATION, count: int = 1) -> Completions:
    """uint8[count], the same completion for `count` agents."""
    return np.full(count, int(completion), dtype=np.uint8)


def is_completion_running(completion: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Where the episode goes on."""
    return np.equal(completion, int(Completion.RUNNING))


def is_completion_completed(completion: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Where the episode has ended, in either way."""
    return np.not_equal(completion, int(Completion.RUNNING))


def is_completion_truncation(completion: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Where the episode was truncated."""
    return np.equal(completion, int(Completion.TRUNCATION))


def is_completion_termination(completion: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Where the episode was terminated."""
    return np.equal(completion, int(Completion.TERMINATION))


def completion_or(first: npt.ArrayLike, second: npt.ArrayLike) -> Completions:
    """Completed where either is; termination goes before truncation, and truncation before running."""
    return np.maximum(np.asarray(first, dtype=np.uint8), np.asarray(second, dtype=np.uint8))


def completion_and(first: npt.ArrayLike, second: npt.ArrayLike) -> Completions:
    """Completed only where both are; where they differ in kind, truncation, the weaker one."""
    return np.minimum(np.asarray(first, dtype=np.uint8), np.asarray(second, dtype=np.uint8))


def completion_not(completion: npt.ArrayLike, kind: Completion = Completion.TERMINATION) -> Completions:
    """Running where it was completed, and `kind` where it was running."""
    return on_condition(is_completion_running(completion), kind)


def on_condition(condition: npt.ArrayLike, kind: Completion = Completion.TERMINATION) -> Completions:
    """`kind` where the condition holds, else running."""
    return np.where(np.asarray(condition, dtype=np.bool_), np.uint8(kind), np.uint8(Completion.RUNNING))


def on_time_elapsed(
    episode_time_s: npt.ArrayLike, limit_s: float = 10.0, kind: Completion = Completion.TRUNCATION
) -> Completions:
    """`kind` from `limit_s` seconds of episode time on (`TrainingEnvironment.get_episode_times`)."""
    return on_condition(np.asarray(episode_time_s) >= limit_s, kind)


def on_episode_steps_recorded(
    step_counts: npt.ArrayLike, limit: int = 64, kind: Completion = Completion.TRUNCATION
) -> Completions:
    """`kind` from `limit` steps of the episode on (`PPOTrainer.get_episode_step_count`)."""
    return on_condition(np.asarray(step_counts) >= limit, kind)


def on_location_difference_below_threshold(
    first: npt.ArrayLike, second: npt.ArrayLike, threshold: float = 100.0, kind: Completion = Completion.TERMINATION
) -> Completions:
    """`kind` where two places [..., d] are nearer than `threshold`."""
    return on_condition(_distance(first, second) < threshold, kind)


def on_location_difference_above_threshold(
    first: npt.ArrayLike, second: npt.ArrayLike, threshold: float = 100.0, kind: Completion = Completion.TERMINATION
) -> Completions:
    """`kind` where two places [..., d] are farther apart than `threshold`."""
    return on_condition(_distance(first, second) > threshold, kind)


def on_location_outside_bounds(
    location: npt.ArrayLike,
    minimum: npt.ArrayLike = -100.0,
    maximum: npt.ArrayLike = 100.0,
    kind: Completion = Completion.TERMINATION,
) -> Completions:
    """`kind` where a place [..., d] lies outside the box from `minimum` to `maximum` (each a number or [d])."""
    place = np.asarray(location)
    outside = (place < np.asarray(minimum)) | (place > np.asarray(maximum))
    return on_condition(outside.any(axis=-1), kind)


def _distance(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    distance: npt.NDArray[np.float64] = np.sqrt(np.sum(difference * difference, axis=-1))
    return distance
