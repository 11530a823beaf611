"""`.demo` files made byte by byte, from the numbers of their fields alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence

META_BYTES = 33


def varint(value: int) -> bytes:
    """An unsigned integer, seven bits a byte."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def integer(number: int, value: int) -> bytes:
    """A field of an integer or a flag; zero goes without saying."""
    return varint(number << 3) + varint(value) if value else b""


def real(number: int, value: float) -> bytes:
    """A field of a float."""
    return varint(number << 3 | 5) + struct.pack("<f", value)


def block(number: int, content: bytes) -> bytes:
    """A field of bytes, a text or a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def reals(number: int, values: Sequence[float]) -> bytes:
    """A field of several floats, packed."""
    return block(number, struct.pack(f"<{len(values)}f", *values)) if values else b""


def integers(number: int, values: Sequence[int]) -> bytes:
    """A field of several integers or flags, packed."""
    return block(number, b"".join(varint(value) for value in values)) if values else b""


def delimited(content: bytes) -> bytes:
    """A message with its length in front."""
    return varint(len(content)) + content


def meta(name: str = "jump", *, version: int = 1) -> bytes:
    """The first 33 bytes of a file."""
    content = integer(1, version) + block(2, name.encode()) + integer(3, 9) + integer(4, 2) + real(5, 0.5)
    return delimited(content).ljust(META_BYTES, b"\0")


def brain(continuous: int = 0, branches: Sequence[int] = (), name: str = "Runner") -> bytes:
    """BrainParameters, with a field that nobody reads."""
    spec = integer(1, continuous) + integer(2, len(branches)) + integers(3, branches) + block(4, b"turn")
    return delimited(block(7, name.encode()) + integer(8, 1) + block(9, spec))


def old_brain(sizes: Sequence[int], *, is_continuous: bool) -> bytes:
    """BrainParameters of files from before there were both kinds of actions at once."""
    return delimited(integers(3, sizes) + integer(6, int(is_continuous)) + block(7, b"Runner"))


def numbers(values: Sequence[float], shape: Sequence[int] | None = None, properties: Sequence[int] = ()) -> bytes:
    """An observation of floats."""
    return integers(1, shape or [len(values)]) + block(4, reals(1, values)) + integers(6, properties)


def picture(png: bytes, shape: Sequence[int], mapping: Sequence[int] = ()) -> bytes:
    """An observation of a compressed image."""
    return integers(1, shape) + integer(2, 1) + block(3, png) + integers(5, mapping)


def record(
    observations: Sequence[bytes],
    *,
    continuous: Sequence[float] = (),
    discrete: Sequence[int] = (),
    old: Sequence[float] = (),
    reward: float = 0.0,
    done: bool = False,
    max_step: bool = False,
    agent: int = 7,
    mask: Sequence[int] = (),
) -> bytes:
    """An AgentInfoActionPair."""
    info = real(7, reward) + integer(8, done) + integer(9, max_step) + integer(10, agent) + integers(11, mask)
    info += b"".join(block(13, each) for each in observations) + integer(14, 3)
    action = reals(1, old) + reals(6, continuous) + integers(7, discrete)
    return delimited(block(1, info) + block(2, action))
