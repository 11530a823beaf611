"""The file of a Unix socket: is somebody listening there, and taking over what a dead process left."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from pathlib import Path

from protocol.errors import AddressInUseError, EndpointError


def claim_socket_file(path: str) -> None:
    """Make a path free for a bind; zmq itself would take it away from whoever listens there.

    Raises:
        AddressInUseError: a process listens on it.
        EndpointError: there is something else than a socket, or the folder can't be used.
    """
    try:
        status = Path(path).lstat()
    except FileNotFoundError:
        if not Path(path).parent.is_dir():
            raise EndpointError(f"ipc://{path}: expected an existing folder {Path(path).parent}, got none") from None
        return
    except OSError as error:
        raise EndpointError(f"ipc://{path}: expected a usable path, got {error}") from error
    if not stat.S_ISSOCK(status.st_mode):
        raise EndpointError(f"ipc://{path}: expected a socket or nothing, got another kind of file; remove it")
    if _is_listening(path):
        raise AddressInUseError(f"ipc://{path}: expected a free path, got one where another process listens")
    Path(path).unlink(missing_ok=True)


def secure_socket_file(path: str) -> int:
    """Let only this user connect (mode 0600).

    Returns:
        The file's inode, by which `release_socket_file` knows it.
    """
    Path(path).chmod(0o600)
    return Path(path).lstat().st_ino


def release_socket_file(path: str, inode: int) -> None:
    """Delete the file unless it is gone, or another process has put its own there."""
    try:
        if os.lstat(path).st_ino == inode:
            Path(path).unlink()
    except FileNotFoundError:
        return


def _is_listening(path: str) -> bool:
    if sys.platform == "win32":
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno not in {errno.ECONNREFUSED, errno.ENOENT}
    return True
