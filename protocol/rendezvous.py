"""The private folder in which a host and the trainer that it launched find each other."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from protocol.endpoint import parse_endpoint, private_endpoint
from protocol.errors import EndpointError
from protocol.limits import MAX_RENDEZVOUS_BYTES
from protocol.version import PROTOCOL_VERSION

FILE_NAME = "endpoint.json"
_FOLDER = re.compile(r"learning-bridge-([0-9]{1,10})-[A-Za-z0-9_]{6,32}", re.ASCII)


@dataclass(frozen=True)
class RendezvousInfo:
    """What a trainer publishes once it listens.

    Attributes:
        endpoint: as `parse_endpoint` takes it, with a real port.
        process_id: the trainer's.
        protocol_version: the trainer's.
    """

    endpoint: str
    process_id: int
    protocol_version: str


class Rendezvous:
    """A folder `learning-bridge-<pid>-<nonce>` of mode 0700, made by the host and filled by the trainer.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        """Use a folder that exists.

        Raises:
            EndpointError: it doesn't, or others than its owner, this user, may enter it.
        """
        self.path = path
        _require_private(path)

    @classmethod
    def create(cls, folder: Path | None = None) -> Rendezvous:
        """Make one, inside the temporary folder unless another is named."""
        parent = str(folder) if folder is not None else None
        try:
            return cls(Path(tempfile.mkdtemp(prefix=f"learning-bridge-{os.getpid()}-", dir=parent)))
        except OSError as error:
            raise EndpointError(f"rendezvous: expected to make a folder, got {error}; set TMPDIR to one") from error

    @property
    def bind_endpoint(self) -> str:
        """Where the trainer should listen; a port of 0 in it must be resolved before `publish`."""
        return private_endpoint(self.path)

    def publish(self, endpoint: str) -> None:
        """Write the file, at once and whole: who reads it sees all of it or nothing."""
        parse_endpoint(endpoint)
        content = {"endpoint": endpoint, "pid": os.getpid(), "protocol_version": PROTOCOL_VERSION}
        unfinished = self.path / f"{FILE_NAME}.{os.getpid()}"
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)
            unfinished.replace(self.path / FILE_NAME)
        except OSError as error:
            raise EndpointError(f"rendezvous: expected to write {self.path / FILE_NAME}, got {error}") from error

    def read(self) -> RendezvousInfo | None:
        """What the trainer published; None until it has.

        Raises:
            EndpointError: there is a file, but not one that a trainer writes.
        """
        try:
            with (self.path / FILE_NAME).open("rb") as file:
                data = file.read(MAX_RENDEZVOUS_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EndpointError(f"rendezvous: expected to read {self.path / FILE_NAME}, got {error}") from error
        return _parse(data, self.path / FILE_NAME)

    def remove(self) -> None:
        """Delete the folder and what is in it; a second time does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)


def sweep_stale(folder: Path | None = None) -> list[Path]:
    """Delete rendezvous folders of this user whose host is gone.

    Args:
        folder: where to look; the temporary folder unless named.

    Returns:
        The folders that were deleted.
    """
    swept: list[Path] = []
    for path in (folder or Path(tempfile.gettempdir())).glob("learning-bridge-*"):
        match = _FOLDER.fullmatch(path.name)
        if match is None or is_process_alive(int(match[1])):
            continue
        try:
            _require_private(path)
        except EndpointError:
            continue
        shutil.rmtree(path, ignore_errors=True)
        swept.append(path)
    return swept


if sys.platform == "win32":

    def is_process_alive(process_id: int) -> bool:
        """Whether a process of that id runs; os.kill(pid, 0) would end it on Windows."""
        import ctypes

        kernel32 = ctypes.windll.kernel32
        handle = kernel32.OpenProcess(0x00100000, False, process_id)  # SYNCHRONIZE
        if not handle:
            return int(kernel32.GetLastError()) == 5  # ERROR_ACCESS_DENIED: there is one, another user's
        is_running = int(kernel32.WaitForSingleObject(handle, 0)) == 0x102  # WAIT_TIMEOUT
        kernel32.CloseHandle(handle)
        return is_running
else:

    def is_process_alive(process_id: int) -> bool:
        """Whether a process of that id runs."""
        try:
            os.kill(process_id, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            return True
        return True


def _require_private(path: Path) -> None:
    try:
        status = path.lstat()
    except OSError as error:
        raise EndpointError(f"rendezvous: expected a folder, got {error}") from error
    if not stat.S_ISDIR(status.st_mode):
        raise EndpointError(f"rendezvous: expected a folder, got another kind of file at {path}")
    if sys.platform == "win32":
        return
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise EndpointError(
            f"rendezvous: expected a folder of this user with mode 0700, "
            f"got owner {status.st_uid} and mode {stat.S_IMODE(status.st_mode):04o} at {path}"
        )


def _parse(data: bytes, path: Path) -> RendezvousInfo:
    wanted = '{"endpoint": text, "pid": integer, "protocol_version": text}'
    try:
        content = json.loads(data) if len(data) <= MAX_RENDEZVOUS_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise EndpointError(f"rendezvous: expected {wanted} in {path}, got {data[:80]!r}")
    endpoint, process_id, version = (content.get(key) for key in ("endpoint", "pid", "protocol_version"))
    if not isinstance(endpoint, str) or type(process_id) is not int or not isinstance(version, str):
        raise EndpointError(f"rendezvous: expected {wanted} in {path}, got {data[:80]!r}")
    parse_endpoint(endpoint)
    return RendezvousInfo(endpoint, process_id, version)
