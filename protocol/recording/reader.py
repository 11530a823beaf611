"""Reading a recording's file: its episodes as views of the mapped file, each checked when it is first asked for."""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, overload

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.errors import DamagedRecordingError, RecordingError
from protocol.experience import Int64Array
from protocol.limits import MEBIBYTE
from protocol.recording.episode import Episode
from protocol.recording.header import RecordingHeader, decode_header
from protocol.recording.layout import (
    ALIGNMENT,
    BLOCK_MAGIC,
    HEAD_BYTES,
    PRELUDE_BYTES,
    BlockHead,
    aligned,
    decode_head,
    decode_payload,
    decode_prelude,
    payload_bytes,
)

READ_BYTES = 64 * MEBIBYTE
"""Of a file that is read through: after so many, their pages are given back."""


class _Block(NamedTuple):
    head: BlockHead
    start: int


class DamagedStretch(NamedTuple):
    """Bytes of a file that are no episode.

    Attributes:
        start: the first of them.
        end: behind the last.
        episode: how many episodes are before it.
    """

    start: int
    end: int
    episode: int


class RecordingReader(Sequence[Episode]):
    """The episodes that were in the file when it was opened; it may grow meanwhile (`refresh`).

    The file is mapped, so that episodes take memory only while the system has some to spare. Heads of blocks are looked
    at when the file is opened, an episode's own bytes when it is first asked for.

    Attributes:
        path: of the file.
        header: what holds for all episodes.
        damaged: stretches in the middle of the file that are no episode; found by the heads alone, so that there may
            be damage inside of episodes beside it.
        torn_bytes: at the end of the file, of an episode whose writer is at it, or was killed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """
        Raises:
            RecordingError: there is no such file, it is no recording, or of another version.
            DamagedRecordingError: its header is damaged.
        """
        self.path = Path(path)
        self.damaged: list[DamagedStretch] = []
        self.torn_bytes = 0
        self._blocks: list[_Block] = []
        self._checked: set[int] = set()
        try:
            self._file = open(self.path, "rb")  # noqa: SIM115 (closed by `close`)
        except OSError as error:
            raise RecordingError(f"the recording {self.path} can't be read: {error}") from error
        try:
            self.header, self._first = self._read_header()
        except RecordingError as error:
            self._file.close()
            raise type(error)(f"the recording {self.path} can't be used: {error}") from None
        self._sizes = self.header.sizes
        self._end = self._first
        self._map: mmap.mmap | None = None
        self.refresh()

    def refresh(self) -> int:
        """Looks for episodes that were written since; how many more there are."""
        before = len(self._blocks)
        size = os.fstat(self._file.fileno()).st_size
        self._map = mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ) if size else None
        self._bytes: npt.NDArray[np.uint8] = np.frombuffer(self._map or b"", dtype=np.uint8)
        self._scan(size)
        return len(self._blocks) - before

    @property
    def episodes(self) -> Sequence[Episode]:
        """This reader, under the name that every recording has for its episodes."""
        return self

    @property
    def whole_bytes(self) -> int:
        """Where the last whole episode ends."""
        return self._end

    @property
    def step_counts(self) -> Int64Array:
        """int64[E], of all episodes, known without reading them."""
        return np.array([block.head.step_count for block in self._blocks], dtype=np.int64)

    @property
    def completions(self) -> list[Completion]:
        """Of all episodes, likewise."""
        return [block.head.completion for block in self._blocks]

    @property
    def step_count(self) -> int:
        """Steps of all episodes."""
        return int(self.step_counts.sum())

    def whole_episodes(self) -> Iterator[tuple[int, Episode | RecordingError]]:
        """Every episode with its index, or what is wrong with it; pages that were read are given back on the way."""
        read = 0
        for index in range(len(self)):
            try:
                yield index, self[index]
            except RecordingError as error:
                yield index, error
            read += payload_bytes(self._blocks[index].head.step_count, self._sizes)
            if read > READ_BYTES:
                self.release_memory()
                read = 0
        self.release_memory()

    def release_memory(self) -> None:
        """Gives back the memory that pages of the file take in this process; episodes stay, and are read again."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Closes the file; episodes that were taken from it stay."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._blocks)

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> list[Episode]: ...
    def __getitem__(self, index: int | slice) -> Episode | list[Episode]:
        """An episode, or several.

        Raises:
            DamagedRecordingError: its bytes are not those that were written; the others can be had all the same.
            RecordingError: a number in it isn't finite.
        """
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        head, start = self._blocks[index]
        payload = self._bytes[start : start + payload_bytes(head.step_count, self._sizes)]
        try:
            episode = decode_payload(head, payload, self._sizes, is_known_right=index in self._checked)
        except RecordingError as error:
            raise type(error)(
                f"the recording {self.path}, episode {index} at byte {start - HEAD_BYTES}: {error}; "
                "`learning-bridge inspect --repair` keeps the others"
            ) from None
        self._checked.add(index)
        return episode

    def __enter__(self) -> RecordingReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_header(self) -> tuple[RecordingHeader, int]:
        prelude = decode_prelude(self._file.read(PRELUDE_BYTES))
        content = self._file.read(prelude.header_bytes)
        if len(content) < prelude.header_bytes:
            size = PRELUDE_BYTES + len(content)
            raise DamagedRecordingError(f"it ends after {size} bytes, inside of its header: nothing is in it")
        if zlib.crc32(content) != prelude.header_crc:
            raise DamagedRecordingError("its header is not the one that was written")
        return decode_header(content), aligned(PRELUDE_BYTES + prelude.header_bytes)

    def _scan(self, size: int) -> None:
        """Finds the blocks behind those that are known."""
        place = self._end
        while place < size:
            end = self._block_at(place, size)
            if end is None:
                following = self._next_block(place + ALIGNMENT, size)
                if following is None:
                    break
                self.damaged.append(DamagedStretch(place, following, len(self._blocks)))
                place = following
            else:
                self._end = place = end
        self.torn_bytes = max(0, size - self._end)

    def _block_at(self, place: int, size: int) -> int | None:
        """Takes in the block that begins there, and returns its end; None where there is no whole one."""
        if place + HEAD_BYTES > size:
            return None
        try:
            head = decode_head(self._bytes[place : place + HEAD_BYTES].tobytes(), self._sizes)
        except DamagedRecordingError:
            return None
        end = place + HEAD_BYTES + payload_bytes(head.step_count, self._sizes)
        if end > size:
            return None
        self._blocks.append(_Block(head, place + HEAD_BYTES))
        return end

    def _next_block(self, place: int, size: int) -> int | None:
        """Where the next whole block begins; None where there is none."""
        assert self._map is not None
        while (found := self._map.find(BLOCK_MAGIC, place, size)) >= 0:
            if found % ALIGNMENT == 0 and self._has_whole_block(found, size):
                return found
            place = found + 1
        return None

    def _has_whole_block(self, place: int, size: int) -> bool:
        if place + HEAD_BYTES > size:
            return False
        try:
            head = decode_head(self._bytes[place : place + HEAD_BYTES].tobytes(), self._sizes)
        except DamagedRecordingError:
            return False
        return place + HEAD_BYTES + payload_bytes(head.step_count, self._sizes) <= size
