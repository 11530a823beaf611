"""Single transitions, which is what rewards are of: what was seen, what was done, and what was seen next.

Letters: S transitions, O observation, I bytes of images, A action, M action modifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.experience import ByteArray, FloatArray, Int64Array
from trainer_process.data.rollout import BoolArray, Rollout

Number = TypeVar("Number", np.float32, np.uint8)


@dataclass(frozen=True)
class Transitions:
    """S transitions in any order.

    Attributes:
        observations: float32[S, O].
        images: uint8[S, I].
        actions: float32[S, A], as sampled.
        action_modifiers: float32[S, M].
        next_observations: float32[S, O], what was seen after the action, before any reset.
        next_images: uint8[S, I].
        is_terminated: bool[S], whether nothing can follow.
    """

    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    action_modifiers: FloatArray
    next_observations: FloatArray
    next_images: ByteArray
    is_terminated: BoolArray

    @property
    def count(self) -> int:
        """S."""
        return len(self.is_terminated)

    def taken(self, rows: Int64Array) -> Transitions:
        """Copies of the rows `rows`."""
        return Transitions(**{name: getattr(self, name).take(rows, axis=0) for name in TRANSITION_FIELDS})

    @classmethod
    def of_rollout(cls, rollout: Rollout) -> Transitions:
        """All steps of a rollout, in its order; what it holds already is shared with it."""
        return cls(
            observations=rollout.observations,
            images=rollout.images,
            actions=rollout.actions,
            action_modifiers=rollout.action_modifiers,
            next_observations=_following(rollout.observations, rollout.segment_ends, rollout.final_observations),
            next_images=_following(rollout.images, rollout.segment_ends, rollout.final_images),
            is_terminated=_terminated(rollout),
        )


TRANSITION_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Transitions))


def joined_transitions(parts: Sequence[Transitions]) -> Transitions:
    """The transitions of all parts, one after the other; of a single part, itself. There is at least one."""
    if len(parts) == 1:
        return parts[0]
    return Transitions(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in TRANSITION_FIELDS})


def _following(rows: npt.NDArray[Number], ends: Int64Array, final: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """[S, n], of each step the row of the next one, or what was seen at the end of its segment."""
    following = np.empty_like(rows)
    following[:-1] = rows[1:]
    following[ends] = final
    return following


def _terminated(rollout: Rollout) -> BoolArray:
    is_terminated = np.zeros(rollout.step_count, dtype=np.bool_)
    is_terminated[rollout.segment_ends] = rollout.completions == Completion.TERMINATION
    return is_terminated
