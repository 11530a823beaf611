"""A hand-made environment whose observations say which copy, episode and step they are of."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces


class TellingEnvironment(gymnasium.Env[npt.NDArray[np.float32], np.int64]):
    """Observes [copy, episode, step]; ends after `length` steps, in turn by termination and by truncation.

    The reward of a step is 100 * copy + 10 * episode + step, with the step's number after it.
    """

    made: ClassVar[int] = 0

    def __init__(self, length: int = 3) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.copy = TellingEnvironment.made
        TellingEnvironment.made += 1
        self.episode = -1
        self.step_number = 0
        self.length = length
        self.is_over = True
        self.seeds: list[int | None] = []
        self.options: list[dict[str, Any] | None] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.options.append(options)
        self.episode += 1
        self.step_number = 0
        self.is_over = False
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[npt.NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        assert not self.is_over, "stepped after its end"
        assert self.action_space.contains(action)
        self.step_number += 1
        reward = 100.0 * self.copy + 10.0 * self.episode + self.step_number
        self.is_over = self.step_number >= self.length
        ends_by_termination = self.episode % 2 == 0
        return (
            self._observation(),
            reward,
            self.is_over and ends_by_termination,
            self.is_over and not ends_by_termination,
            {},
        )

    def _observation(self) -> npt.NDArray[np.float32]:
        return np.array([self.copy, self.episode, self.step_number], np.float32)
