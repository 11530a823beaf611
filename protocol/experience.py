"""Experience as it crosses the bridge: lanes of steps and a table of the segments in them.

Letters: T rows of a lane, N lanes (agent slots), O observation, I bytes of images, A action, M action modifier,
H memory, K segments, R runs of one policy version, E episodes that ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]
Float64Array: TypeAlias = npt.NDArray[np.float64]
Int32Array: TypeAlias = npt.NDArray[np.int32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class VectorSizes:
    """How much a behavior's vectors hold of each agent.

    Attributes:
        observation: O, floats.
        action: A, floats.
        modifier: D, floats of an action modifier, where a host makes any: M is D or 0.
        image: I, bytes.
        memory: H, floats.
    """

    observation: int
    action: int
    modifier: int = 0
    image: int = 0
    memory: int = 0

    @property
    def first_flag(self) -> int:
        """C, the numbers that a modifier begins with; flags follow, of which numbers are given and what is masked."""
        return self.modifier - self.action


SEGMENT_COLUMNS: tuple[str, ...] = (
    "lane",
    "first_row",
    "length",
    "agent_id",
    "episode",
    "first_step",
    "completion",
    "is_on_policy",
)
"""The columns of a segment table, in their order."""


@dataclass(frozen=True)
class SegmentTable:
    """K unbroken stretches of one episode each.

    Attributes:
        rows: int64[K, 8], a row for each segment, with the columns of SEGMENT_COLUMNS.
    """

    rows: Int64Array

    @classmethod
    def of(cls, **columns: npt.ArrayLike) -> SegmentTable:
        """A table of all columns by name, each of K whole numbers."""
        return cls(np.stack([np.asarray(columns[name], dtype=np.int64) for name in SEGMENT_COLUMNS], axis=1))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lane(self) -> Int64Array:
        """int64[K], the lane (agent slot) that holds the steps."""
        return self.rows[:, 0]

    @property
    def first_row(self) -> Int64Array:
        """int64[K], the first row of that lane."""
        return self.rows[:, 1]

    @property
    def length(self) -> Int64Array:
        """int64[K], how many rows, at least 1."""
        return self.rows[:, 2]

    @property
    def agent_id(self) -> Int64Array:
        """int64[K]."""
        return self.rows[:, 3]

    @property
    def episode(self) -> Int64Array:
        """int64[K], a serial that the host never uses twice."""
        return self.rows[:, 4]

    @property
    def first_step(self) -> Int64Array:
        """int64[K], the step of the episode that the first row is (0 = the episode's beginning)."""
        return self.rows[:, 5]

    @property
    def completion(self) -> Int64Array:
        """int64[K], a `Completion`. RUNNING means cut: the episode goes on in another segment or unrecorded."""
        return self.rows[:, 6]

    @property
    def is_on_policy(self) -> Int64Array:
        """int64[K], 0 where actions were set by hand or sampled with another noise scale than 1, else 1."""
        return self.rows[:, 7]


@dataclass(frozen=True)
class ExperienceStatistics:
    """What the host counted since its last batch, beside the steps themselves.

    Attributes:
        unrecorded_steps: agent-steps played while no buffer was free.
        dropped_actions: actions that never got their reward (agent removed or reset in between).
        non_finite_steps: steps cut away because an observation or a reward was not finite.
        episode_returns: float64[E], undiscounted sum of rewards of each episode that ended.
        episode_lengths: int32[E], in steps.
    """

    unrecorded_steps: int
    dropped_actions: int
    non_finite_steps: int
    episode_returns: Float64Array
    episode_lengths: Int32Array


@dataclass(frozen=True)
class ExperienceBatch:
    """One hand-off from a host: time-major lanes, of which only the rows named by a segment mean anything.

    Attributes:
        batch_id: from 1, rising by one; unique in a host's training.
        observations: float32[T, N, O].
        images: uint8[T, N, I]; I is 0 where no element of the observation is an image.
        actions: float32[T, N, A], as sampled, before squashing, clipping and scaling.
        action_modifiers: float32[T, N, M]; M is 0 where the host makes none.
        rewards: float32[T, N].
        log_probs: float32[T, N], of the action under the policy that chose it.
        memory: float32[T, N, H], before the policy's evaluation; H is 0 without memory.
        segments: the table of K segments.
        initial_memory: float32[K, H], before each segment's first evaluation.
        final_observations: float32[K, O], what the agent saw after each segment's last action.
        final_images: uint8[K, I], likewise.
        final_memory: float32[K, H], after the evaluation of the last recorded step.
        version_runs: int64[R, 3], rows (segment, first step within the segment, policy version), sorted; each
            segment has a run at its step 0.
        statistics: what was counted beside.
    """

    batch_id: int
    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    action_modifiers: FloatArray
    rewards: FloatArray
    log_probs: FloatArray
    memory: FloatArray
    segments: SegmentTable
    initial_memory: FloatArray
    final_observations: FloatArray
    final_images: ByteArray
    final_memory: FloatArray
    version_runs: Int64Array
    statistics: ExperienceStatistics

    @property
    def step_count(self) -> int:
        """Steps in all segments."""
        return int(self.segments.length.sum())

    def flat_rows(self) -> Int64Array:
        """int64[S] indices into the lanes flattened to [T * N], segment after segment, each in order of time."""
        segments = self.segments
        lengths = segments.length
        starts = np.cumsum(lengths) - lengths
        within = np.arange(int(lengths.sum()), dtype=np.int64) - np.repeat(starts, lengths)
        lane_count = self.rewards.shape[1]
        rows = np.repeat(segments.first_row, lengths) + within
        flat: Int64Array = rows * lane_count + np.repeat(segments.lane, lengths)
        return flat

    def policy_versions(self) -> Int64Array:
        """int64[S], the policy version that chose each step's action, in the order of `flat_rows`."""
        lengths = self.segments.length
        starts = np.cumsum(lengths) - lengths
        first = starts[self.version_runs[:, 0]] + self.version_runs[:, 1]
        run_lengths = np.diff(np.append(first, int(lengths.sum())))
        versions: Int64Array = np.repeat(self.version_runs[:, 2], run_lengths)
        return versions


STEP_FIELDS: tuple[str, ...] = (
    "observations",
    "images",
    "actions",
    "action_modifiers",
    "rewards",
    "log_probs",
    "memory",
)
