"""How arrays get from one process to the other: the seam, and the way that is always there, inline frames."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.errors import RemoteProtocolError
from protocol.field_rule import describe

Frame: TypeAlias = bytes | memoryview
AnyArray: TypeAlias = npt.NDArray[np.generic]

DTYPES: Mapping[str, np.dtype[np.generic]] = {
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
    "int32": np.dtype("<i4"),
    "int64": np.dtype("<i8"),
    "uint8": np.dtype("u1"),
}
"""The dtypes that travel, always little-endian."""

DTYPE_NAMES: Mapping[np.dtype[np.generic], str] = {dtype.newbyteorder("="): name for name, dtype in DTYPES.items()}
"""The names of the dtypes as this machine holds them; numpy's own `dtype.name` takes microseconds."""

SMALL_ARRAY_BYTES = 64 * 1024
"""Below this, copying costs less than a frame of its own and what zmq does to keep the memory in place."""

PACKED_ARRAY_BYTES = 16 * 1024
"""Below this, copying costs less than a frame of its own."""

PACKED_ALIGNMENT = 8
"""Bytes that the place of an array in the packed frame is a multiple of: the largest element."""

Place: TypeAlias = int | Mapping[str, object] | None
"""Where an array's bytes are: at an offset into the packed frame, for None in the next frame, or as a carrier says."""

ManifestEntry: TypeAlias = tuple[str, str, Sequence[int], Place]
"""One array as a message's header names it: the field, a key of `DTYPES`, sizes of at least 0, the place.

Plain tuples, since a batch has two dozen of them on every hand-off.
"""


class BulkCarrier(ABC):
    """Takes arrays on one side and gives them on the other; nothing else knows how the bytes travel."""

    @abstractmethod
    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        """Hand arrays over.

        Args:
            arrays: (name, array), of dtypes in `DTYPES`. They must not change until the peer has credited them.

        Returns:
            The manifest for the header, and the frames that follow it.
        """

    @abstractmethod
    def get(self, manifest: Sequence[ManifestEntry], frames: Sequence[Frame]) -> dict[str, AnyArray]:
        """Take arrays over, without copying large ones.

        Args:
            manifest: entries whose dtypes and sizes were checked; the places were not.
            frames: all frames that came after the header.

        Returns:
            name -> array, read-only.

        Raises:
            RemoteProtocolError: frames and manifest don't fit together.
        """


class InlineCarrier(BulkCarrier):
    """Raw little-endian bytes in frames: the small arrays packed into the first, one for each large array.

    Within the packed frame the arrays lie in the order of the manifest, each at the next multiple of
    PACKED_ALIGNMENT, with zeros between; the frame ends with the last. Both ways of lying are taken for any size.
    """

    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        manifest: list[ManifestEntry] = []
        packed: list[bytes | memoryview] = []
        frames: list[Frame] = []
        end = 0
        for name, array in arrays:
            if not _IS_LITTLE_ENDIAN:
                array = array.astype(array.dtype.newbyteorder("<"))
            size = array.nbytes
            if size >= PACKED_ARRAY_BYTES:
                manifest.append((name, DTYPE_NAMES[array.dtype], array.shape, None))
                frames.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
                continue
            gap = -end % PACKED_ALIGNMENT
            if gap:
                packed.append(bytes(gap))
            packed.append(array.data if array.flags.c_contiguous else array.tobytes())
            manifest.append((name, DTYPE_NAMES[array.dtype], array.shape, end + gap))
            end += gap + size
        return manifest, [b"".join(packed), *frames] if packed else frames

    def get(self, manifest: Sequence[ManifestEntry], frames: Sequence[Frame]) -> dict[str, AnyArray]:
        own_count = sum(entry[3] is None for entry in manifest)
        frame_count = own_count + (own_count < len(manifest))
        if len(frames) != frame_count:
            raise RemoteProtocolError(f"array frames: expected {frame_count} as the header says, got {len(frames)}")
        own_frames = iter(frames[frame_count - own_count :])
        packed = frames[0] if frame_count > own_count else b""
        packed_bytes = _byte_count(packed)
        end = 0
        arrays: dict[str, AnyArray] = {}
        for entry in manifest:
            name, _, _, place = entry
            if place is None:
                frame = next(own_frames)
                array = arrays[name] = _array_at(entry, frame, 0)
                if array.nbytes != _byte_count(frame):
                    raise _size_refusal(entry, frame)
                continue
            start = end + -end % PACKED_ALIGNMENT
            if type(place) is not int or place != start:
                raise RemoteProtocolError(
                    f"array {name}: expected as place nothing, or {start} in the packed frame, got {describe(place)}"
                )
            array = arrays[name] = _array_at(entry, packed, start)
            end = start + array.nbytes
        if end != packed_bytes:
            raise RemoteProtocolError(f"packed frame: expected {end} bytes for its arrays, got {packed_bytes}")
        return arrays


INLINE = InlineCarrier()

_IS_LITTLE_ENDIAN = sys.byteorder == "little"


def _byte_count(frame: Frame) -> int:
    return frame.nbytes if isinstance(frame, memoryview) else len(frame)


def _array_at(entry: ManifestEntry, frame: Frame, offset: int) -> AnyArray:
    """A read-only view of a frame's bytes; a copy only where the machine could not read them in place."""
    _, dtype, shape, _ = entry
    buffer = frame.toreadonly() if isinstance(frame, memoryview) else frame
    try:
        array: AnyArray = np.ndarray(shape, DTYPES[dtype], buffer, offset)
    except (TypeError, ValueError) as error:
        raise _size_refusal(entry, frame) from error
    if not array.flags.aligned or not _IS_LITTLE_ENDIAN:
        array = array.astype(array.dtype.newbyteorder("="))
        array.flags.writeable = False
    return array


def _size_refusal(entry: ManifestEntry, frame: Frame) -> RemoteProtocolError:
    name, dtype, shape, place = entry
    wanted = math.prod(shape) * DTYPES[dtype].itemsize
    where = "a frame of" if place is None else f"a packed frame with, at {place},"
    return RemoteProtocolError(
        f"array {name}: expected {where} {wanted} bytes for {dtype}{list(shape)}, got {_byte_count(frame)}"
    )
