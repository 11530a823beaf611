"""The version of the protocol, which versions understand each other, and what only some peers can do."""

from __future__ import annotations

import re

from protocol.errors import RemoteProtocolError

PROTOCOL_VERSION = "5.0"

SHARED_MEMORY_CAPABILITY = "shared-memory"
"""What a host that can share memory lists in its Hello."""

_PATTERN = re.compile(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})", re.ASCII)


def parse_version(text: str) -> tuple[int, int]:
    """Read "major.minor".

    Raises:
        RemoteProtocolError: the text is anything else.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise RemoteProtocolError(f'protocol version: expected "major.minor" as "{PROTOCOL_VERSION}", got {text!r:.80}')
    return int(match[1]), int(match[2])


def is_compatible(version: str) -> bool:
    """Whether a peer of that version can be talked to: the major numbers are equal.

    Fields of a message never change within a major version; a minor version only adds message types, and those are
    sent only to a peer that lists the capability for them in Hello.
    """
    try:
        return parse_version(version)[0] == parse_version(PROTOCOL_VERSION)[0]
    except RemoteProtocolError:
        return False
