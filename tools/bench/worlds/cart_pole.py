"""CartPole-v1's physics, many at once; an agent sees where cart and pole are, not how they move."""

from __future__ import annotations

import math

import numpy as np

from tools.bench.worlds.world import BoolArray, FloatArray, IntArray, World

GRAVITY = 9.8
CART_MASS, POLE_MASS = 1.0, 0.1
HALF_POLE_LENGTH_M = 0.5
FORCE_N = 10.0
STEP_S = 0.02
POSITION_LIMIT_M = 2.4
ANGLE_LIMIT = 12 * 2 * math.pi / 360
PLACE_RANGE = 0.05
"""All four numbers begin within ± this."""


class CartPole(World):
    """Barto, Sutton and Anderson (1983) as Gymnasium's CartPole-v1 has it: 1 for each step, the last one too.

    Attributes:
        states: float64[N, 4]: cart position, cart velocity, pole angle, pole angular velocity.
    """

    episode_step_limit = 500

    def __init__(self, agent_count: int, *, seed: int = 0) -> None:
        super().__init__(agent_count, seed=seed)
        self.states: FloatArray = np.zeros((agent_count, 4))
        self.reset(np.arange(agent_count))

    def _place(self, agents: IntArray) -> None:
        self.states[agents] = self._random.uniform(-PLACE_RANGE, PLACE_RANGE, (len(agents), 4))

    def step(self, pushes_right: BoolArray) -> None:
        """Pushes each cart, to the right or to the left, for one step of explicit Euler.

        Args:
            pushes_right: bool[N].
        """
        x, x_velocity, angle, angular_velocity = self.states.T
        force = np.where(pushes_right, FORCE_N, -FORCE_N)
        sine, cosine = np.sin(angle), np.cos(angle)
        total = CART_MASS + POLE_MASS
        moment = POLE_MASS * HALF_POLE_LENGTH_M
        # Florian (2007), "Correct equations for the dynamics of the cart-pole system", without friction.
        push = (force + moment * angular_velocity**2 * sine) / total
        angular_acceleration = (GRAVITY * sine - cosine * push) / (
            HALF_POLE_LENGTH_M * (4.0 / 3.0 - POLE_MASS * cosine**2 / total)
        )
        acceleration = push - moment * angular_acceleration * cosine / total
        self.states = np.stack(
            [
                x + STEP_S * x_velocity,
                x_velocity + STEP_S * acceleration,
                angle + STEP_S * angular_velocity,
                angular_velocity + STEP_S * angular_acceleration,
            ],
            axis=1,
        )
        is_lost = (np.abs(self.states[:, 0]) > POSITION_LIMIT_M) | (np.abs(self.states[:, 2]) > ANGLE_LIMIT)
        self._end_step(np.ones(self.agent_count), is_lost)
