"""Writing recordings: episode after episode as they end, or whole at once."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from protocol.errors import RecordingError
from protocol.recording.episode import Episode
from protocol.recording.header import RecordingHeader, encode_header
from protocol.recording.layout import encode_block, encode_prelude
from protocol.recording.reader import RecordingReader


class RecordingWriter:
    """A file that takes episodes as they end; each is in it, for every reader, once `append` returns.

    Use it in a `with` block, or `close` it. Killed at any moment, it loses the episode that it was writing.
    """

    def __init__(self, path: str | os.PathLike[str], header: RecordingHeader, *, is_appending: bool = False) -> None:
        """Opens the file.

        Args:
            path: where it is made; the folder must exist.
            header: of all episodes.
            is_appending: whether a recording that is there already goes on, after its last whole episode; else there
                must be no such file.

        Raises:
            RecordingError: it can't be written, is there already, or has other schemas than the header.
        """
        self.path = Path(path)
        self.header = header
        try:
            self._file = self._opened_again() if is_appending and self.path.exists() else self._made()
        except OSError as error:
            raise RecordingError(f"the recording {self.path} can't be written: {error}") from error

    def append(self, episode: Episode) -> None:
        """Writes an episode at the end.

        Raises:
            RecordingError: it has other sizes than the header's or numbers that aren't finite, or the disk is full;
                what was written before stays.
        """
        self.header.check_episode(episode, str(self.path))
        episode.check_finite()
        end = self._file.tell()
        try:
            self._write(encode_block(episode))
        except OSError as error:
            self._take_back(end)
            raise RecordingError(
                f"the recording {self.path}: an episode of {episode.step_count} steps can't be written: {error}; the "
                "episodes before it are safe"
            ) from error

    def close(self) -> None:
        """Makes sure that all is on the disk, and closes the file, whether or not it is. A second call does nothing."""
        if not self._file.closed:
            try:
                os.fsync(self._file.fileno())
            finally:
                self._file.close()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _made(self) -> BinaryIO:
        """A new file, which nobody ever sees without its header."""
        content = encode_prelude(encode_header(self.header))
        descriptor, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            os.chmod(temporary, 0o644)
            _give_name(temporary, self.path)
        except FileExistsError:
            raise RecordingError(
                f"the recording {self.path}: expected no such file, got one; append to it, or choose another name"
            ) from None
        finally:
            Path(temporary).unlink(missing_ok=True)
        file: BinaryIO = open(self.path, "r+b", buffering=0)  # noqa: SIM115 (closed by `close`)
        file.seek(len(content))
        return file

    def _opened_again(self) -> BinaryIO:
        with RecordingReader(self.path) as reader:
            reader.header.check_schemas(self.header.observation, self.header.action, str(self.path))
            if reader.header.has_modifiers != self.header.has_modifiers:
                raise RecordingError(
                    f"the recording {self.path}: expected has_modifiers {self.header.has_modifiers}, got "
                    f"{reader.header.has_modifiers}"
                )
            end = reader.whole_bytes
            self.header = reader.header
        file: BinaryIO = open(self.path, "r+b", buffering=0)  # noqa: SIM115 (closed by `close`)
        file.truncate(end)
        file.seek(end)
        return file

    def _write(self, content: bytes) -> None:
        """Without a buffer, which would keep what a full disk didn't take."""
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]

    def _take_back(self, end: int) -> None:
        self._file.seek(end)
        with contextlib.suppress(OSError):  # else readers find a torn end
            self._file.truncate(end)


def _give_name(temporary: str, path: Path) -> None:
    """Gives a file a name that none has. Raises FileExistsError where one has it."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, where two writers at the same instant are not told apart
        if path.exists():
            raise FileExistsError(path) from None
        os.rename(temporary, path)


def save_recording(path: str | os.PathLike[str], header: RecordingHeader, episodes: Iterable[Episode]) -> int:
    """Writes a whole recording; a reader finds the old file or the whole new one, whenever the writer is killed.

    Args:
        path: replaced where it is there.
        header: of all episodes.
        episodes: taken one by one, so that they need not fit into memory together.

    Returns:
        How many episodes.

    Raises:
        RecordingError: an episode doesn't fit the header, or the file can't be written; an old one stays.
    """
    path = Path(path)
    count = 0
    temporary = path.parent / f".{path.name}.{os.getpid()}.new"
    try:
        temporary.unlink(missing_ok=True)
        with RecordingWriter(temporary, header) as writer:
            for episode in episodes:
                writer.append(episode)
                count += 1
        os.replace(temporary, path)
    except OSError as error:
        raise RecordingError(f"the recording {path} can't be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return count
