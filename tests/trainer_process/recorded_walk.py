"""Episodes of the small world of the server's tests, and their messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from protocol.completion import Completion
from protocol.demonstrations_wire import demonstrations_to_message
from protocol.messages import Demonstrations
from protocol.recording import Episode, EpisodeSizes, FlatEpisodes, flatten_episodes

SIZES = EpisodeSizes(observation=3, action=2)


def walk(serial: int, step_count: int = 2, modifier_size: int = 0) -> Episode:
    """An episode whose numbers are its serial."""
    return Episode(
        observations=np.full((step_count, 3), serial, np.float32),
        images=np.zeros((step_count, 0), np.uint8),
        actions=np.full((step_count, 2), serial, np.float32),
        action_modifiers=np.zeros((step_count, modifier_size), np.float32),
        rewards=np.full(step_count, np.nan, np.float32),
        final_observation=np.full(3, serial, np.float32),
        final_image=np.zeros(0, np.uint8),
        completion=Completion.TRUNCATION,
        agent_id=0,
        serial=serial,
    )


def walks(serials: Sequence[int], modifier_size: int = 0) -> FlatEpisodes:
    """Several of them."""
    sizes = replace(SIZES, modifier=modifier_size)
    return flatten_episodes([walk(serial, modifier_size=modifier_size) for serial in serials], sizes)


def demonstrations(
    batch_id: int, serials: Sequence[int], *, is_last: bool = True, modifier_size: int = 0, **changes: Any
) -> Demonstrations:
    """Their message."""
    message = demonstrations_to_message("Walker", batch_id, walks(serials, modifier_size), is_last=is_last)
    return replace(message, **changes)
