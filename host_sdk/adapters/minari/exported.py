"""A recording as a Minari data set."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, CountedEpisodes, Report
from host_sdk.adapters.exchange.schema_source import asked_spaces
from host_sdk.adapters.gymnasium.recorded_space import WORLD_KEY, WORLD_PREFIX, RecordedSpaces
from host_sdk.adapters.minari.dataset_folder import DATA_FILE, DATA_FOLDER, METADATA_FILE, dataset_folder, dataset_id
from host_sdk.adapters.minari.space_text import space_to_text
from host_sdk.errors import InvalidSettingsError
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingHeader, RecordingReader
from protocol.recording.header import encode_header

MINARI_VERSION = "0.5.4"
"""Whose layout this is; versions from 0.4.0 on read it."""
HEADER_KEY = "learning_bridge_header"
"""The metadata that holds the recording's header, so that what is read back has its schemas."""
MODIFIERS_NOTE = "action modifiers (masks and given numbers) have no place in a Minari data set and were left out"


def export_dataset(options: ConversionOptions, report: Report) -> ConversionResult:
    """Writes the recording `options.source` as the data set `options.target`, whole or not at all.

    Raises:
        RecordingError: the recording can't be read, or there is such a data set already.
        InvalidSettingsError: the spaces asked for are of another schema.
    """
    folder = dataset_folder(options.target)
    if folder.exists():
        raise RecordingError(f"{folder}: expected no such data set, got one; choose another name, or a higher version")
    with RecordingReader(options.source) as reader:
        spaces = _spaces_of(reader.header, options)
        unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.new")
        try:
            (unfinished / DATA_FOLDER).mkdir(parents=True)
            counted = CountedEpisodes(_each(reader), report)
            _write_episodes(unfinished / DATA_FOLDER / DATA_FILE, spaces, counted)
            _write_metadata(unfinished / DATA_FOLDER, dataset_id(options.target), reader.header, spaces, counted)
            os.replace(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        notes = (MODIFIERS_NOTE,) if reader.header.has_modifiers else ()
    return ConversionResult(counted.episode_count, counted.step_count, str(folder), notes)


def _spaces_of(header: RecordingHeader, options: ConversionOptions) -> RecordedSpaces:
    asked = asked_spaces(options)
    if asked is None:
        return RecordedSpaces.of_schemas(header.observation, header.action, header.metadata.get(WORLD_KEY, ""))
    if not asked.fits(header.observation, header.action):
        raise InvalidSettingsError("--env: expected a world with the recording's schema, got another; leave it out")
    return asked


def _each(reader: RecordingReader) -> Iterator[Episode]:
    for index in range(len(reader)):
        yield reader[index]
        reader.release_memory()


def _write_episodes(path: Path, spaces: RecordedSpaces, episodes: CountedEpisodes) -> None:
    with h5py.File(path, "w", track_order=True) as file:
        for index, episode in enumerate(episodes):
            group = file.create_group(f"episode_{index}")
            group.attrs.update(
                {"id": index, "total_steps": episode.step_count, "agent_id": episode.agent_id, "serial": episode.serial}
            )
            floats = np.concatenate([episode.observations, episode.final_observation[np.newaxis]])
            images = np.concatenate([episode.images, episode.final_image[np.newaxis]])
            _write_nested(group, "observations", spaces.observations(floats, images))
            _write_nested(group, "actions", spaces.actions(episode.actions))
            is_last = np.arange(episode.step_count) == episode.step_count - 1
            group.create_dataset("rewards", data=episode.rewards.astype(np.float64))
            group.create_dataset("terminations", data=is_last & episode.is_terminated)
            group.create_dataset("truncations", data=is_last & (not episode.is_terminated))


def _write_nested(group: Any, name: str, values: Any) -> None:
    """A Dict or a Tuple is a group, a leaf an array."""
    if isinstance(values, dict | tuple):
        below = group.create_group(name)
        named = values.items() if isinstance(values, dict) else ((f"_index_{i}", each) for i, each in enumerate(values))
        for key, value in named:
            _write_nested(below, str(key), value)
        return
    group.create_dataset(name, data=values)


def _write_metadata(
    folder: Path, identity: str, header: RecordingHeader, spaces: RecordedSpaces, episodes: CountedEpisodes
) -> None:
    metadata: dict[str, object] = {
        "dataset_id": identity,
        "minari_version": MINARI_VERSION,
        "data_format": "hdf5",
        "jpeg_encoding": False,
        "total_episodes": episodes.episode_count,
        "total_steps": episodes.step_count,
        "dataset_size": round((folder / DATA_FILE).stat().st_size / 1e6, 1),
        "observation_space": space_to_text(spaces.observation_space),
        "action_space": space_to_text(spaces.action_space),
        "algorithm_name": header.metadata.get("actor", ""),
        "author": [header.metadata.get("author", "learning-bridge")],
        "description": header.metadata.get("description", "recorded by learning-bridge"),
        HEADER_KEY: encode_header(header).decode("utf-8"),
    }
    world = header.metadata.get(WORLD_KEY, "")
    if world.startswith(WORLD_PREFIX) and world.removeprefix(WORLD_PREFIX) in gymnasium.registry:
        with suppress(ValueError):  # a world that was registered with a callable has no text
            metadata["env_spec"] = gymnasium.spec(world.removeprefix(WORLD_PREFIX)).to_json()
    (folder / METADATA_FILE).write_text(json.dumps(metadata), encoding="utf-8")
