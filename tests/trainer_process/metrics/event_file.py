"""Reads TensorBoard's event files, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def events_in(folder: Path) -> list[Any]:
    """The events of a folder's files, oldest file first."""
    from tensorboardX.proto.event_pb2 import Event

    events = []
    for path in sorted(folder.glob("events.out.tfevents.*"), key=lambda path: path.stat().st_mtime_ns):
        data = path.read_bytes()
        while data:  # a record: length, checksum, event, checksum
            length = int.from_bytes(data[:8], "little")
            events.append(Event.FromString(data[12 : 12 + length]))
            data = data[16 + length :]
    return events
