"""A host that speaks ZMTP 3.1 by hand over a plain socket, as SPEC.md describes it for hosts without libzmq."""

from __future__ import annotations

import socket
import struct

from protocol.bulk_carrier import Frame
from protocol.endpoint import parse_endpoint
from tools.zmtp_frames import COMMAND, LONG, MORE, join_frames

GREETING = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f" + b"\x03\x01" + b"NULL".ljust(20, b"\0") + b"\x00" + bytes(31)
READY = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER" + b"\x08Identity" + bytes(4)


class RawPeer:
    """One TCP connection to a server channel."""

    def __init__(self, endpoint: str) -> None:
        address = parse_endpoint(endpoint)
        self.socket = socket.create_connection((address.host, address.port), timeout=20)

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def shake_hands(self) -> bytes:
        """Greet, say READY, and return the server's READY."""
        self.socket.sendall(GREETING)
        greeting = self._read(64)
        assert greeting[:1] == b"\xff"
        assert greeting[9:12] in {b"\x7f\x03\x00", b"\x7f\x03\x01"}
        assert greeting[12:32] == b"NULL".ljust(20, b"\0")
        self.send_command(READY)
        return self.receive_command()

    def send_command(self, body: bytes) -> None:
        self.socket.sendall(bytes([COMMAND, len(body)]) + body)

    def send(self, frames: list[Frame]) -> None:
        self.socket.sendall(join_frames(frames))

    def receive_command(self) -> bytes:
        flags, body = self._frame()
        assert flags & COMMAND
        return body

    def receive(self) -> list[bytes]:
        """The frames of the next message; a PING on the way is answered."""
        frames: list[bytes] = []
        while True:
            flags, body = self._frame()
            if flags & COMMAND:
                assert body[:5] == b"\x04PING"
                self.send_command(b"\x04PONG" + body[7:])
                continue
            frames.append(body)
            if not flags & MORE:
                return frames

    def is_closed_by_server(self) -> bool:
        """Wait until the server closes the connection; whatever it says before is dropped."""
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionResetError:
            return True
        return True

    def _frame(self) -> tuple[int, bytes]:
        (flags,) = self._read(1)
        size = struct.unpack(">Q", self._read(8))[0] if flags & LONG else self._read(1)[0]
        return flags, self._read(size)

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            assert part, "the server closed the connection"
            data += part
        return data
