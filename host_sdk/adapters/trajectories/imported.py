"""An `.npz` file of trajectories as a recording. It is held in memory as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, Report, save_counted
from host_sdk.adapters.exchange.schema_source import asked_spaces
from host_sdk.adapters.gymnasium.recorded_space import WORLD_KEY, RecordedSpaces
from host_sdk.adapters.gymnasium.space_leaf import ByteArray, FloatArray
from host_sdk.adapters.trajectories.array_file import ArrayFile
from host_sdk.adapters.trajectories.array_space import action_space_of_arrays, observation_space_of_arrays
from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingHeader
from protocol.recording.header import decode_header

HEADER_NAME = "learning_bridge_header"
"""The text in a file that holds the recording's header."""
GUESS_NOTE = (
    "nobody said what the arrays mean: schemas were guessed from their types and shapes; --env or --like says it"
)
DROPPED_NOTE = (
    "{count} steps were left out, the last of an episode that was cut, since the file has no observation after it"
)

Bools = npt.NDArray[np.bool_]


def import_trajectories(options: ConversionOptions, report: Report) -> ConversionResult:
    """Writes the `.npz` file `options.source` as the recording `options.target`, whole or not at all.

    Raises:
        RecordingError: it is no such file, or its arrays aren't those of trajectories.
        ValueMismatchError: its values aren't of the spaces asked for.
    """
    with ArrayFile(Path(options.source)) as file:
        observations, actions = file.require("obs"), file.require("acts")
        spaces, metadata, notes = _spaces_of(file, options, observations, actions)
        metadata = {**metadata, "source": Path(options.source).name}
        header = RecordingHeader(spaces.observation, spaces.action, metadata=metadata)
        vectors = spaces.action_vectors(actions, clips=options.clips_actions)
        steps = _Steps(*spaces.observation_vectors(observations), vectors, _rewards(file, len(vectors)))
        if file.array("terminal") is not None:
            cuts = _trajectories(file, len(vectors), len(steps.observations))
        else:
            cuts, dropped = _flat(file, spaces, steps)
            notes += (DROPPED_NOTE.format(count=dropped),) if dropped else ()
    episodes = (_episode(steps, cut, serial, options.time_limit) for serial, cut in enumerate(cuts))
    return save_counted(options.target, header, episodes, report, notes)


@dataclass
class _Steps:
    """The file's steps, encoded: float32 and uint8 [S or S + E, …], float32[S, A] and float32[S]."""

    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    rewards: FloatArray
    next_observations: FloatArray | None = None
    next_images: ByteArray | None = None


@dataclass(frozen=True)
class _Cut:
    """Where an episode lies: its steps, its first observation, and its final one.

    Attributes:
        final: among the observations, or among the next ones where the file has those.
    """

    start: int
    stop: int
    first_observation: int
    final: int
    is_terminated: bool


def _spaces_of(
    file: ArrayFile, options: ConversionOptions, observations: Any, actions: Any
) -> tuple[RecordedSpaces, dict[str, str], tuple[str, ...]]:
    if (asked := asked_spaces(options)) is not None:
        return asked, {WORLD_KEY: options.world} if options.world else {}, ()
    if (text := file.text(HEADER_NAME)) is not None:
        header = decode_header(text.encode("utf-8"))
        metadata = dict(header.metadata)
        return RecordedSpaces.of_schemas(header.observation, header.action, metadata.get(WORLD_KEY, "")), metadata, ()
    guessed = observation_space_of_arrays(observations), action_space_of_arrays(actions)
    return RecordedSpaces.of_spaces(*guessed), {}, (GUESS_NOTE,)


def _rewards(file: ArrayFile, count: int) -> FloatArray:
    """float32[S]; NaN where there are none."""
    rewards = file.array("rews")
    if rewards is None:
        return np.full(count, np.nan, np.float32)
    return _of_length(np.asarray(rewards, np.float32).reshape(-1), count, file, "rewards")


def _trajectories(file: ArrayFile, step_count: int, observation_count: int) -> list[_Cut]:
    terminal = np.asarray(file.array("terminal")).reshape(-1).astype(np.bool_)
    indices = np.asarray(file.require("indices")).reshape(-1)
    bounds = np.concatenate([[0], indices, [step_count]]).astype(np.int64)
    if len(terminal) != len(bounds) - 1 or (np.diff(bounds) < 1).any():
        raise RecordingError(
            f"{file.path}: expected indices that cut {step_count} steps into {len(terminal)} episodes of at least one "
            f"step, got {indices.tolist()[:20]}"
        )
    if observation_count != step_count + len(terminal):
        raise RecordingError(
            f"{file.path}: expected {step_count + len(terminal)} observations for {step_count} actions in "
            f"{len(terminal)} episodes, got {observation_count}"
        )
    return [
        _Cut(start, stop, start + index, stop + index, bool(is_terminal))
        for index, (start, stop, is_terminal) in enumerate(
            zip(bounds[:-1].tolist(), bounds[1:].tolist(), terminal, strict=True)
        )
    ]


def _flat(file: ArrayFile, spaces: RecordedSpaces, steps: _Steps) -> tuple[list[_Cut], int]:
    """The episodes of flat arrays, and how many steps had to be left out.

    Without next observations, an episode that came to its own end has its last one as its final one, from which nobody
    will bootstrap; of one that was cut, the last step becomes the final observation.
    """
    count = len(steps.actions)
    _of_length(steps.observations, count, file, "observations")
    dones = _flags(file, "dones", count)
    truncations = _flags(file, "truncations", count) if file.array("truncations") is not None else np.zeros_like(dones)
    if (following := file.nested("next_obs")) is not None:
        steps.next_observations, steps.next_images = spaces.observation_vectors(following)
        _of_length(steps.next_observations, count, file, "next observations")
    ends = np.flatnonzero(dones | truncations) + 1
    bounds = [0, *ends.tolist(), *([count] if not len(ends) or ends[-1] != count else [])]
    cuts, dropped = [], 0
    for start, stop in pairwise(bounds):
        is_terminated = bool(dones[stop - 1])
        if following is None and not is_terminated:
            stop, dropped = stop - 1, dropped + 1
            final = stop
        else:
            final = stop - 1
        if stop > start:
            cuts.append(_Cut(start, stop, start, final, is_terminated))
    return cuts, dropped


def _episode(steps: _Steps, cut: _Cut, serial: int, time_limit: int) -> Episode:
    length = cut.stop - cut.start
    own, seen = slice(cut.start, cut.stop), slice(cut.first_observation, cut.first_observation + length)
    finals = steps.observations if steps.next_observations is None else steps.next_observations
    final_images = steps.images if steps.next_images is None else steps.next_images
    return Episode(
        observations=steps.observations[seen],
        images=steps.images[seen],
        actions=steps.actions[own],
        action_modifiers=np.zeros((length, 0), np.float32),
        rewards=steps.rewards[own],
        final_observation=finals[cut.final],
        final_image=final_images[cut.final],
        completion=Completion.TERMINATION if cut.is_terminated and length != time_limit else Completion.TRUNCATION,
        serial=serial,
    )


def _flags(file: ArrayFile, field: str, count: int) -> Bools:
    return _of_length(np.asarray(file.require(field)).reshape(-1).astype(np.bool_), count, file, field)


def _of_length(array: npt.NDArray[Any], count: int, file: ArrayFile, what: str) -> npt.NDArray[Any]:
    if len(array) != count:
        raise RecordingError(f"{file.path}: expected {count} {what}, one for each action, got {len(array)}")
    return array
