"""Recorded episodes as messages, and the check of those that came from outside."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.errors import RecordingError, RemoteProtocolError
from protocol.messages import Demonstrations
from protocol.recording import EpisodeSizes, FlatEpisodes

_Number = TypeVar("_Number", np.float32, np.uint8)


def demonstrations_to_message(behavior: str, batch_id: int, episodes: FlatEpisodes, *, is_last: bool) -> Demonstrations:
    """The message of some episodes; the arrays are their own, and those whose rows are empty are left out."""
    return Demonstrations(
        behavior=behavior,
        batch_id=batch_id,
        is_last=is_last,
        observations=episodes.observations,
        actions=episodes.actions,
        rewards=episodes.rewards,
        final_observations=episodes.final_observations,
        table=episodes.table,
        images=_unless_empty(episodes.images),
        action_modifiers=_unless_empty(episodes.action_modifiers),
        final_images=_unless_empty(episodes.final_images),
    )


def demonstrations_from_message(message: Demonstrations) -> FlatEpisodes:
    """The episodes of a message; the arrays are the message's own. Call `validate_demonstrations` before using them."""
    steps, episodes = len(message.rewards), len(message.table)
    return FlatEpisodes(
        observations=message.observations,
        images=_given(message.images, steps, np.uint8),
        actions=message.actions,
        action_modifiers=_given(message.action_modifiers, steps, np.float32),
        rewards=message.rewards,
        final_observations=message.final_observations,
        final_images=_given(message.final_images, episodes, np.uint8),
        table=message.table,
    )


def validate_demonstrations(episodes: FlatEpisodes, sizes: EpisodeSizes) -> None:
    """Checks everything about episodes that the codec can't know.

    Args:
        episodes: as `demonstrations_from_message` made them.
        sizes: the behavior's, whose `modifier` is D; episodes may have none.

    Raises:
        RemoteProtocolError: names the array, the episode and the step.
    """
    rows = (
        ("observations", episodes.observations, (sizes.observation,)),
        ("images", episodes.images, (sizes.image,)),
        ("actions", episodes.actions, (sizes.action,)),
        ("action_modifiers", episodes.action_modifiers, (0, sizes.modifier)),
    )
    for name, array, allowed in rows:
        if array.shape[1] not in allowed:
            wanted = " or ".join(map(str, allowed))
            raise RemoteProtocolError(f"Demonstrations.{name}: expected {wanted} in a row, got {array.shape[1]}")
    lengths, completions = episodes.lengths, episodes.completions
    if (lengths < 1).any() or int(lengths.sum()) != episodes.step_count:
        raise RemoteProtocolError(
            f"Demonstrations.table: expected lengths from 1 that make {episodes.step_count} steps, got "
            f"{lengths[:16].tolist()}"
        )
    if not np.isin(completions, (Completion.TRUNCATION, Completion.TERMINATION)).all():
        raise RemoteProtocolError("Demonstrations.table: expected completions 1 or 2, got others")
    for index, episode in enumerate(episodes):
        try:
            episode.check_finite()
        except RecordingError as error:
            raise RemoteProtocolError(f"Demonstrations, episode {index}: {error}") from None


def _unless_empty(array: npt.NDArray[_Number]) -> npt.NDArray[_Number] | None:
    return array if array.shape[-1] else None


def _given(array: npt.NDArray[_Number] | None, count: int, dtype: type[_Number]) -> npt.NDArray[_Number]:
    return array if array is not None else np.zeros((count, 0), dtype=dtype)
