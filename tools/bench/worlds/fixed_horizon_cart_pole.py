"""Cart and pole for 500 steps, whatever happens: nothing but the reward tells balance from a fall.

`tools.bench.worlds.fixed_horizon_cart_pole:FixedHorizonCartPole-v0` makes it by `gymnasium.make`.
"""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from tools.bench.worlds.cart_pole import (
    ANGLE_LIMIT,
    CART_MASS,
    FORCE_N,
    GRAVITY,
    HALF_POLE_LENGTH_M,
    PLACE_RANGE,
    POLE_MASS,
    POSITION_LIMIT_M,
    STEP_S,
)

ENV_ID = "FixedHorizonCartPole-v0"
EPISODE_STEP_COUNT = 500

_TOTAL_MASS = CART_MASS + POLE_MASS
_MOMENT = POLE_MASS * HALF_POLE_LENGTH_M

Observation = npt.NDArray[np.float32]


class FixedHorizonCartPole(gymnasium.Env[Observation, np.int64]):
    """CartPole-v1's physics, observations and actions, without its end: 1 for each step that ends in balance, else 0.

    Every episode is truncated after 500 steps and none terminates, as in seals/CartPole-v0 (Gleave et al. 2020), so
    that its length says nothing about how it went. Balance is what CartPole-v1 demands: the cart within 2.4 m of the
    middle, the pole within 12 degrees of upright.
    """

    def __init__(self) -> None:
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)
        self._state = (0.0, 0.0, 0.0, 0.0)
        self._step_count = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        x, x_velocity, angle, angular_velocity = self.np_random.uniform(-PLACE_RANGE, PLACE_RANGE, 4).tolist()
        self._state = (x, x_velocity, angle, angular_velocity)
        self._step_count = 0
        return np.array(self._state, np.float32), {}

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One step of explicit Euler, with the equations of `tools.bench.worlds.cart_pole`."""
        x, x_velocity, angle, angular_velocity = self._state
        force = FORCE_N if action == 1 else -FORCE_N
        sine, cosine = math.sin(angle), math.cos(angle)
        push = (force + _MOMENT * angular_velocity**2 * sine) / _TOTAL_MASS
        angular_acceleration = (GRAVITY * sine - cosine * push) / (
            HALF_POLE_LENGTH_M * (4.0 / 3.0 - POLE_MASS * cosine**2 / _TOTAL_MASS)
        )
        acceleration = push - _MOMENT * angular_acceleration * cosine / _TOTAL_MASS
        self._state = (
            x + STEP_S * x_velocity,
            x_velocity + STEP_S * acceleration,
            angle + STEP_S * angular_velocity,
            angular_velocity + STEP_S * angular_acceleration,
        )
        self._step_count += 1
        is_balanced = abs(self._state[0]) <= POSITION_LIMIT_M and abs(self._state[2]) <= ANGLE_LIMIT
        is_over = self._step_count >= EPISODE_STEP_COUNT
        return np.array(self._state, np.float32), float(is_balanced), False, is_over, {}


if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, f"{__name__}:FixedHorizonCartPole", disable_env_checker=True)
