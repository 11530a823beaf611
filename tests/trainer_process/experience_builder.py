"""Builds experience batches out of segments written down one by one; unused cells of the lanes are NaN, or 255."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from protocol.completion import Completion
from protocol.experience import (
    STEP_FIELDS,
    ByteArray,
    ExperienceBatch,
    ExperienceStatistics,
    FloatArray,
    SegmentTable,
)


@dataclass(frozen=True)
class SegmentData:
    """One segment as a test writes it down; L steps, O observation, A action. What is None is of no width."""

    observations: FloatArray
    actions: FloatArray
    rewards: FloatArray
    log_probs: FloatArray
    final_observation: FloatArray
    completion: Completion = Completion.RUNNING
    agent_id: int = 0
    episode: int = 0
    first_step: int = 0
    versions: list[int] = field(default_factory=lambda: [0])
    is_on_policy: bool = True
    images: ByteArray | None = None
    final_image: ByteArray | None = None
    action_modifiers: FloatArray | None = None
    memory: FloatArray | None = None
    final_memory: FloatArray | None = None

    @property
    def length(self) -> int:
        return len(self.rewards)

    def cut(self, at: int) -> tuple[SegmentData, SegmentData]:
        """The same steps in two segments, the first cut while running."""
        head = replace(
            self._rows(slice(0, at)),
            final_observation=self.observations[at],
            final_image=None if self.images is None else self.images[at],
            final_memory=None if self.memory is None else self.memory[at],
            completion=Completion.RUNNING,
        )
        return head, replace(self._rows(slice(at, None)), first_step=self.first_step + at)

    def _rows(self, rows: slice) -> SegmentData:
        columns = {name: getattr(self, name) for name in STEP_FIELDS}
        return replace(self, **{name: column[rows] for name, column in columns.items() if column is not None})


def random_segment(
    generator: np.random.Generator, length: int, observation_size: int, action_size: int, **fields: object
) -> SegmentData:
    """A segment of normal noise; `fields` as of `SegmentData`."""

    def noise(*shape: int) -> FloatArray:
        return generator.standard_normal(shape).astype(np.float32)

    segment = SegmentData(
        noise(length, observation_size),
        noise(length, action_size),
        noise(length),
        noise(length) - 3.0,
        noise(observation_size),
    )
    return replace(segment, **fields)  # type: ignore[arg-type]


def make_batch(
    segments: list[SegmentData],
    batch_id: int = 1,
    episode_returns: tuple[float, ...] = (),
    unrecorded_steps: int = 0,
) -> ExperienceBatch:
    """A batch with one lane per agent id, its segments one below the other."""
    agents = sorted({segment.agent_id for segment in segments})
    lanes = {agent: lane for lane, agent in enumerate(agents)}
    used = dict.fromkeys(agents, 0)
    first_rows = []
    for segment in segments:
        first_rows.append(used[segment.agent_id])
        used[segment.agent_id] += segment.length
    shape = (max(used.values()), len(agents))
    arrays = {name: _unused(shape, getattr(segments[0], name), name == "images") for name in STEP_FIELDS}
    runs = []
    for index, (segment, row) in enumerate(zip(segments, first_rows, strict=True)):
        for name, array in arrays.items():
            if (column := getattr(segment, name)) is not None:
                array[row : row + segment.length, lanes[segment.agent_id]] = column
        step_versions = np.resize(segment.versions, segment.length)
        changes = np.flatnonzero(np.diff(step_versions, prepend=-1))
        runs += [(index, int(step), int(step_versions[step])) for step in changes]
    return ExperienceBatch(
        batch_id=batch_id,
        segments=_table(segments, [lanes[segment.agent_id] for segment in segments], first_rows),
        initial_memory=_stacked([None if each.memory is None else each.memory[0] for each in segments], np.float32),
        final_observations=_stacked([segment.final_observation for segment in segments], np.float32),
        final_images=_stacked([segment.final_image for segment in segments], np.uint8),
        final_memory=_stacked([segment.final_memory for segment in segments], np.float32),
        version_runs=np.array(runs, np.int64),
        statistics=ExperienceStatistics(
            unrecorded_steps, 0, 0, np.array(episode_returns, np.float64), np.full(len(episode_returns), 10, np.int32)
        ),
        **arrays,
    )


def _unused(shape: tuple[int, int], like: np.ndarray | None, is_bytes: bool) -> np.ndarray:
    """Lanes as wide as a column of a segment."""
    width = (0,) if like is None else like.shape[1:]
    return np.full((*shape, *width), 255, np.uint8) if is_bytes else np.full((*shape, *width), np.nan, np.float32)


def _stacked(rows: list[np.ndarray | None], dtype: type[np.generic]) -> np.ndarray:
    return np.stack([np.zeros(0) if row is None else row for row in rows]).astype(dtype)


def _table(segments: list[SegmentData], lanes: list[int], first_rows: list[int]) -> SegmentTable:
    return SegmentTable.of(
        lane=np.array(lanes, np.int32),
        first_row=np.array(first_rows, np.int32),
        length=np.array([segment.length for segment in segments], np.int32),
        agent_id=np.array([segment.agent_id for segment in segments], np.int32),
        episode=np.array([segment.episode for segment in segments], np.int64),
        first_step=np.array([segment.first_step for segment in segments], np.int64),
        completion=np.array([segment.completion for segment in segments], np.uint8),
        is_on_policy=np.array([segment.is_on_policy for segment in segments], np.uint8),
    )
