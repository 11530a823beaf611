"""`.demo` files as a recording.

A record holds what the agent saw, what it did then, and the reward and the end of what it had done **before**: the
reward and the end of a step are in the record behind it. The record of an episode's end holds its final observation,
and is no step. The last record of a file that was stopped in the middle becomes a final observation too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, Report, save_counted
from host_sdk.adapters.ml_agents.acted import RecordedActions
from host_sdk.adapters.ml_agents.demonstration_file import DemonstrationFile
from host_sdk.adapters.ml_agents.observed import observation_schema, read_observations
from protocol.action_layout import ActionLayout
from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingHeader
from protocol.schema import StructObservation

SUFFIX = ".demo"


def import_demonstration(options: ConversionOptions, report: Report) -> ConversionResult:
    """Writes the file `options.source`, or all `.demo` files of that folder, as the recording `options.target`.

    Raises:
        RecordingError: a file can't be read, or has other observations or actions than the first one.
    """
    paths = _paths(Path(options.source))
    plan = _make_plan(paths)
    episodes = (episode for path in paths for episode in _file_episodes(path, plan))
    return save_counted(options.target, plan.header, _numbered(episodes), report)


@dataclass(frozen=True)
class _Plan:
    header: RecordingHeader
    observation: StructObservation
    actions: RecordedActions
    layout: ActionLayout


@dataclass
class _OpenEpisode:
    """Steps of an episode that hasn't ended; rewards are one behind."""

    agent_id: int = 0
    observations: list[npt.NDArray[np.float32]] = field(default_factory=list)
    images: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    actions: list[npt.NDArray[np.float32]] = field(default_factory=list)
    modifiers: list[npt.NDArray[np.float32]] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)

    def close(
        self, final_observation: npt.NDArray[np.float32], final_image: npt.NDArray[np.uint8], completion: Completion
    ) -> Episode:
        return Episode(
            observations=np.stack(self.observations),
            images=np.stack(self.images),
            actions=np.stack(self.actions),
            action_modifiers=np.stack(self.modifiers),
            rewards=np.array(self.rewards, np.float32),
            final_observation=final_observation,
            final_image=final_image,
            completion=completion,
            agent_id=self.agent_id,
        )

    def cut(self) -> Episode | None:
        """What was whole when it stopped: its last observation becomes the final one; None where that was all."""
        if len(self.observations) < 2:
            return None
        final, final_image = self.observations.pop(), self.images.pop()
        self.actions.pop()
        self.modifiers.pop()
        return self.close(final, final_image, Completion.TRUNCATION)


def _paths(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    paths = sorted(source.glob(f"*{SUFFIX}"))
    if not paths:
        raise RecordingError(f"{source}: expected {SUFFIX} files in it, got none")
    return paths


def _make_plan(paths: list[Path]) -> _Plan:
    """Looks through the files once for what must be known before the first episode is written."""
    observation: StructObservation | None = None
    is_bounded, has_masks = True, False
    with DemonstrationFile(paths[0]) as first:
        actions, meta, brain = RecordedActions(first.brain), first.meta, first.brain
    for path in paths:
        with DemonstrationFile(path) as file:
            own = RecordedActions(file.brain)
            if (own.continuous_size, own.branch_sizes) != (actions.continuous_size, actions.branch_sizes):
                raise RecordingError(f"{path}: expected the same actions as in {paths[0]}, got others")
            for record in file.records():
                if observation is None:
                    observation = _schema(record, path)
                has_masks = has_masks or any(record.agent_info.action_mask)
                numbers = np.array(record.action_info.continuous_actions or record.action_info.vector_actions)
                if actions.continuous_size and len(numbers):
                    is_bounded = is_bounded and bool((np.abs(numbers) <= 1.0).all())
    if observation is None:
        raise RecordingError(f"{paths[0]}: expected at least one record, got none")
    action = actions.schema(is_bounded=is_bounded)
    metadata = {"source": paths[0].name, "actor": meta.demonstration_name, "behavior": brain.brain_name}
    header = RecordingHeader(observation, action, has_masks, {name: text for name, text in metadata.items() if text})
    return _Plan(header, observation, actions, ActionLayout.of(action))


def _schema(record: Any, path: Path) -> StructObservation:
    try:
        found = observation_schema(record.agent_info.observations)
    except RecordingError as error:
        raise RecordingError(f"{path}: {error}") from None
    assert isinstance(found, StructObservation)
    return found


def _file_episodes(path: Path, plan: _Plan) -> Iterator[Episode]:
    current = _OpenEpisode()
    with DemonstrationFile(path) as file:
        for number, record in enumerate(file.records()):
            info = record.agent_info
            if current.observations and info.id != current.agent_id and not info.done:
                if (episode := current.cut()) is not None:
                    yield episode
                current = _OpenEpisode()
            try:
                ended = _take(record, current, plan)
            except RecordingError as error:
                raise RecordingError(f"{path}: record {number}: {error}") from None
            if ended is not None:
                yield ended
            if info.done:
                current = _OpenEpisode()
    if (episode := current.cut()) is not None:
        yield episode


def _take(record: Any, current: _OpenEpisode, plan: _Plan) -> Episode | None:
    """Adds a record to an episode; the whole episode, where it ends with this one and had a step."""
    info = record.agent_info
    floats, images = read_observations(info.observations, plan.observation)
    if current.observations:
        current.rewards.append(info.reward)
    if info.done:
        completion = Completion.TRUNCATION if info.max_step_reached else Completion.TERMINATION
        return current.close(floats, images, completion) if current.observations else None
    vector = plan.actions.vector(record.action_info)
    current.agent_id = info.id
    current.observations.append(floats)
    current.images.append(images)
    current.actions.append(vector)
    is_modified = plan.header.has_modifiers
    modifier = plan.actions.modifier(info.action_mask, vector, plan.layout) if is_modified else vector[:0]
    current.modifiers.append(modifier)
    return None


def _numbered(episodes: Iterator[Episode]) -> Iterator[Episode]:
    for serial, episode in enumerate(episodes):
        yield replace(episode, serial=serial)
