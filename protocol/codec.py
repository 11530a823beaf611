"""Messages to frames and back: a msgpack header, then the arrays as the bulk carrier lays them.

A header is a map of five: "type", "session", "sequence", "fields" (a map), "arrays" (a list of
[name, dtype, shape, place]). Nothing that comes in is trusted: sizes are checked before memory is taken for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import msgpack
import numpy as np

from protocol.bulk_carrier import INLINE, AnyArray, BulkCarrier, Frame, ManifestEntry
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.field_rule import FIXED_SIZES, ArrayRule, FieldError, TextRule, describe
from protocol.limits import MAX_BATCH_BYTES, MAX_FRAMES, MAX_HEADER_BYTES, MAX_HEADER_LENGTH, MAX_INT64, MAX_NAME_BYTES
from protocol.message_table import TABLES, TABLES_BY_NAME, MessageTable
from protocol.messages import Message

_HEADER_KEYS = {"type": 0, "session": 1, "sequence": 2, "fields": 3, "arrays": 4}.keys()
_TYPE_RULE = TextRule(MAX_NAME_BYTES, min_bytes=1)


class Decoded(NamedTuple):
    """One message as it came.

    Attributes:
        message: the message, checked.
        session_id: the session that the sender believes in; 0 before Welcome.
        sequence: counts the sender's messages of this connection, from 1.
    """

    message: Message
    session_id: int
    sequence: int


def encode(message: Message, session_id: int, sequence: int, carrier: BulkCarrier = INLINE) -> list[Frame]:
    """The frames of a message.

    Large arrays are not copied: their memory must stay as it is until the frames have been sent.

    Raises:
        LocalProtocolError: a field breaks its rule; the text names it.
    """
    table = TABLES.get(type(message))
    if table is None:
        raise LocalProtocolError(f"expected a message of {sorted(TABLES_BY_NAME)}, got {describe(message)}")
    values = vars(message)
    try:
        manifest, frames = carrier.put(_outgoing_arrays(table, values)) if table.arrays else ([], [])
        header = {
            "type": table.name,
            "session": _admit_serial(table, "session", session_id),
            "sequence": _admit_serial(table, "sequence", sequence),
            "fields": _admit_fields(table, values),
            "arrays": manifest,
        }
        packed: bytes = msgpack.Packer(use_bin_type=True, buf_size=2048).pack(header)
    except (ValueError, TypeError, OverflowError) as error:
        raise LocalProtocolError(str(error)) from error
    if len(packed) > MAX_HEADER_BYTES:
        raise LocalProtocolError(
            f"{table.name}: expected a header of at most {MAX_HEADER_BYTES} bytes, got {len(packed)}"
        )
    return [packed, *frames]


def decode(frames: Sequence[Frame], carrier: BulkCarrier = INLINE) -> Decoded:
    """The message that frames hold; its arrays are read-only views on them where they are large.

    Raises:
        RemoteProtocolError: anything about the frames is wrong. No other error escapes, whatever the bytes are.
    """
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise RemoteProtocolError(f"message: expected 1 to {MAX_FRAMES} frames, got {len(frames)}")
    try:
        header = _unpack(frames[0])
        table = _message_table(header["type"])
        session_id = _admit_serial(table, "session", header["session"])
        sequence = _admit_serial(table, "sequence", header["sequence"])
        values = _incoming_fields(table, header["fields"])
        manifest = _incoming_manifest(table, header["arrays"])
    except FieldError as error:
        raise RemoteProtocolError(str(error)) from error
    if manifest or len(frames) > 1:
        try:
            values.update(carrier.get(manifest, frames[1:]))
        except RemoteProtocolError as error:
            error.session_id = session_id
            raise
    return Decoded(table.make(values), session_id, sequence)


def _admit_fields(table: MessageTable, values: Mapping[str, object]) -> dict[str, object]:
    """The values of a message's scalars, each within its rule."""
    admitted: dict[str, object] = {}
    name = ""
    try:
        for name, rule in table.scalars:
            admitted[name] = rule.admit(values[name])
    except FieldError as error:
        raise FieldError(f"{table.name}.{name}: {error}") from error
    return admitted


