"""One file that holds a trained policy: a host plays it, or trains on from it, without having met its trainer.

    8 bytes   magic "LBPOLICY"
    u32       format version, 2
    u64       header length N in bytes, at most MAX_HEADER_BYTES
    N bytes   header: one JSON object in UTF-8, keys sorted
    then      the policy's weights, then the critic's if there is one: raw float32 in the order of `WeightsLayout`

All numbers are little-endian; nothing follows the weights. Header keys: "behavior", "observation_schema",
"action_schema", "observation_hash", "action_hash", "policy_settings", "policy", "critic_settings", "critic" and
"metadata" (strings by name). The schemas are whole, with tags and encodings; the settings name the memory cell.
"policy" and "critic" are {"network", "network_hash", "version", "size"}; "critic" and "critic_settings" are null where
there is no critic. Hashes are strings of "0x" and 16 hexadecimal digits. "network" is the spec in plain form, for
readers that do not build networks; others build them again from schemas and settings, and refuse a file whose hashes
are not theirs.
"""

from __future__ import annotations

import os
import struct
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from protocol.errors import PolicyFileError, SchemaError, WeightsError
from protocol.limits import MAX_HEADER_BYTES
from protocol.policy_file_header import PolicyFile, WeightsDescription, decode_header, encode_header
from protocol.weights import WeightsSnapshot

__all__ = ["FORMAT_VERSION", "MAGIC", "PolicyFile", "load_policy", "save_policy"]

MAGIC = b"LBPOLICY"
FORMAT_VERSION = 2
"""Version 1 knew no memory cells and fewer schema elements, whose hashes were others."""

_PREFIX = struct.Struct("<8sIQ")


def save_policy(path: str | os.PathLike[str], policy: PolicyFile) -> None:
    """Write a policy file; a reader finds the old file or the whole new one, whenever the writer is killed.

    Raises:
        PolicyFileError: the weights don't fit the schemas and settings, aren't finite, or the file can't be written.
    """
    header = encode_header(policy)
    snapshots = [snapshot for snapshot in (policy.snapshot, policy.critic_snapshot) if snapshot is not None]
    blocks = [np.ascontiguousarray(snapshot.values, dtype="<f4").data for snapshot in snapshots]
    try:
        _write_atomically(Path(path), [_PREFIX.pack(MAGIC, FORMAT_VERSION, len(header)), header, *blocks])
    except OSError as error:
        raise PolicyFileError(f"the policy file {os.fspath(path)} can't be written: {error}") from error


def load_policy(path: str | os.PathLike[str]) -> PolicyFile:
    """Read a policy file; nothing in it is trusted.

    Raises:
        PolicyFileError: it can't be read, is damaged, is of another format, or its weights aren't finite.
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except (OSError, PolicyFileError, SchemaError, WeightsError) as error:
        raise PolicyFileError(f"the policy file {os.fspath(path)} can't be used: {error}") from error


def _write_atomically(path: Path, blocks: list[Any]) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(file: BinaryIO) -> PolicyFile:
    file_size = os.fstat(file.fileno()).st_size
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size or not prefix.startswith(MAGIC):
        raise PolicyFileError("it doesn't begin as a policy file")
    _, version, header_size = _PREFIX.unpack(prefix)
    if version != FORMAT_VERSION:
        remedy = (
            "it is of an older release: train it anew, or play it with that one"
            if version < FORMAT_VERSION
            else "it is of a newer release: install that one"
        )
        raise PolicyFileError(f"expected format version {FORMAT_VERSION}, got {version}; {remedy}")
    if header_size > min(MAX_HEADER_BYTES, file_size - _PREFIX.size):
        raise PolicyFileError(f"a header of {header_size} bytes is over {MAX_HEADER_BYTES}, or over what the file has")
    described, policy, critic = decode_header(file.read(header_size))
    weights_size = policy.size + (critic.size if critic else 0)
    expected_size = _PREFIX.size + header_size + 4 * weights_size
    if file_size != expected_size:
        raise PolicyFileError(f"expected {expected_size} bytes, the file has {file_size}: it is damaged")
    return replace(
        described,
        snapshot=_read_weights(file, policy),
        critic_snapshot=_read_weights(file, critic) if critic else None,
    )


def _read_weights(file: BinaryIO, description: WeightsDescription) -> WeightsSnapshot:
    content = file.read(4 * description.size)
    if len(content) != 4 * description.size:
        raise PolicyFileError("the weights end early: it is damaged")
    snapshot = description.snapshot(np.frombuffer(content, dtype="<f4").astype(np.float32))
    if not snapshot.is_finite():
        raise PolicyFileError(f"the weights of version {snapshot.version} are not finite")
    return snapshot
