"""How arrays get from one process to the other: the seam, and the way that is always there, inline frames."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.errors import RemoteProtocolError

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
"""Below this, copying costs less than tracking a buffer across zmq's thread (pyzmq's own threshold)."""


class ManifestEntry(NamedTuple):
    """One array of a message, as its header names it.

    Attributes:
        name: the message's field.
        dtype: a key of `DTYPES`.
        shape: sizes, all at least 0.
        byte_count: bytes of its raw form; not on the wire.
        place: None for the next inline frame; what a carrier of another kind needs to find the bytes.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    byte_count: int
    place: Mapping[str, object] | None = None


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
            manifest: entries whose dtypes and sizes were checked.
            frames: all frames that came after the header.

        Returns:
            name -> array, read-only.

        Raises:
            RemoteProtocolError: frames and manifest don't fit together.
        """


class InlineCarrier(BulkCarrier):
    """One raw little-endian frame per array, in the order of the manifest."""

    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        manifest = [ManifestEntry(name, DTYPE_NAMES[array.dtype], array.shape, array.nbytes) for name, array in arrays]
        return manifest, [_array_frame(array) for _, array in arrays]

    def get(self, manifest: Sequence[ManifestEntry], frames: Sequence[Frame]) -> dict[str, AnyArray]:
        if len(frames) != len(manifest):
            raise RemoteProtocolError(
                f"array frames: expected {len(manifest)}, one for each array of the header, got {len(frames)}"
            )
        return {entry.name: _frame_array(entry, frame) for entry, frame in zip(manifest, frames, strict=True)}


INLINE = InlineCarrier()


def _array_frame(array: AnyArray) -> Frame:
    if sys.byteorder == "big":
        array = array.astype(array.dtype.newbyteorder("<"))
    if array.nbytes < SMALL_ARRAY_BYTES:
        return array.tobytes()
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _frame_array(entry: ManifestEntry, frame: Frame) -> AnyArray:
    """A view of the frame's bytes; a copy only where the machine could not read them in place."""
    if entry.place is not None:
        raise RemoteProtocolError(f"array {entry.name}: expected an inline frame, got a place elsewhere")
    received = frame.nbytes if isinstance(frame, memoryview) else len(frame)
    if received != entry.byte_count:
        raise RemoteProtocolError(
            f"array {entry.name}: expected a frame of {entry.byte_count} bytes for {entry.dtype}{list(entry.shape)}, "
            f"got {received}"
        )
    dtype = DTYPES[entry.dtype]
    if received == 0:
        array: AnyArray = np.empty(entry.shape, dtype)
    else:
        array = np.frombuffer(frame, dtype).reshape(entry.shape)
    if not array.flags.aligned or not array.dtype.isnative:
        array = array.astype(dtype.newbyteorder("="))
    array.flags.writeable = False
    return array
