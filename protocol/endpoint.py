"""Where a trainer listens: the texts of endpoints, and the environment variables that carry them."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import EndpointError
from protocol.limits import MAX_UNIX_PATH_BYTES
from protocol.shared_memory.segment import shared_memory_folder

ENDPOINT_VARIABLE = "LEARNING_BRIDGE_ENDPOINT"
"""Environment variable: the endpoint for a host that a trainer launched."""

TOKEN_VARIABLE = "LEARNING_BRIDGE_TOKEN"
"""Environment variable: the token that Hello must carry, in both ways of launching. Never on a command line."""

HOST_INDEX_VARIABLE = "LEARNING_BRIDGE_HOST_INDEX"
"""Environment variable: which of the hosts that a trainer launched this is, from 0."""

RUN_SETTINGS_VARIABLE = "LEARNING_BRIDGE_RUN_SETTINGS"
"""Environment variable: what the run's configuration says to a host that a trainer launched; see SPEC.md."""

SHARED_MEMORY = "shm"
"""In place of an endpoint: the one of `local_endpoint`, with arrays in shared memory."""

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5555"
"""Where `learning-bridge serve` listens."""

HAS_IPC = sys.platform != "win32"
"""Whether ipc:// can be used: the Windows builds of pyzmq come without it."""

_TCP = re.compile(r"tcp://(\[[0-9A-Fa-f:.%]+\]|\*|[A-Za-z0-9._-]+):([0-9]{1,5})", re.ASCII)


@dataclass(frozen=True)
class Endpoint:
    """An endpoint taken apart.

    Attributes:
        scheme: "tcp" or "ipc".
        host: name or address, without brackets; "" for ipc.
        port: 0 asks for any free port; 0 for ipc.
        path: the socket file; "" for tcp.
    """

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        if self.scheme == "ipc":
            return f"ipc://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.scheme == "ipc" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.split("%", 1)[0]).is_loopback
        except ValueError:
            return False


def parse_endpoint(text: str) -> Endpoint:
    """Take "tcp://host:port" or "ipc:///path" apart; "shm" is the endpoint of `local_endpoint`.

    Raises:
        EndpointError: it is neither, or can't be used on this machine.
    """
    if text == SHARED_MEMORY:
        text = local_endpoint()
    if text.startswith("ipc://"):
        return _parse_ipc(text)
    match = _TCP.fullmatch(text)
    if match is None or int(match[2]) > 65_535:
        raise EndpointError(f"endpoint: expected tcp://host:port, ipc:///path or {SHARED_MEMORY}, got {text!r:.200}")
    return Endpoint("tcp", match[1].strip("[]"), int(match[2]), "")


def _parse_ipc(text: str) -> Endpoint:
    path = text[len("ipc://") :]
    if not HAS_IPC:
        raise EndpointError(f"endpoint: expected tcp://host:port on this platform, got {text!r:.200}")
    if not path.startswith("/") or "\0" in path:
        raise EndpointError(f"endpoint: expected ipc:// and an absolute path, got {text!r:.200}")
    size = len(os.fsencode(path))
    if size > MAX_UNIX_PATH_BYTES:
        raise EndpointError(
            f"endpoint: expected a socket path of at most {MAX_UNIX_PATH_BYTES} bytes, got {size} in {text!r:.200}; "
            "choose a shorter folder, or tcp://127.0.0.1:0"
        )
    return Endpoint("ipc", "", 0, path)


def is_loopback(endpoint: str) -> bool:
    """Whether only this machine reaches the endpoint: ipc, localhost, 127.0.0.0/8, ::1.

    Raises:
        EndpointError: the endpoint can't be read.
    """
    return parse_endpoint(endpoint).is_loopback


def local_endpoint() -> str:
    """Where a trainer and hosts of this user meet without being told: what the endpoint "shm" stands for.

    Raises:
        EndpointError: another user has taken the folder.
    """
    if not HAS_IPC:
        return DEFAULT_ENDPOINT
    folder = shared_memory_folder() / f"learning-bridge-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise EndpointError(f"endpoint {SHARED_MEMORY}: expected to make the folder {folder}, got {error}") from error
    if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode) or stat.S_IMODE(status.st_mode) & 0o077:
        raise EndpointError(
            f"endpoint {SHARED_MEMORY}: expected {folder} to be a folder of this user with mode 0700, got owner "
            f"{status.st_uid} and mode {stat.S_IMODE(status.st_mode):04o}; remove it"
        )
    return f"ipc://{folder / 'trainer'}"


def private_endpoint(folder: Path) -> str:
    """The endpoint to bind for a folder that only this user enters: a socket in it, else any loopback port."""
    path = folder / "s"
    if HAS_IPC and len(os.fsencode(path)) <= MAX_UNIX_PATH_BYTES and path.is_absolute():
        return f"ipc://{path}"
    return "tcp://127.0.0.1:0"
