"""Holding demonstrations and experience to one length of all episodes.

Where episodes end early by what an agent does, a learned reward that is never negative teaches to go on and one that is
never positive teaches to end, whatever the expert showed; and a discriminator that can tell lengths apart needs to
learn nothing else. (Kostrikov et al. 2019, arXiv:1809.02925; Gleave et al. 2022, arXiv:2211.11972, section 3.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from protocol.completion import Completion
from protocol.experience import ExperienceBatch
from protocol.recording import Episode
from trainer_process.errors import ExperienceError

_REMEDY = (
    "give all episodes one length (truncate them after a fixed number of steps, and reset rather than terminate), or "
    "set allow_variable_horizon to true and choose reward_form by what an early end means"
)
_SHOWN = 8


class FixedHorizon:
    """Knows the length of the demonstrations, once there were some."""

    def __init__(self, algorithm_name: str) -> None:
        self._algorithm_name = algorithm_name
        self._lengths: set[int] = set()

    def check_episodes(self, episodes: Sequence[Episode]) -> None:
        """Refuses demonstrations that terminate, or differ in length from each other or from earlier ones.

        Raises:
            ExperienceError: names the lengths, and what to do.
        """
        terminated = sum(episode.is_terminated for episode in episodes)
        if terminated:
            raise self._error(f"{terminated} of {len(episodes)} demonstrations that terminated")
        lengths = self._lengths | {episode.step_count for episode in episodes}
        if len(lengths) > 1:
            raise self._error(f"demonstrations of {_listed(lengths)} steps")
        self._lengths = lengths

    def check_batch(self, batch: ExperienceBatch) -> None:
        """Refuses experience in which an episode terminated or had another length.

        Raises:
            ExperienceError: as above.
        """
        terminated = batch.segments.completion == Completion.TERMINATION
        if terminated.any():
            ends = (batch.segments.first_step + batch.segments.length)[terminated]
            raise self._error(f"episodes of experience that terminated after {_listed(set(ends.tolist()))} steps")
        lengths = set(np.unique(batch.statistics.episode_lengths).tolist())
        if self._lengths and not lengths <= self._lengths:
            demonstrated = _listed(self._lengths)
            raise self._error(f"demonstrations of {demonstrated} steps and episodes of {_listed(lengths)}")

    def _error(self, received: str) -> ExperienceError:
        return ExperienceError(
            f"{self._algorithm_name}: expected episodes of one length, none of which terminates, got {received}; "
            f"{_REMEDY}"
        )


def _listed(lengths: Iterable[int]) -> str:
    """The lengths in order, the first few of many."""
    ordered = sorted(lengths)
    shown = ", ".join(map(str, ordered[:_SHOWN]))
    return f"{shown} and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else shown
