"""N copies of one Gymnasium environment, stepped side by side in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from host_sdk.adapters.gymnasium.action_values import ActionValues, make_action_values
from host_sdk.adapters.gymnasium.observation_values import ObservationValues, make_observation_values
from protocol.completion import Completion

Environment = gymnasium.Env[Any, Any]
_NO_OPTIONS: Mapping[str, float] = {}


class GymnasiumWorld:
    """Copies of an environment, none of which resets by itself.

    A copy that terminates or is truncated keeps its last observation, which is the final one of its episode, until
    `reset` is called for it; stepping it before does nothing. So whoever records can still read the final observation.

    Attributes:
        copies: the environments.
        observations: the last observation of each copy.
        actions: reads the policy's actions.
        rewards: float64[N], of each copy's last step.
        completions: uint8[N], a `Completion`: how each copy's last step left its episode. Where an environment says
            both terminated and truncated, the episode is terminated.
    """

    def __init__(self, make_environment: Callable[[], Environment], copy_count: int, *, seed: int = 0) -> None:
        """Make and reset the copies; copy i's first reset has the seed `seed + i`, and later resets go on from there.

        Raises:
            ValueError: `copy_count` is below 1.
            SchemaError: the environment has a space without a schema element.
        """
        if copy_count < 1:
            raise ValueError(f"a Gymnasium world needs at least 1 copy, got {copy_count}")
        self.copies: tuple[Environment, ...] = tuple(make_environment() for _ in range(copy_count))
        first = self.copies[0]
        self.observation_space = first.observation_space
        self.action_space = first.action_space
        self.observations: ObservationValues = make_observation_values(first.observation_space, copy_count)
        self.actions: ActionValues = make_action_values(first.action_space)
        self.rewards: npt.NDArray[np.float64] = np.zeros(copy_count)
        self.completions: npt.NDArray[np.uint8] = np.zeros(copy_count, np.uint8)
        for row, copy in enumerate(self.copies):
            copy.action_space.seed(seed + row)
            observation, _ = copy.reset(seed=seed + row)
            self.observations.store(row, observation)
        # a copy that was only just made needs no second reset when its agent's episode begins
        self._is_fresh = [True] * copy_count
        self._next_seeds: list[int | None] = [None] * copy_count
        self._is_over = [False] * copy_count

    @property
    def copy_count(self) -> int:
        """How many copies there are."""
        return len(self.copies)

    def seed(self, seed: int) -> None:
        """Give the next reset of copy i the seed `seed + i`; later resets go on from there."""
        self._next_seeds = [seed + row for row in range(self.copy_count)]

    def reset(
        self, rows: Iterable[int], options_of: Callable[[int], Mapping[str, float]] = lambda row: _NO_OPTIONS
    ) -> None:
        """Begin a new episode in each of the copies `rows`.

        Args:
            rows: of the copies.
            options_of: gives the options of a copy's reset; where there are none, it gets None, as without any.
        """
        for row in rows:
            seed, options = self._next_seeds[row], dict(options_of(row)) or None
            if seed is not None or options is not None or not self._is_fresh[row]:
                observation, _ = self.copies[row].reset(seed=seed, options=options)
                self._next_seeds[row] = None
                self.observations.store(row, observation)
                self._is_fresh[row] = True
            self._is_over[row] = False
            self.rewards[row] = 0.0
            self.completions[row] = Completion.RUNNING

    def step(self, rows: Iterable[int]) -> None:
        """Step the copies `rows`; the k-th of them by row k of the batch that `actions` read last."""
        copies, is_over, is_fresh, rewards = self.copies, self._is_over, self._is_fresh, self.rewards
        action, store = self.actions.action, self.observations.store
        for batch_row, row in enumerate(rows):
            if is_over[row]:
                continue
            observation, rewards[row], terminated, truncated, _ = copies[row].step(action(batch_row))
            store(row, observation)
            is_fresh[row] = False
            if terminated or truncated:
                is_over[row] = True
                self.completions[row] = Completion.TERMINATION if terminated else Completion.TRUNCATION

    def close(self) -> None:
        """Close every copy."""
        for copy in self.copies:
            copy.close()
