"""What an agent of a `.demo` file saw: lists of numbers, and images, compressed or not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.errors import RecordingError
from protocol.schema import ContinuousObservation, ImageObservation, ObservationElement, StructObservation

PNG = 1
TRANSLATES = 2
"""The property of an image's rows and columns, in `dimension_properties`."""

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]


def observation_schema(observations: Sequence[Any]) -> ObservationElement:
    """A struct of `observation_0`, `observation_1` …: three axes are an image, all others numbers side by side.

    Raises:
        RecordingError: there are none, or one can't be read; names it.
    """
    if not observations:
        raise RecordingError("expected at least one observation, got a record without any")
    return StructObservation(tuple((f"observation_{i}", _element(each, i)) for i, each in enumerate(observations)))


def read_observations(observations: Sequence[Any], schema: StructObservation) -> tuple[FloatArray, ByteArray]:
    """float32[O] and uint8[I] of one record.

    Raises:
        RecordingError: they aren't those of the schema; names the one that differs.
    """
    if len(observations) != len(schema.elements):
        raise RecordingError(
            f"expected {len(schema.elements)} observations, as in the first record, got {len(observations)}"
        )
    floats: list[FloatArray] = []
    images: list[ByteArray] = []
    for index, (observation, (name, element)) in enumerate(zip(observations, schema.elements, strict=True)):
        if isinstance(element, ImageObservation):
            pixels = _pixels(observation, index)
            expected = (element.height, element.width, element.channels)
            if pixels.shape != expected:
                raise RecordingError(f"{name}: expected an image of shape {expected}, got {pixels.shape}")
            images.append(pixels.reshape(-1))
            continue
        numbers = np.array(observation.float_data.data, np.float32)
        if len(numbers) != element.vector_size:
            raise RecordingError(f"{name}: expected {element.vector_size} numbers, got {len(numbers)}")
        floats.append(numbers)
    return (
        np.concatenate([*floats, np.zeros(0, np.float32)]),
        np.concatenate([*images, np.zeros(0, np.uint8)]),
    )


def _element(observation: Any, index: int) -> ObservationElement:
    if len(observation.shape) == 3 or observation.compression_type == PNG:
        height, width, channels = _pixels(observation, index).shape
        return ImageObservation(height, width, channels)
    size = int(np.prod(observation.shape))
    if size < 1:
        raise RecordingError(f"observation_{index}: expected numbers, got the shape {list(observation.shape)}")
    return ContinuousObservation(size)


def _pixels(observation: Any, index: int) -> ByteArray:
    """uint8[height, width, channels]."""
    shape = tuple(observation.shape)
    if len(shape) != 3:
        raise RecordingError(f"observation_{index}: expected an image of three axes, got the shape {list(shape)}")
    if observation.compression_type == PNG:
        return _decompressed(observation, shape, index)
    numbers = np.array(observation.float_data.data, np.float32)
    if numbers.size != np.prod(shape) or numbers.min(initial=0.0) < 0.0 or numbers.max(initial=1.0) > 1.0:
        raise RecordingError(
            f"observation_{index}: expected {np.prod(shape)} numbers of an image, from 0 to 1, got {numbers.size} from "
            f"{numbers.min(initial=0.0)} to {numbers.max(initial=0.0)}; a grid of other numbers can't be recorded"
        )
    bytes_ = np.rint(numbers.reshape(shape) * 255.0).astype(np.uint8)
    properties = list(observation.dimension_properties)
    has_channels_first = len(properties) == 3 and properties[2] == TRANSLATES
    return np.moveaxis(bytes_, 0, -1) if has_channels_first else bytes_


def _decompressed(observation: Any, shape: tuple[int, ...], index: int) -> ByteArray:
    if find_spec("PIL") is None:
        raise RecordingError(f"observation_{index}: it is a PNG image, which needs: pip install pillow")
    from PIL import Image, UnidentifiedImageError

    try:
        pixels = np.asarray(Image.open(io.BytesIO(observation.compressed_data)).convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise RecordingError(f"observation_{index}: expected a PNG image, got {error}") from None
    size = pixels.shape[:2]
    channels = shape[2] if shape[:2] == size else shape[0] if shape[1:] == size else None
    mapping = list(observation.compressed_channel_mapping)
    if channels == 1:
        grey: ByteArray = np.rint(pixels.mean(axis=2, keepdims=True)).astype(np.uint8)
        return grey
    if channels == 3 and mapping in ([], [0, 1, 2]):
        return pixels
    raise RecordingError(
        f"observation_{index}: expected a PNG image of 1 or 3 channels in {list(shape)}, got one of {size} whose "
        f"channels are mapped as {mapping}; stacked ones can't be read: record with a stack of 1, or uncompressed"
    )
