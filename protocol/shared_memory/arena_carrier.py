"""The carrier of two processes on one machine: large arrays stay where they are, and a reference goes in their place.

Memory is handed over by a message and written again only after a message gave it back (Credit for experience, Release
for weights); nobody watches a shared word, since Python has no memory fences.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.bulk_carrier import DTYPE_NAMES, DTYPES, INLINE, AnyArray, BulkCarrier, Frame, ManifestEntry
from protocol.errors import RemoteProtocolError, SharedMemoryError
from protocol.field_rule import describe
from protocol.limits import MAX_ARENAS
from protocol.shared_memory.segment import SharedSegment, attach_segment, create_segment, is_named

FloatArray: TypeAlias = npt.NDArray[np.float32]

_PLACE_KEYS = {"arena", "offset"}


class Reference(NamedTuple):
    """Where an array begins: the name of an arena, and bytes into it."""

    arena: str
    offset: int


class _OwnArena(NamedTuple):
    """An arena of this side, without a hold on its memory."""

    address: int
    unlink: Callable[[], object]


class ArenaCarrier(BulkCarrier):
    """One side's end of the shared memory of one session.

    An arena is a segment that this side made and the peer reads. `put` sees by an array's base whether it lies in one,
    so that nothing else has to know. All other arrays go inline, and arrays of both kinds are taken.
    """

    def __init__(self) -> None:
        self._own: dict[str, _OwnArena] = {}
        self._own_memory: dict[int, str] = {}
        self._attached: dict[str, SharedSegment] = {}

    def make_arena(self, float_count: int) -> FloatArray:
        """A new arena as one array of zeros, which lives as long as arrays on it do.

        Arrays within it go by reference from now on, until `close`.

        Args:
            float_count: float32s.

        Raises:
            SharedMemoryError: there is no room for it.
        """
        segment = create_segment(max(1, 4 * float_count))
        memory = segment.memory
        self._own[segment.name] = _OwnArena(_address(memory), segment.unlink)
        self._own_memory[id(memory)] = segment.name  # numpy gives every view of it as its base
        weakref.finalize(memory, self._forget_own, segment.name, id(memory))
        return memory[: 4 * float_count].view(np.float32)

    def forget_peer(self) -> None:
        """Lets go of all that the peer made; arrays that were taken stay good."""
        self._attached.clear()

    def close(self) -> None:
        """Takes the names of all arenas away; arrays on them stay good, on both sides."""
        for arena in self._own.copy().values():
            arena.unlink()
        self._own.clear()
        self._own_memory.clear()
        self._attached.clear()

    def origin(self, array: AnyArray) -> Reference | None:
        """Where the peer has an array that `get` gave; None for one that came inline."""
        address = _address(array)
        for name, segment in self._attached.items():
            offset = address - _address(segment.memory)
            if 0 <= offset < segment.size:
                return Reference(name, offset)
        return None

    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        references = [self.own_reference(array) for _, array in arrays]
        inline, frames = INLINE.put([pair for pair, own in zip(arrays, references, strict=True) if own is None])
        rest = iter(inline)
        manifest = [
            next(rest)
            if own is None
            else (name, DTYPE_NAMES[array.dtype], array.shape, {"arena": own.arena, "offset": own.offset})
            for (name, array), own in zip(arrays, references, strict=True)
        ]
        return manifest, frames

    def get(self, manifest: Sequence[ManifestEntry], frames: Sequence[Frame]) -> dict[str, AnyArray]:
        referred = {entry[0]: self._array(entry) for entry in manifest if type(entry[3]) is dict}
        if not referred:
            return INLINE.get(manifest, frames)
        arrays = INLINE.get([entry for entry in manifest if entry[0] not in referred], frames)
        return {name: referred[name] if name in referred else arrays[name] for name, *_ in manifest}

    def own_reference(self, array: AnyArray) -> Reference | None:
        """Where an array lies in an arena of this side; None for any other, or one with gaps."""
        name = self._own_memory.get(id(array.base))
        if name is None or not array.size or not array.flags.c_contiguous:
            return None
        return Reference(name, _address(array) - self._own[name].address)

    def _forget_own(self, name: str, memory_id: int) -> None:
        self._own.pop(name, None)
        self._own_memory.pop(memory_id, None)

    def _array(self, entry: ManifestEntry) -> AnyArray:
        """A read-only view of the peer's memory."""
        name, dtype, shape, place = entry
        arena, offset = _checked_place(name, place)
        segment = self._attached.get(arena) or self._attach(arena)
        item = DTYPES[dtype]
        size = math.prod(shape) * item.itemsize
        if offset % item.itemsize or offset + size > segment.size:
            raise RemoteProtocolError(
                f"array {name}: expected {size} bytes for {dtype}{list(shape)} within the {segment.size} of its arena, "
                f"at a multiple of {item.itemsize}, got offset {offset}"
            )
        return np.ndarray(tuple(shape), item, segment.memory, offset)

    def _attach(self, name: str) -> SharedSegment:
        # what its maker took the name of is done with, and would stay in memory for as long as it is held here
        for gone in [known for known in self._attached if not is_named(known)]:
            del self._attached[gone]
        if len(self._attached) >= MAX_ARENAS:
            raise RemoteProtocolError(f"arena {name}: expected at most {MAX_ARENAS} of one peer, got one more")
        try:
            segment = self._attached[name] = attach_segment(name)
        except SharedMemoryError as error:
            raise RemoteProtocolError(f"arena {error}") from error
        return segment


def _address(array: AnyArray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _checked_place(name: str, place: object) -> tuple[str, int]:
    if isinstance(place, dict) and place.keys() == _PLACE_KEYS:
        arena, offset = place["arena"], place["offset"]
        if type(arena) is str and type(offset) is int and offset >= 0:
            return arena, offset
    raise RemoteProtocolError(
        f"array {name}: expected as place nothing, a number or {{arena, offset}}, got {describe(place)}"
    )
