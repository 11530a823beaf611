"""The bytes of a recording's file.

    prelude   8   magic "LBREC" 0D 0A 1A
              4   u32  format version, 1
              4   u32  header length H in bytes, at most MAX_HEADER_BYTES
              4   u32  CRC-32 of the header
              4   u32  CRC-32 of the 20 bytes above
    header    H   one JSON object in UTF-8, keys sorted
              then zeros to a multiple of 64

and then one block after the other, each an episode:

    head      8   magic "EPISODE" 0A
              8   u64  steps T, 1 to MAX_BATCH_STEPS
              8   u64  payload length in bytes: what T and the header's sizes give
              8   i64  agent id
              8   i64  serial of the episode
              4   u32  completion, 1 or 2
              4   u32  CRC-32 of the payload
              12  zeros
              4   u32  CRC-32 of the 60 bytes above
    payload   observations f32[T, O], images u8[T, I], actions f32[T, A], action modifiers f32[T, M], rewards f32[T],
              final observation f32[O], final image u8[I]; each begins at a multiple of 64 and is padded with zeros

All numbers are little-endian. A file grows by whole blocks at its end and is never changed otherwise, so that it can be
read while it is written, a writer that is killed loses the block that it was writing and no other, and after a damaged
block the next one is found by its magic at a multiple of 64 bytes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.errors import DamagedRecordingError, RecordingError
from protocol.limits import MAX_BATCH_STEPS, MAX_HEADER_BYTES
from protocol.recording.episode import Episode, EpisodeSizes

MAGIC = b"LBREC\r\n\x1a"
FORMAT_VERSION = 1
BLOCK_MAGIC = b"EPISODE\n"
ALIGNMENT = 64

_PRELUDE = struct.Struct("<8sIII")
_HEAD = struct.Struct("<8sQQqqII12x")
_CRC = struct.Struct("<I")
PRELUDE_BYTES = _PRELUDE.size + _CRC.size
HEAD_BYTES = _HEAD.size + _CRC.size


def aligned(size: int) -> int:
    """The next multiple of 64."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def encode_prelude(header: bytes) -> bytes:
    """Prelude, header and padding."""
    fixed = _PRELUDE.pack(MAGIC, FORMAT_VERSION, len(header), zlib.crc32(header))
    content = fixed + _CRC.pack(zlib.crc32(fixed)) + header
    return content.ljust(aligned(len(content)), b"\0")


class Prelude(NamedTuple):
    """What the prelude says of the header: its length in bytes and its CRC-32."""

    header_bytes: int
    header_crc: int


def decode_prelude(content: bytes) -> Prelude:
    """Reads the first PRELUDE_BYTES of a file.

    Raises:
        RecordingError: it is no recording, or of another format version.
        DamagedRecordingError: it is one whose first bytes were changed or cut.
    """
    if not content.startswith(MAGIC):
        if len(content) < len(MAGIC) and MAGIC.startswith(content):
            raise DamagedRecordingError(f"it ends after {len(content)} bytes, before its header: nothing is in it")
        raise RecordingError(f"expected a recording, which begins with {MAGIC!r}, got {content[:8]!r}")
    if len(content) < PRELUDE_BYTES:
        raise DamagedRecordingError(f"it ends after {len(content)} bytes, before its header: nothing is in it")
    _, version, header_bytes, header_crc = _PRELUDE.unpack_from(content)
    (crc,) = _CRC.unpack_from(content, _PRELUDE.size)
    if crc != zlib.crc32(content[: _PRELUDE.size]):
        raise DamagedRecordingError("its first 24 bytes are not those that were written")
    if version != FORMAT_VERSION:
        remedy = "install the release that wrote it" if version > FORMAT_VERSION else "convert it with an older release"
        raise RecordingError(f"expected format version {FORMAT_VERSION}, got {version}; {remedy}")
    if header_bytes > MAX_HEADER_BYTES:
        raise RecordingError(f"its header of {header_bytes} bytes is over the limit of {MAX_HEADER_BYTES}")
    return Prelude(header_bytes, header_crc)


