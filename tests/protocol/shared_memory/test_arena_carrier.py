"""Arrays by reference: what comes is what was put, whatever the other side claims about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.bulk_carrier import DTYPES, AnyArray, BulkCarrier, Frame, ManifestEntry, Place
from protocol.errors import RemoteProtocolError, SharedMemoryError
from protocol.shared_memory import ArenaCarrier, Reference, arena_carrier, attach_segment
from protocol.shared_memory.segment import make_name
from tests.contracts.bulk_carrier_contract import BulkCarrierContract

ARENA_FLOATS = 64
ARENA_BYTES = 4 * ARENA_FLOATS


class Moving(ArenaCarrier):
    """Copies every array into an arena of its own before it puts it."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[AnyArray] = []

    def put(self, arrays: Sequence[tuple[str, AnyArray]]) -> tuple[list[ManifestEntry], list[Frame]]:
        return super().put([(name, self._move(array)) for name, array in arrays])

    def _move(self, array: AnyArray) -> AnyArray:
        arena = self.make_arena(array.nbytes // 4 + 1).view(np.uint8)[: array.nbytes]
        arena[:] = np.frombuffer(array.tobytes(), np.uint8)
        self.moved.append(arena.view(array.dtype).reshape(array.shape))
        return self.moved[-1]


class TestArenaCarrierOfArraysElsewhere(BulkCarrierContract):
    @pytest.fixture
    def carrier(self) -> BulkCarrier:
        return ArenaCarrier()


class TestArenaCarrierOfArraysInArenas(BulkCarrierContract):
    @pytest.fixture
    def carrier(self) -> BulkCarrier:
        return Moving()

    def test_no_byte_of_them_is_in_a_frame(self, carrier: BulkCarrier) -> None:
        manifest, frames = carrier.put([("x", np.ones(100_000, np.float64)), ("y", np.ones(1, np.uint8))])
        assert frames == []
        assert all(set(place) == {"arena", "offset"} for _, _, _, place in manifest if isinstance(place, dict))
        assert all(isinstance(place, dict) for _, _, _, place in manifest)


def filled_arena(carrier: ArenaCarrier) -> AnyArray:
    """An arena of bytes that tell where they are."""
    arena = carrier.make_arena(ARENA_FLOATS)
    arena.view(np.uint8)[:] = np.arange(ARENA_BYTES) % 256
    return arena


def reference_to(carrier: ArenaCarrier, array: AnyArray) -> Reference:
    reference = carrier.own_reference(array)
    assert reference is not None
    return reference


class TestReferences:
    def test_arrays_of_both_kinds_go_in_one_message_in_their_order(self) -> None:
        maker, reader = ArenaCarrier(), ArenaCarrier()
        arena = filled_arena(maker)
        sent: list[tuple[str, AnyArray]] = [
            ("small", np.arange(3)),
            ("whole", arena),
            ("large", np.arange(50_000, dtype=np.float32)),
            ("rows", arena[16:32].reshape(4, 4)),
            ("nothing", arena[:0]),
            ("gaps", arena[::2]),
        ]
        manifest, frames = maker.put(sent)
        assert [isinstance(place, dict) for _, _, _, place in manifest] == [False, True, False, True, False, False]
        received = reader.get(manifest, frames)
        assert list(received) == [name for name, _ in sent]
        for name, array in sent:
            np.testing.assert_array_equal(received[name], array)

    def test_an_array_is_referred_to_where_it_begins(self) -> None:
        carrier = ArenaCarrier()
        arena = filled_arena(carrier)
        (entry,), _ = carrier.put([("x", arena[5:9].reshape(2, 2))])
        name = reference_to(carrier, arena).arena
        assert entry == ("x", "float32", (2, 2), {"arena": name, "offset": 20})

    def test_arrays_of_several_arenas_are_told_apart(self) -> None:
        maker, reader = ArenaCarrier(), ArenaCarrier()
        arenas = [maker.make_arena(100) for _ in range(3)]
        for index, arena in enumerate(arenas):
            arena[:] = index
        received = reader.get(*maker.put([(f"a{index}", arena[50:]) for index, arena in enumerate(arenas)]))
        assert [float(received[f"a{index}"].mean()) for index in range(3)] == [0.0, 1.0, 2.0]

    def test_the_reader_sees_the_maker_s_own_memory_and_can_not_write_it(self) -> None:
        maker, reader = ArenaCarrier(), ArenaCarrier()
        arena = filled_arena(maker)
        seen = reader.get(*maker.put([("x", arena[8:])]))["x"]
        arena[8] = 123.0
        assert seen[0] == 123.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            seen.flags.writeable = True

    def test_origin_is_where_the_maker_has_it_and_nothing_for_other_arrays(self) -> None:
        maker, reader = ArenaCarrier(), ArenaCarrier()
        arena = filled_arena(maker)
        received = reader.get(*maker.put([("x", arena[8:]), ("inline", np.ones(3))]))
        assert reader.origin(received["x"]) == reference_to(maker, arena[8:])
        assert reader.origin(received["x"][2:]) == reference_to(maker, arena[10:])
        assert reader.origin(received["inline"]) is None
        assert reader.origin(arena) is None
        reader.forget_peer()
        assert reader.origin(received["x"]) is None


class TestLives:
    @pytest.mark.parametrize("end", ["closed", "dropped", "forgotten"])
    def test_arrays_that_were_taken_stay_good(self, end: str, folder: Path) -> None:
        maker, reader = ArenaCarrier(), ArenaCarrier()
        arena = filled_arena(maker)
        expected = arena[8:].copy()
        seen = reader.get(*maker.put([("x", arena[8:])]))["x"]
        if end == "closed":
            maker.close()
            reader.close()
        elif end == "forgotten":
            reader.forget_peer()
        del arena
        assert list(folder.iterdir()) == []
        assert seen.tobytes() == expected.tobytes()

    def test_a_name_lives_as_long_as_an_array_of_its_maker(self, folder: Path) -> None:
        maker, reader = ArenaCarrier(), ArenaCarrier()
        part = filled_arena(maker)[60:].reshape(2, 2)
        assert len(list(folder.iterdir())) == 1
        np.testing.assert_array_equal(reader.get(*maker.put([("x", part)]))["x"], part)
        del part
        assert list(folder.iterdir()) == []

    def test_a_closed_carrier_sends_the_arrays_of_its_arenas_inline(self, folder: Path) -> None:
        maker = ArenaCarrier()
        arena = filled_arena(maker)
        maker.close()
        assert list(folder.iterdir()) == []
        manifest, frames = maker.put([("x", arena)])
        assert not isinstance(manifest[0][3], dict)
        np.testing.assert_array_equal(ArenaCarrier().get(manifest, frames)["x"], arena)
        arena[:] = 1.0  # and its memory is there still

    def test_an_arena_of_the_end_of_another_is_not_taken_for_it(self) -> None:
        carrier = ArenaCarrier()
        for _ in range(20):  # the system maps anew where it has just let go
            arena = filled_arena(carrier)
            name = reference_to(carrier, arena).arena
            assert attach_segment(name).size == ARENA_BYTES
            del arena
            assert carrier.own_reference(np.zeros(ARENA_FLOATS, np.float32)) is None
            with pytest.raises(SharedMemoryError):
                attach_segment(name)

    def test_no_room_is_an_error_of_the_maker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(size: int) -> None:
            raise SharedMemoryError(f"no {size}")

        monkeypatch.setattr(arena_carrier, "create_segment", refuse)
        with pytest.raises(SharedMemoryError, match="no 400"):
            ArenaCarrier().make_arena(100)


class TestHostileManifests:
    @pytest.mark.parametrize(
        ("dtype", "shape", "offset"),
        [
            ("float32", (1,), -4),
            ("float32", (1,), 2),
            ("float64", (1,), 4),
            ("int64", (1,), 1),
            ("float32", (1,), ARENA_BYTES),
            ("float32", (ARENA_FLOATS + 1,), 0),
            ("float32", (ARENA_FLOATS,), 4),
            ("uint8", (1,), ARENA_BYTES),
            ("uint8", (0,), ARENA_BYTES + 1),
            ("float32", (2**31, 2**31, 2**31), 0),
            ("float32", (1,), 2**63 - 4),
            ("float32", (1,), 2**64),
        ],
    )
    def test_an_array_outside_its_arena_or_between_its_elements_is_refused(
        self, dtype: str, shape: tuple[int, ...], offset: int
    ) -> None:
        carrier = ArenaCarrier()
        arena = filled_arena(carrier)
        place = {"arena": reference_to(carrier, arena).arena, "offset": offset}
        with pytest.raises(RemoteProtocolError, match="array x: expected"):
            carrier.get([("x", dtype, shape, place)], [])

    def test_the_last_element_of_an_arena_is_within_it(self) -> None:
        carrier = ArenaCarrier()
        arena = filled_arena(carrier)
        name = reference_to(carrier, arena).arena
        assert carrier.get([("x", "uint8", (1,), {"arena": name, "offset": ARENA_BYTES - 1})], [])["x"][0] == 255
        assert carrier.get([("x", "uint8", (0,), {"arena": name, "offset": ARENA_BYTES})], [])["x"].size == 0

    @pytest.mark.parametrize(
        "arena",
        [
            "learning-bridge-memory-1-0123456789abcdef",
            "",
            "learning-bridge-memory-1-0123456789abcdef/../x",
            "../../etc/passwd",
            "/etc/passwd",
            "other-memory-1-0123456789abcdef",
            "learning-bridge-memory-1-0123456789abcdef\0",
            "x" * 100_000,
        ],
    )
    def test_an_arena_that_is_none_is_refused(self, arena: str) -> None:
        with pytest.raises(RemoteProtocolError, match="arena ") as caught:
            ArenaCarrier().get([("x", "uint8", (1,), {"arena": arena, "offset": 0})], [])
        assert len(str(caught.value)) < 500

    @pytest.mark.parametrize(
        "place",
        [
            {},
            {"arena": "a"},
            {"offset": 0},
            {"arena": "a", "offset": 0, "size": 1},
            {"arena": "a", "offset": None},
            {"arena": "a", "offset": 0.0},
            {"arena": "a", "offset": True},
            {"arena": "a", "offset": "0"},
            {"arena": 1, "offset": 0},
            {"arena": None, "offset": 0},
            {"arena": b"a", "offset": 0},
            {"arena": ["a"], "offset": 0},
        ],
    )
    def test_a_place_of_another_form_is_refused(self, place: dict[str, object]) -> None:
        with pytest.raises(RemoteProtocolError, match=r"array x: expected as place nothing, a number or \{arena, off"):
            ArenaCarrier().get([("x", "uint8", (1,), place)], [])

    def test_frames_that_nobody_refers_to_are_refused(self) -> None:
        carrier = ArenaCarrier()
        arena = filled_arena(carrier)
        manifest, _ = carrier.put([("x", arena)])
        with pytest.raises(RemoteProtocolError, match="array frames: expected 0"):
            carrier.get(manifest, [b"more"])

    def test_one_arena_too_many_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(arena_carrier, "MAX_ARENAS", 2)
        maker, reader = ArenaCarrier(), ArenaCarrier()
        arenas = [filled_arena(maker) for _ in range(3)]
        for arena in (*arenas[:2], *arenas[:2]):
            reader.get(*maker.put([("x", arena)]))
        with pytest.raises(RemoteProtocolError, match="expected at most 2 of one peer, got one more"):
            reader.get(*maker.put([("x", arenas[2])]))
        reader.forget_peer()
        assert reader.get(*maker.put([("x", arenas[2])]))["x"].size == ARENA_FLOATS

    def test_arenas_that_are_gone_make_room_for_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(arena_carrier, "MAX_ARENAS", 2)
        maker, reader = ArenaCarrier(), ArenaCarrier()
        kept = filled_arena(maker)
        reader.get(*maker.put([("x", kept)]))
        for _ in range(5):
            passing = filled_arena(maker)
            assert reader.get(*maker.put([("x", passing)]))["x"].tobytes() == passing.tobytes()
        assert reader.origin(reader.get(*maker.put([("x", kept)]))["x"]) == reference_to(maker, kept)


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.binary(max_size=9))
offsets = st.one_of(st.integers(-16, ARENA_BYTES + 16), st.integers(), scalars)
OWN = "the name of the arena"
arenas = st.one_of(st.just(OWN), st.builds(make_name), scalars)
maps = st.fixed_dictionaries({"arena": arenas, "offset": offsets}, optional={"size": scalars})
places = st.one_of(maps, maps, maps, st.dictionaries(st.text(max_size=7), scalars, max_size=3), scalars)
shapes = st.lists(st.integers(0, 40), max_size=3).map(tuple)


@given(st.lists(st.tuples(st.sampled_from(sorted(DTYPES)), shapes, places), max_size=3))
def test_any_place_is_refused_or_leads_to_the_right_bytes(entries: list[tuple[str, tuple[int, ...], Place]]) -> None:
    carrier = ArenaCarrier()
    arena = filled_arena(carrier)
    content = arena.tobytes()
    manifest: list[ManifestEntry] = []
    for index, (dtype, shape, place) in enumerate(entries):
        if isinstance(place, dict) and place.get("arena") == OWN:
            place = {**place, "arena": reference_to(carrier, arena).arena}
        manifest.append((f"a{index}", dtype, shape, place))
    try:
        arrays = carrier.get(manifest, [])
    except RemoteProtocolError:
        return
    assert list(arrays) == [entry[0] for entry in manifest]
    for name, dtype, shape, place in manifest:
        array = arrays[name]
        assert (array.dtype, array.shape) == (DTYPES[dtype], shape)
        assert not array.flags.writeable
        if isinstance(place, dict):
            offset = place["offset"]
            assert array.tobytes() == content[offset : offset + array.nbytes]
        else:
            assert array.size == 0
