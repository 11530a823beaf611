"""A Minari data set as a recording."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, Report, save_counted
from host_sdk.adapters.exchange.schema_source import asked_spaces
from host_sdk.adapters.gymnasium.recorded_space import WORLD_KEY, WORLD_PREFIX, RecordedSpaces, world_spaces
from host_sdk.adapters.minari.dataset_folder import dataset_id, read_metadata
from host_sdk.adapters.minari.exported import HEADER_KEY
from host_sdk.adapters.minari.space_text import space_from_text
from host_sdk.errors import ValueMismatchError
from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingHeader
from protocol.recording.header import decode_header

KEPT_TEXTS = ("algorithm_name", "author", "code_permalink", "description")


def import_dataset(options: ConversionOptions, report: Report) -> ConversionResult:
    """Writes the data set `options.source` as the recording `options.target`, whole or not at all.

    Raises:
        RecordingError: there is no such data set, or an episode of it isn't one.
        SchemaError: its spaces can't be recorded.
        ValueMismatchError: its values aren't of its spaces.
    """
    path, metadata = read_metadata(options.source)
    spaces = asked_spaces(options) or _own_spaces(metadata)
    header = RecordingHeader(spaces.observation, spaces.action, metadata=_texts(metadata, options))
    is_compressed = bool(metadata.get("jpeg_encoding", True))
    with h5py.File(path, "r") as file:
        episodes = _episodes(file, spaces, options, is_compressed=is_compressed)
        return save_counted(options.target, header, episodes, report)


def _own_spaces(metadata: Mapping[str, Any]) -> RecordedSpaces:
    """Those of the recording that the data set was made from, else those of its spaces, else those of its world."""
    if isinstance(text := metadata.get(HEADER_KEY), str):
        header = decode_header(text.encode("utf-8"))
        return RecordedSpaces.of_schemas(header.observation, header.action, header.metadata.get(WORLD_KEY, ""))
    texts = [metadata.get(name) for name in ("observation_space", "action_space")]
    if all(isinstance(text, str) for text in texts):
        observation_space, action_space = (space_from_text(str(text)) for text in texts)
        return RecordedSpaces.of_spaces(observation_space, action_space)
    world = _world_of(metadata)
    if not world:
        raise RecordingError("its metadata have neither spaces nor a world; --env gymnasium:ID says whose they are")
    return RecordedSpaces.of_spaces(*world_spaces(world))


def _world_of(metadata: Mapping[str, Any]) -> str:
    try:
        found = json.loads(metadata.get("env_spec") or "{}").get("id", "")
    except (ValueError, AttributeError, TypeError):
        return ""
    return f"{WORLD_PREFIX}{found}" if isinstance(found, str) and found else ""


def _texts(metadata: Mapping[str, Any], options: ConversionOptions) -> dict[str, str]:
    texts = {"source": f"minari:{metadata.get('dataset_id', dataset_id(options.source))}"}
    if isinstance(text := metadata.get(HEADER_KEY), str):
        texts = {**decode_header(text.encode("utf-8")).metadata, **texts}
    elif world := options.world or _world_of(metadata):
        texts[WORLD_KEY] = world
    for name in KEPT_TEXTS:
        value = metadata.get(name)
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(text, str) and text:
            texts.setdefault(name, text)
    return texts


def _episodes(
    file: Any, recorded: RecordedSpaces, options: ConversionOptions, *, is_compressed: bool
) -> Iterator[Episode]:
    names = sorted((name for name in file if name.startswith("episode_")), key=lambda name: int(name.split("_")[1]))
    for serial, name in enumerate(names):
        group = file[name]
        try:
            yield _episode(group, recorded, options, serial, is_compressed=is_compressed)
        except KeyError as error:
            raise RecordingError(
                f"{name}: expected observations, actions and how it ended, got none: {error}"
            ) from None
        except ValueMismatchError as error:
            raise RecordingError(f"{name}: {error}") from error


def _episode(
    group: Any, recorded: RecordedSpaces, options: ConversionOptions, serial: int, *, is_compressed: bool
) -> Episode:
    observations = _nested(group["observations"], recorded.observation_space, is_compressed=is_compressed)
    floats, images = recorded.observation_vectors(observations)
    actions = recorded.action_vectors(
        _nested(group["actions"], recorded.action_space, is_compressed=False), clips=options.clips_actions
    )
    count = len(actions)
    if len(floats) != count + 1:
        raise RecordingError(f"{group.name}: expected {count + 1} observations for {count} actions, got {len(floats)}")
    return Episode(
        observations=floats[:-1],
        images=images[:-1],
        actions=actions,
        action_modifiers=np.zeros((count, 0), np.float32),
        rewards=_rewards(group, count),
        final_observation=floats[-1],
        final_image=images[-1],
        completion=_completion(group, count, options.time_limit),
        agent_id=int(group.attrs.get("agent_id", 0)),
        serial=int(group.attrs.get("serial", serial)),
    )


def _rewards(group: Any, count: int) -> npt.NDArray[np.float32]:
    """float32[T]; NaN all along where there are none."""
    if "rewards" not in group:
        return np.full(count, np.nan, np.float32)
    rewards = np.asarray(group["rewards"][()], np.float32).reshape(-1)
    if len(rewards) != count:
        raise RecordingError(f"{group.name}: expected {count} rewards, got {len(rewards)}")
    return rewards


def _completion(group: Any, count: int, time_limit: int) -> Completion:
    terminations, truncations = (np.asarray(group[name][()]).reshape(-1) for name in ("terminations", "truncations"))
    early = np.flatnonzero((terminations | truncations)[:-1])
    if len(early):
        raise RecordingError(f"{group.name}: expected an end at its last step, {count - 1}, got one at step {early[0]}")
    if count == time_limit:
        return Completion.TRUNCATION
    return Completion.TERMINATION if terminations[-1] else Completion.TRUNCATION


def _nested(node: Any, space: Space[Any], *, is_compressed: bool) -> Any:
    """Arrays of a group, nested as the space is; images are decompressed."""
    if isinstance(space, spaces.Dict):
        return {key: _nested(node[str(key)], part, is_compressed=is_compressed) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(
            _nested(node[f"_index_{index}"], part, is_compressed=is_compressed)
            for index, part in enumerate(space.spaces)
        )
    array: npt.NDArray[Any] = node[()]
    is_image = isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) in (2, 3)
    if is_compressed and is_image and array.shape[1:] != space.shape:
        return _decompressed(array, node.name)
    return array


def _decompressed(frames: npt.NDArray[Any], path: str) -> npt.NDArray[np.uint8]:
    """uint8[T + 1, …] of compressed images."""
    if find_spec("PIL") is None:
        raise ModuleNotFoundError(f"{path}: its images are compressed, which needs: pip install pillow", name="PIL")
    from PIL import Image

    return np.stack([np.asarray(Image.open(io.BytesIO(np.asarray(frame).tobytes()))) for frame in frames])


def is_dataset(name: str) -> bool:
    """Whether a name is that of a data set, there or not."""
    return name.startswith("minari:") or Path(name).is_dir()
