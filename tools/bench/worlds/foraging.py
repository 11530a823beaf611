"""Things lie about on a torus of 32 x 32 cells; an agent in the middle of its view eats plus signs and avoids crosses.

Both take five cells of a 3 x 3 block in the same channel, so that no cell by itself tells them apart:

    plus   . # .     cross   # . #
           # # #             . # .
           . # .             # . #

Things may lie on each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tools.bench.worlds.world import FloatArray, IntArray, World

SIZE = 32
MIDDLE = SIZE // 2
"""Row and column of the agent's own cell in its view."""
THING_COUNT = 24
REACH = 1
"""A thing whose middle is this near, by row and by column, is eaten."""
PLUS, CROSS = 0, 1
PLUS_SHARE = 0.6
"""How likely a new thing is a plus."""
SHAPES = np.array([[(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)], [(-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)]])
"""int64[2, 5, 2]: rows and columns of each shape's cells, from its middle."""
MOVES = np.array([(0, 0), (-1, 0), (0, 1), (1, 0), (0, -1)])
"""int64[5, 2]: rows and columns of each move: stay, up, right, down, left."""


class Foraging(World):
    """Eating a plus gives 1, eating a cross -1; another thing then appears somewhere out of reach.

    Attributes:
        agents: int64[N, 2], row and column of each agent.
        things: int64[N, 24, 2], of the things' middles.
        shapes: int64[N, 24], PLUS or CROSS.
    """

    episode_step_limit = 100

    def __init__(self, agent_count: int, *, seed: int = 0) -> None:
        super().__init__(agent_count, seed=seed)
        self.agents: IntArray = np.zeros((agent_count, 2), np.int64)
        self.things: IntArray = np.zeros((agent_count, THING_COUNT, 2), np.int64)
        self.shapes: IntArray = np.zeros((agent_count, THING_COUNT), np.int64)
        self.reset(np.arange(agent_count))

    def _place(self, agents: IntArray) -> None:
        self.agents[agents] = self._random.integers(0, SIZE, (len(agents), 2))
        self._appear(np.repeat(agents, THING_COUNT), np.tile(np.arange(THING_COUNT), len(agents)))

    def step(self, moves: IntArray) -> None:
        """Moves the agents, lets them eat, and puts something new in the place of what was eaten.

        Args:
            moves: int64[N], rows of `MOVES`.
        """
        self.agents = (self.agents + MOVES[moves]) % SIZE
        is_eaten = (np.abs(self.offsets()) <= REACH).all(axis=2)
        rewards: FloatArray = np.where(is_eaten, np.where(self.shapes == PLUS, 1.0, -1.0), 0.0).sum(axis=1)
        self._appear(*np.nonzero(is_eaten))
        self._end_step(rewards, np.zeros(self.agent_count, np.bool_))

    def offsets(self) -> IntArray:
        """int64[N, 24, 2], rows and columns from each agent to its things by the shortest way, -16 to 15."""
        offsets: IntArray = (self.things - self.agents[:, None] + MIDDLE) % SIZE - MIDDLE
        return offsets

    def views(self, agents: IntArray) -> npt.NDArray[np.uint8]:
        """uint8[n, 32, 32, 1], row, column and channel: 1 where a thing is; the agent is at (16, 16)."""
        views: npt.NDArray[np.uint8] = np.zeros((len(agents), SIZE, SIZE, 1), np.uint8)
        cells = SHAPES[self.shapes[agents]] + self.offsets()[agents][:, :, None] + MIDDLE
        owners = np.arange(len(agents))[:, None, None]
        views[owners, cells[..., 0] % SIZE, cells[..., 1] % SIZE] = 1
        return views

    def _appear(self, rows: IntArray, slots: IntArray) -> None:
        """Puts a new thing into each of the slots, at least two cells out of the agent's reach."""
        least = REACH + 2
        offsets = self._random.integers(-MIDDLE, MIDDLE, (len(rows), 2))
        is_near = (np.abs(offsets) < least).all(axis=1)
        offsets[is_near] += np.where(offsets[is_near] < 0, -least, least)
        self.things[rows, slots] = (self.agents[rows] + offsets) % SIZE
        self.shapes[rows, slots] = np.where(self._random.random(len(rows)) < PLUS_SHARE, PLUS, CROSS)
