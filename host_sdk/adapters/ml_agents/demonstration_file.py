"""The bytes of a `.demo` file: length-delimited messages, the first of which has room of a fixed size.

0    varint length, Meta; then whatever, up to byte 33
33   varint length, BrainParameters
then varint length, AgentInfoActionPair; once for every decision
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.protobuf.message import DecodeError

from host_sdk.adapters.ml_agents.messages import AgentInfoActionPair, BrainParameters, Meta
from protocol.errors import RecordingError

META_BYTES = 33
KNOWN_API_VERSIONS = (0, 1)
MAX_VARINT_BYTES = 5


class DemonstrationFile:
    """A `.demo` file that is open for reading; the records are read as they are asked for.

    Attributes:
        path: of the file.
        meta: its name, and how many steps and episodes it says that it has.
        brain: what the agent could do.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            RecordingError: it can't be read, is something else, or of an unknown version.
        """
        self.path = path
        try:
            with path.open("rb") as stream:
                self._bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise RecordingError(f"{path}: expected a .demo file, got {error}") from error
        try:
            self.meta, _ = self._message(Meta, 0, "its metadata")
            if self.meta.api_version not in KNOWN_API_VERSIONS:
                known = " or ".join(map(str, KNOWN_API_VERSIONS))
                raise RecordingError(f"{path}: expected api version {known}, got {self.meta.api_version}")
            self.brain, self._first = self._message(BrainParameters, META_BYTES, "its brain parameters")
        except RecordingError:
            self._bytes.close()
            raise

    def records(self) -> Iterator[Any]:
        """Every AgentInfoActionPair.

        Raises:
            RecordingError: one is cut or damaged; names it.
        """
        place, number = self._first, 0
        while place < len(self._bytes):
            record, place = self._message(AgentInfoActionPair, place, f"record {number}")
            yield record
            number += 1

    def close(self) -> None:
        """Closes the file."""
        self._bytes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _message(self, kind: Any, place: int, what: str) -> tuple[Any, int]:
        """The message that begins there, and where it ends."""
        size, start = self._varint(place, what)
        if size > len(self._bytes) - start:
            raise RecordingError(
                f"{self.path}: {what}, at byte {place}: expected {size} bytes, got {len(self._bytes) - start}: it was "
                "cut, or is no .demo file"
            )
        try:
            return kind.FromString(self._bytes[start : start + size]), start + size
        except DecodeError as error:
            raise RecordingError(
                f"{self.path}: {what}, at byte {place}: it is damaged, or no .demo file: {error}"
            ) from None

    def _varint(self, place: int, what: str) -> tuple[int, int]:
        value = 0
        for count, byte in enumerate(self._bytes[place : place + MAX_VARINT_BYTES]):
            value |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                return value, place + count + 1
        raise RecordingError(f"{self.path}: {what}, at byte {place}: expected a length, got the file's end or none")