@dataclass(frozen=True)
class BlockHead:
    """The head of an episode's block.

    Attributes:
        step_count: T.
        agent_id: of the agent in its game.
        serial: of the episode in its game.
        completion: TRUNCATION or TERMINATION.
        payload_crc: CRC-32 of the payload.
    """

    step_count: int
    agent_id: int
    serial: int
    completion: Completion
    payload_crc: int

    def encode(self, sizes: EpisodeSizes) -> bytes:
        """HEAD_BYTES."""
        fixed = _HEAD.pack(
            BLOCK_MAGIC,
            self.step_count,
            payload_bytes(self.step_count, sizes),
            self.agent_id,
            self.serial,
            int(self.completion),
            self.payload_crc,
        )
        return fixed + _CRC.pack(zlib.crc32(fixed))


def decode_head(content: bytes, sizes: EpisodeSizes) -> BlockHead:
    """Reads HEAD_BYTES.

    Raises:
        DamagedRecordingError: they aren't those that were written.
    """
    magic, step_count, size, agent_id, serial, completion, payload_crc = _HEAD.unpack_from(content)
    (crc,) = _CRC.unpack_from(content, _HEAD.size)
    if magic != BLOCK_MAGIC or crc != zlib.crc32(content[: _HEAD.size]):
        raise DamagedRecordingError("the head of the episode's block is not what was written")
    is_right = 1 <= step_count <= MAX_BATCH_STEPS and completion in (Completion.TRUNCATION, Completion.TERMINATION)
    if not is_right or size != payload_bytes(step_count, sizes):
        raise DamagedRecordingError(
            f"the episode's block claims {step_count} steps in {size} bytes with completion {completion}"
        )
    return BlockHead(step_count, agent_id, serial, Completion(completion), payload_crc)


class _Part(NamedTuple):
    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    byte_count: int


def _parts(step_count: int, sizes: EpisodeSizes) -> tuple[list[_Part], int]:
    """The arrays of a payload, and its length."""
    shapes: tuple[tuple[str, str, tuple[int, ...]], ...] = (
        ("observations", "<f4", (step_count, sizes.observation)),
        ("images", "u1", (step_count, sizes.image)),
        ("actions", "<f4", (step_count, sizes.action)),
        ("action_modifiers", "<f4", (step_count, sizes.modifier)),
        ("rewards", "<f4", (step_count,)),
        ("final_observation", "<f4", (sizes.observation,)),
        ("final_image", "u1", (sizes.image,)),
    )
    parts: list[_Part] = []
    offset = 0
    for name, dtype, shape in shapes:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        parts.append(_Part(name, dtype, shape, offset, size))
        offset += aligned(size)
    return parts, offset


def payload_bytes(step_count: int, sizes: EpisodeSizes) -> int:
    """What an episode's payload takes; a multiple of 64."""
    return _parts(step_count, sizes)[1]


def encode_block(episode: Episode) -> bytes:
    """Head and payload of an episode."""
    sizes = episode.sizes
    parts, size = _parts(episode.step_count, sizes)
    block = bytearray(HEAD_BYTES + size)
    for part in parts:
        array = np.ascontiguousarray(getattr(episode, part.name), dtype=part.dtype)
        start = HEAD_BYTES + part.offset
        block[start : start + part.byte_count] = array.tobytes()
    head = BlockHead(
        step_count=episode.step_count,
        agent_id=episode.agent_id,
        serial=episode.serial,
        completion=episode.completion,
        payload_crc=zlib.crc32(memoryview(block)[HEAD_BYTES:]),
    )
    block[:HEAD_BYTES] = head.encode(sizes)
    return bytes(block)


def decode_payload(
    head: BlockHead, payload: npt.NDArray[np.uint8], sizes: EpisodeSizes, *, is_known_right: bool = False
) -> Episode:
    """The episode in a payload uint8[…], whose arrays are views of it.

    Args:
        head: of the same block.
        payload: behind it.
        sizes: of the recording's episodes.
        is_known_right: whether its bytes were looked at before.

    Raises:
        DamagedRecordingError: the bytes aren't those that were written.
        RecordingError: they are, and a number in them isn't finite.
    """
    if not is_known_right and zlib.crc32(payload.data) != head.payload_crc:
        raise DamagedRecordingError("the episode's bytes are not those that were written")
    arrays: dict[str, Any] = {}
    for part in _parts(head.step_count, sizes)[0]:
        flat = payload[part.offset : part.offset + part.byte_count].view(part.dtype)
        arrays[part.name] = flat.reshape(part.shape)
    episode = Episode(**arrays, completion=head.completion, agent_id=head.agent_id, serial=head.serial)
    if not is_known_right:
        episode.check_finite()
    return episode
