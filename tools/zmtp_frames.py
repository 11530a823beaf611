"""The frames of a message as ZMTP 3.1 puts them on a stream: flags, size, body."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from protocol.bulk_carrier import Frame

MORE = 0x01
LONG = 0x02
COMMAND = 0x04
LONGEST_SHORT_FRAME = 255


def join_frames(frames: Sequence[Frame]) -> bytes:
    """The bytes of one message on the stream; every frame but the last says that more follow."""
    last = len(frames) - 1
    return b"".join(_header(len(frame), index < last) + bytes(frame) for index, frame in enumerate(frames))


def _header(size: int, has_more: bool) -> bytes:
    flags = MORE if has_more else 0
    if size <= LONGEST_SHORT_FRAME:
        return struct.pack(">BB", flags, size)
    return struct.pack(">BQ", flags | LONG, size)


def split_messages(stream: bytes) -> Iterator[list[bytes]]:
    """The frames of each message of a stream, commands left out.

    Raises:
        ValueError: the stream ends within a message, or holds something else than frames.
    """
    frames: list[bytes] = []
    position = 0
    while position < len(stream):
        flags = stream[position]
        layout = ">BQ" if flags & LONG else ">BB"
        body = position + struct.calcsize(layout)
        if flags & ~(MORE | LONG | COMMAND) or body > len(stream):
            raise ValueError(f"expected a whole frame at byte {position}, got {stream[position : position + 9]!r}")
        size = struct.unpack_from(layout, stream, position)[1]
        if body + size > len(stream):
            raise ValueError(f"expected {size} bytes at byte {body}, got {len(stream) - body}")
        position = body + size
        if flags & COMMAND:
            continue
        frames.append(stream[body:position])
        if not flags & MORE:
            yield frames
            frames = []
    if frames:
        raise ValueError(f"expected another frame at the end of the stream, got none after {len(frames)}")
