"""Print captured or golden messages readably: `python -m tools.read_frames FILE…`.

A file holds messages as they stand on a ZMTP stream after the handshake.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from protocol.codec import decode
from protocol.errors import RemoteProtocolError
from tools.zmtp_frames import split_messages

_SHOWN_ELEMENTS = 6
_SHOWN_BYTES = 32


def describe_message(frames: list[bytes]) -> Iterator[str]:
    """The lines that describe one message: its header, its fields, its arrays, or what is wrong with it."""
    sizes = ", ".join(str(len(frame)) for frame in frames)
    yield f"{len(frames)} frames of {sizes} bytes"
    try:
        message, session_id, sequence = decode(frames)
    except RemoteProtocolError as error:
        yield f"  malformed: {error}"
        yield f"  first bytes: {frames[0][:_SHOWN_BYTES].hex(' ')}"
        return
    yield f"  {type(message).__name__} ({message.direction}), session {session_id}, sequence {sequence}"
    for name, value in vars(message).items():
        yield f"    {name} = {_describe_value(value)}"


def _describe_value(value: object) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    shown = ", ".join(str(number) for number in value.reshape(-1)[:_SHOWN_ELEMENTS])
    rest = ", …" if value.size > _SHOWN_ELEMENTS else ""
    return f"{value.dtype}{list(value.shape)}: {shown}{rest}"


def main() -> None:
    """Print every message of the files named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.read_frames", description="Print messages readably.")
    parser.add_argument("files", nargs="+", type=Path, help="messages as on a ZMTP stream, such as tests/golden/*.bin")
    for path in parser.parse_args().files:
        print(f"{path}:")
        for frames in split_messages(path.read_bytes()):
            print("\n".join(describe_message(frames)))


if __name__ == "__main__":
    main()