def _admit_serial(table: MessageTable, name: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INT64:
        raise FieldError(f"{table.name}.{name}: expected integer from 0 to {MAX_INT64}, got {describe(value)}")
    return value


def _outgoing_arrays(table: MessageTable, values: Mapping[str, object]) -> Sequence[tuple[str, AnyArray]]:
    names = tuple([name for name, _ in table.arrays if values[name] is not None])
    arrays = [values[name] for name in names]
    plan = table.array_plans.get(names)
    if plan is not None and plan.admits_sent(arrays):
        return list(zip(names, cast("list[AnyArray]", arrays), strict=True))
    return _judge_outgoing_arrays(table, values)


def _judge_outgoing_arrays(table: MessageTable, values: Mapping[str, object]) -> list[tuple[str, AnyArray]]:
    """One by one, with words for what is wrong."""
    arrays: list[tuple[str, AnyArray]] = []
    sizes = FIXED_SIZES.copy()
    byte_count = 0
    for name, rule in table.arrays:
        array = values[name]
        if array is None and rule.is_optional:
            continue
        if not isinstance(array, np.ndarray) or array.dtype != rule.native_dtype:
            received = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else describe(array)
            raise FieldError(f"{table.name}.{name}: expected {rule.expectation}, got {received}")
        try:
            byte_count += rule.admit_shape(array.shape, sizes) * rule.item_bytes
        except FieldError as error:
            raise FieldError(f"{table.name}.{name}: {error}") from error
        arrays.append((name, array))
    _admit_byte_count(table, byte_count)
    return arrays


def _admit_byte_count(table: MessageTable, byte_count: int) -> None:
    if byte_count > MAX_BATCH_BYTES:
        raise FieldError(f"{table.name}: expected arrays of at most {MAX_BATCH_BYTES} bytes in all, got {byte_count}")


def _unique_map(pairs: list[tuple[object, object]]) -> dict[object, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise FieldError("header: expected each name once in a map, got one twice")
    return result


def _unpack(frame: Frame) -> dict[str, object]:
    """Read a header frame into plain values, within limits."""
    size = len(frame)
    if size > MAX_HEADER_BYTES:
        raise FieldError(f"header: expected at most {MAX_HEADER_BYTES} bytes, got {size}")
    try:
        header = msgpack.unpackb(
            frame,
            raw=False,
            strict_map_key=True,
            object_pairs_hook=_unique_map,
            max_str_len=MAX_HEADER_LENGTH,
            max_bin_len=0,
            max_array_len=MAX_HEADER_LENGTH,
            max_map_len=MAX_HEADER_LENGTH,
            max_ext_len=0,
        )
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise FieldError(f"header: expected msgpack within limits, got {size} bytes that aren't: {error}") from error
    if not isinstance(header, dict) or header.keys() != _HEADER_KEYS:
        raise FieldError(f"header: expected a map of {', '.join(_HEADER_KEYS)}, got {_names(header)}")
    return header


def _names(value: object) -> str:
    if isinstance(value, Mapping):
        return f"a map of {', '.join(str(key)[:40] for key in list(value)[:16])}"
    return describe(value)


def _message_table(name: object) -> MessageTable:
    table = TABLES_BY_NAME.get(name) if type(name) is str else None
    if table is not None:
        return table
    try:
        _TYPE_RULE.admit(name)
    except FieldError as error:
        raise FieldError(f"header.type: {error}") from error
    raise FieldError(f"header.type: expected one of {', '.join(TABLES_BY_NAME)}, got {describe(name)}")


def _incoming_fields(table: MessageTable, fields: object) -> dict[str, object]:
    if not isinstance(fields, dict):
        raise FieldError(f"{table.name}: expected fields as a map, got {describe(fields)}")
    if fields.keys() == table.scalar_names:
        return _admit_fields(table, fields)
    for name, rule in table.scalars:
        if name not in fields:
            raise FieldError(f"{table.name}.{name}: expected {rule.expectation}, got no such field")
    names = [name for name, _ in table.scalars]
    extra = [name for name in fields if name not in table.scalar_names]
    raise FieldError(f"{table.name}: expected no fields but {', '.join(names)}, got {describe(extra[0])} too")


def _incoming_manifest(table: MessageTable, entries: object) -> Sequence[ManifestEntry]:
    """The arrays that a header names, in the order of the message's declaration, each within its rule."""
    if entries == [] and not table.arrays:
        return []
    if type(entries) is list and {*map(type, entries)} == {list} and {*map(len, entries)} == {4}:
        names, dtypes, shapes, places = zip(*entries, strict=True)
        plan = table.array_plans.get(names) if {*map(type, names)} == {str} else None
        if plan is not None and plan.admits_received(dtypes, shapes):
            return list(zip(plan.names, dtypes, shapes, places, strict=True))
    return _judge_incoming_manifest(table, entries)


def _judge_incoming_manifest(table: MessageTable, entries: object) -> list[ManifestEntry]:
    """One by one, with words for what is wrong."""
    if not isinstance(entries, list) or len(entries) > len(table.arrays):
        raise FieldError(
            f"{table.name}.arrays: expected a list of at most {len(table.arrays)}, got {describe(entries)}"
        )
    manifest: list[ManifestEntry] = []
    sizes = FIXED_SIZES.copy()
    byte_count = position = 0
    for name, rule in table.arrays:
        if rule.is_optional and not _is_named(entries, position, name):
            continue
        if position == len(entries):
            raise FieldError(f"{table.name}.{name}: expected {rule.expectation}, got no such array")
        entry = entries[position]
        try:
            shape = _entry_shape(name, rule, entry)
            byte_count += rule.admit_shape(shape, sizes) * rule.item_bytes
        except FieldError as error:
            raise FieldError(f"{table.name}.{name}: {error}") from error
        position += 1
        manifest.append((name, rule.dtype, shape, entry[3]))
    if position < len(entries):
        raise FieldError(f"{table.name}.arrays: expected no more than {position} here, got {len(entries)}")
    _admit_byte_count(table, byte_count)
    return manifest


def _is_named(entries: list[object], position: int, name: str) -> bool:
    entry = entries[position] if position < len(entries) else None
    return isinstance(entry, list) and entry[:1] == [name]


def _entry_shape(name: str, rule: ArrayRule, entry: object) -> list[int]:
    """The shape that an entry of the list gives, as it came; the rest of the entry is right, but for its place."""
    if not isinstance(entry, list) or len(entry) != 4:
        raise FieldError(f"expected [name, dtype, shape, place], got {describe(entry)}")
    if entry[0] != name:
        raise FieldError(f"expected this array here, got {describe(entry[0])}")
    if entry[1] != rule.dtype:
        raise FieldError(f"expected dtype {rule.dtype}, got {describe(entry[1])}")
    shape = entry[2]
    if not isinstance(shape, list):
        raise FieldError(f"expected a shape {rule.expectation}, got {describe(shape)}")
    return shape
