"""A recording as an `.npz` file of trajectories. It is held in memory as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, CountedEpisodes, Report
from host_sdk.adapters.exchange.schema_source import asked_spaces
from host_sdk.adapters.gymnasium.recorded_space import WORLD_KEY, RecordedSpaces
from host_sdk.adapters.trajectories.imported import HEADER_NAME
from host_sdk.errors import InvalidSettingsError
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingReader
from protocol.recording.header import encode_header

MODIFIERS_NOTE = "action modifiers (masks and given numbers) have no name in the field and were left out"


def export_trajectories(options: ConversionOptions, report: Report) -> ConversionResult:
    """Writes the recording `options.source` as `options.target`, whole or not at all.

    Raises:
        RecordingError: the recording can't be read or has no episodes, or there is such a file already.
        InvalidSettingsError: the spaces asked for are of another schema.
    """
    target = Path(options.target)
    if target.exists():
        raise RecordingError(f"{target}: expected no such file, got one; choose another name")
    with RecordingReader(options.source) as reader:
        header = reader.header
        spaces = asked_spaces(options)
        if spaces is None:
            spaces = RecordedSpaces.of_schemas(header.observation, header.action, header.metadata.get(WORLD_KEY, ""))
        elif not spaces.fits(header.observation, header.action):
            raise InvalidSettingsError("--env: expected a world with the recording's schema, got another; leave it out")
        counted = CountedEpisodes(reader, report)
        episodes = list(counted)
        if not episodes:
            raise RecordingError(f"{options.source}: expected at least one episode, got none")
        arrays = _arrays(spaces, episodes)
        arrays[HEADER_NAME] = np.array(encode_header(header).decode("utf-8"))
        _save(target, arrays)
    notes = (MODIFIERS_NOTE,) if header.has_modifiers else ()
    return ConversionResult(counted.episode_count, counted.step_count, str(target), notes)


def _arrays(spaces: RecordedSpaces, episodes: list[Episode]) -> dict[str, npt.NDArray[Any]]:
    floats = np.concatenate([rows for each in episodes for rows in (each.observations, each.final_observation[None])])
    images = np.concatenate([rows for each in episodes for rows in (each.images, each.final_image[None])])
    actions = np.concatenate([each.actions for each in episodes])
    lengths = np.array([each.step_count for each in episodes])
    terminal = np.array([each.is_terminated for each in episodes])
    dones = np.zeros(len(actions), np.bool_)
    dones[np.cumsum(lengths) - 1] = terminal
    arrays = {
        **dict(_named("obs", spaces.observations(floats, images))),
        **dict(_named("acts", spaces.actions(actions))),
        "dones": dones,
        "infos": np.full(len(actions), "{}"),
        "indices": np.cumsum(lengths)[:-1],
        "terminal": terminal,
    }
    if all(each.has_rewards for each in episodes):
        arrays["rews"] = np.concatenate([each.rewards for each in episodes])
    return arrays


def _named(name: str, values: Any) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if isinstance(values, dict | tuple):
        pairs = values.items() if isinstance(values, dict) else enumerate(values)
        for key, value in pairs:
            yield from _named(f"{name}/{key}", value)
    else:
        yield name, values


def _save(target: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with unfinished.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
