"""One recorded episode.

Letters: T steps, O observation, I bytes of images, A action, M action modifier (0 or D).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.experience import ByteArray, FloatArray

_FLOAT, _BYTE = np.dtype(np.float32), np.dtype(np.uint8)


@dataclass(frozen=True)
class EpisodeSizes:
    """How much an episode's vectors hold.

    Attributes:
        observation: O, floats.
        action: A, floats.
        modifier: M, floats of an action modifier; 0 where the game makes none.
        image: I, bytes.
    """

    observation: int
    action: int
    modifier: int = 0
    image: int = 0

    @property
    def floats_of_step(self) -> int:
        """O + A + M, and one for the reward."""
        return self.observation + self.action + self.modifier + 1

    @property
    def bytes_of_step(self) -> int:
        """What a step takes in memory and on disk."""
        return 4 * self.floats_of_step + self.image


@dataclass(frozen=True, eq=False)
class Episode:
    """What one agent lived through, from its first observation to the one after its last action.

    Arrays may be read-only views of a file.

    Attributes:
        observations: float32[T, O], finite; T is at least 1.
        images: uint8[T, I].
        actions: float32[T, A], as a policy samples them: before squashing, clipping and scaling; finite.
        action_modifiers: float32[T, M], likewise.
        rewards: float32[T], each of what the action of its step led to; NaN all along where nobody gave any.
        final_observation: float32[O], what the agent saw after its last action, before any reset.
        final_image: uint8[I], likewise.
        completion: TRUNCATION where it was cut or ran out of time, TERMINATION where it came to its own end.
        agent_id: of the agent in its game.
        serial: of the episode in its game; with the agent and the recording's metadata it says where this came from.

    Raises:
        RecordingError: an array's shape or type isn't this, a number isn't finite, or the completion is RUNNING.
    """

    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    action_modifiers: FloatArray
    rewards: FloatArray
    final_observation: FloatArray
    final_image: ByteArray
    completion: Completion = Completion.TRUNCATION
    agent_id: int = 0
    serial: int = 0

    def __post_init__(self) -> None:
        sizes, count = self.sizes, self.step_count
        shapes = (
            ("observations", _FLOAT, (count, sizes.observation)),
            ("images", _BYTE, (count, sizes.image)),
            ("actions", _FLOAT, (count, sizes.action)),
            ("action_modifiers", _FLOAT, (count, sizes.modifier)),
            ("rewards", _FLOAT, (count,)),
            ("final_observation", _FLOAT, (sizes.observation,)),
            ("final_image", _BYTE, (sizes.image,)),
        )
        for name, dtype, shape in shapes:
            array = getattr(self, name)
            if array.dtype != dtype or array.shape != shape:
                wanted, received = f"{dtype}{list(shape)}", f"{array.dtype}{list(array.shape)}"
                raise RecordingError(f"episode.{name}: expected {wanted}, got {received}")
        if count == 0:
            raise RecordingError("episode: expected at least one step, got none")
        if self.completion not in (Completion.TRUNCATION, Completion.TERMINATION):
            raise RecordingError(f"episode.completion: expected TRUNCATION or TERMINATION, got {self.completion!r}")

    def check_finite(self) -> None:
        """Refuses an episode with a number that isn't finite; rewards may all be NaN, for none.

        Raises:
            RecordingError: names the array and the step.
        """
        for name in ("observations", "actions", "action_modifiers"):
            array = getattr(self, name)
            if not _are_finite(array):
                step, column = np.argwhere(~np.isfinite(array))[0].tolist()
                received = float(array[step, column])
                raise RecordingError(f"episode.{name}: expected finite numbers, got {received} at [{step}, {column}]")
        if not _are_finite(self.final_observation):
            raise RecordingError("episode.final_observation: expected finite numbers, got others")
        if not _are_finite(self.rewards) and not np.isnan(self.rewards).all():
            step = int(np.argmin(np.isfinite(self.rewards)))
            raise RecordingError(
                f"episode.rewards: expected finite numbers, or NaN all along for none, got {self.rewards[step]} at "
                f"[{step}]"
            )

    @property
    def step_count(self) -> int:
        """T."""
        return len(self.rewards)

    @property
    def sizes(self) -> EpisodeSizes:
        """O, A, M and I."""
        return EpisodeSizes(
            observation=self.observations.shape[-1],
            action=self.actions.shape[-1],
            modifier=self.action_modifiers.shape[-1],
            image=self.images.shape[-1],
        )

    @property
    def has_rewards(self) -> bool:
        """Whether anybody gave rewards."""
        return not np.isnan(self.rewards[0])

    @property
    def episode_return(self) -> float:
        """The undiscounted sum of rewards; NaN where nobody gave any."""
        return float(self.rewards.sum(dtype=np.float64))

    @property
    def is_terminated(self) -> bool:
        """Whether it came to its own end, so that nothing would have followed."""
        return self.completion is Completion.TERMINATION


def _are_finite(array: FloatArray) -> bool:
    """Whether all numbers are: by their sum of squares, and one by one where that is too large."""
    flat = array.reshape(-1)
    return math.isfinite(flat.dot(flat)) or bool(np.isfinite(flat).all())
