from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgpack
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol import codec
from protocol.codec import decode, encode
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.limits import MAX_BATCH_BYTES, MAX_FRAMES, MAX_HEADER_BYTES, MAX_PARAMETERS, MAX_TREE_DEPTH
from protocol.message_table import TABLES
from protocol.messages import Credit, Experience, Heartbeat, Message, PolicyUpdate, Progress, Stop
from tests.protocol.message_strategy import assert_same, messages
from tools.golden import EXAMPLES, FOLDER, SEQUENCE, SESSION, golden_bytes
from tools.zmtp_frames import split_messages


def changed(message: Message, change: Callable[[dict], object]) -> list[bytes]:
    """The frames of a message whose header was tampered with."""
    header_frame, *rest = encode(message, SESSION, SEQUENCE)
    header = msgpack.unpackb(header_frame)
    change(header)
    return [msgpack.packb(header), *rest]


def put(key: str, value: object) -> Callable[[dict], object]:
    return lambda header: header.update({key: value})


def put_field(key: str, value: object) -> Callable[[dict], object]:
    return lambda header: header["fields"].update({key: value})


def put_entry(index: int, part: int, value: object) -> Callable[[dict], object]:
    return lambda header: header["arrays"][index].__setitem__(part, value)


@pytest.mark.parametrize("message_type", list(TABLES), ids=lambda message_type: message_type.__name__)
@given(data=st.data())
@settings(max_examples=30)
def test_every_message_comes_back_as_it_went(message_type: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages(message_type))
    session_id, sequence = data.draw(st.integers(0, 2**63 - 1)), data.draw(st.integers(0, 2**63 - 1))
    decoded = decode(encode(message, session_id, sequence))
    assert_same(decoded.message, message)
    assert vars(decoded.message).keys() == vars(message).keys()
    assert decoded[1:] == (session_id, sequence)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_golden_bytes_stay_the_same(name: str) -> None:
    assert golden_bytes(EXAMPLES[name]) == (FOLDER / f"{name}.bin").read_bytes(), (
        "run python -m tools.golden on purpose"
    )


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_golden_bytes_are_read_as_the_message(name: str) -> None:
    (frames,) = split_messages((FOLDER / f"{name}.bin").read_bytes())
    assert_same(decode(frames).message, EXAMPLES[name])


def test_every_message_type_has_golden_bytes() -> None:
    assert {type(message) for message in EXAMPLES.values()} == set(TABLES)
    assert {path.stem for path in FOLDER.glob("*.bin")} == set(EXAMPLES)


def test_large_arrays_go_out_without_a_copy_and_come_in_as_read_only_views() -> None:
    weights = np.arange(100_000, dtype=np.float32)
    frames = encode(PolicyUpdate("b", 1, 2, 3, False, {}, weights), 1, 1)
    assert np.shares_memory(np.frombuffer(frames[1], np.float32), weights)
    received = decode(frames).message.weights
    assert np.shares_memory(received, weights)
    assert not received.flags.writeable


def test_bytes_that_lie_askew_are_read_aligned() -> None:
    weights = np.arange(7, dtype=np.float32)
    header, frame = encode(PolicyUpdate("b", 1, 2, 3, False, {}, weights), 1, 1)
    received = decode([header, memoryview(b"x" + frame)[1:]]).message.weights
    assert received.flags.aligned
    assert not received.flags.writeable
    np.testing.assert_array_equal(received, weights)


def test_scattered_arrays_are_sent_in_order() -> None:
    table = np.arange(40_000, dtype=np.float32).reshape(200, 200)
    message = decode(encode(PolicyUpdate("b", 1, 2, 3, False, {}, table.T.reshape(-1)), 1, 1)).message
    np.testing.assert_array_equal(message.weights.reshape(200, 200), table.T)
    strided = np.arange(50_000, dtype=np.float32)[::2]
    message = decode(encode(PolicyUpdate("b", 1, 2, 3, False, {}, strided), 1, 1)).message
    np.testing.assert_array_equal(message.weights, strided)


def test_numbers_without_a_point_are_taken_as_real() -> None:
    frames = changed(EXAMPLES["evaluation_result"], put_field("return_mean", 3))
    assert isinstance(decode(frames).message.return_mean, float)


class TestGarbage:
    @given(st.lists(st.binary(max_size=300), max_size=5))
    @example([])
    @example([b""])
    @example([b"\xc1"])
    @example([b"\x80"])
    @example([b"\xc0"])
    @example([b"\x01\x02"])
    @example([b"\x81\x90\x01"])  # a list as key
    @example([b"\x81\xc4\x00\x01"])  # bytes as key
    @example([b"\xa3\xff\xfe\xfd"])  # not UTF-8
    @example([b"\xd6\xff\x00\x00\x00\x00"])  # a timestamp
    @example([b"\xc7\x05\x01hello"])  # an extension
    @example([b"\xdd\xff\xff\xff\xff"])  # a list of four billion
    @example([b"\xdf\xff\xff\xff\xff"])  # a map of four billion
    @example([b"\xdb\xff\xff\xff\xff"])  # a text of four gigabytes
    @example([b"\xc6\xff\xff\xff\xff"])  # bytes of four gigabytes
    @example([b"\x91" * 100_000])  # nested past any stack
    @example([b"\x81\xa1a" * 50_000])
    def test_is_refused_and_nothing_else_is_raised(self, frames: list[bytes]) -> None:
        with pytest.raises(RemoteProtocolError):
            decode(frames)

    @given(messages(), st.data())
    def test_within_a_message_is_refused_or_read(self, message: Message, data: st.DataObject) -> None:
        frames = [bytearray(frame) for frame in encode(message, 1, 1)]
        for _ in range(data.draw(st.integers(1, 4))):
            position = data.draw(st.integers(0, len(frames[0]) - 1))
            frames[0][position] = data.draw(st.integers(0, 255))
        with suppress(RemoteProtocolError):
            decode([bytes(frame) for frame in frames])

    @given(messages(), st.data())
    def test_cut_anywhere_is_refused(self, message: Message, data: st.DataObject) -> None:
        frames = encode(message, 1, 1)
        index = data.draw(st.integers(0, len(frames) - 1))
        if len(frames[index]) == 0:
            return
        frames[index] = frames[index][: data.draw(st.integers(0, len(frames[index]) - 1))]
        with pytest.raises(RemoteProtocolError):
            decode(frames)

    @given(messages(), st.binary(max_size=8))
    def test_one_frame_too_many_or_too_few_is_refused(self, message: Message, extra: bytes) -> None:
        frames = encode(message, 1, 1)
        with pytest.raises(RemoteProtocolError):
            decode([*frames, extra])
        with pytest.raises(RemoteProtocolError):
            decode(frames[:-1])


def test_too_many_frames_are_refused_before_the_header_is_read() -> None:
    with pytest.raises(RemoteProtocolError, match=f"1 to {MAX_FRAMES} frames"):
        decode([b""] * (MAX_FRAMES + 1))


def test_a_header_too_long_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(codec.msgpack, "unpackb")
    with pytest.raises(RemoteProtocolError, match=f"at most {MAX_HEADER_BYTES} bytes"):
        decode([bytes(MAX_HEADER_BYTES + 1)])


def test_no_memory_is_taken_for_a_shape_that_has_no_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = changed(EXAMPLES["policy_update"], put_entry(0, 2, [MAX_PARAMETERS]))
    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("took memory"))
    with pytest.raises(RemoteProtocolError, match=r"weights: expected .* 200000000 bytes .* got 36"):
        decode(frames)


HOSTILE_HEADERS = [
    ("unknown type", put("type", "Shutdown"), r"header.type: expected one of Hello, .* got str 'Shutdown'"),
    ("type is a number", put("type", 7), "header.type: expected text"),
    ("type is a map", put("type", {}), "header.type: expected text"),
    ("negative session", put("session", -1), "Experience.session: expected integer from 0"),
    ("session is true", put("session", True), "Experience.session: expected integer"),
    ("session is NaN", put("session", float("nan")), "Experience.session: expected integer"),
    ("sequence is text", put("sequence", "1"), "Experience.sequence: expected integer"),
    ("another key", put("more", 1), "header: expected a map of type"),
    ("no sequence", lambda header: header.pop("sequence"), "header: expected a map of type"),
    ("fields are a list", put("fields", []), "expected fields as a map"),
    ("a field is missing", lambda header: header["fields"].pop("behavior"), "Experience.behavior: .* no such field"),
    ("a field too many", put_field("extra", 1), "expected no fields but behavior, .* got str 'extra'"),
    ("an empty name", put_field("behavior", ""), "Experience.behavior: expected text of 1 to 128 bytes"),
    ("a name too long", put_field("behavior", "é" * 65), "Experience.behavior: expected text of 1 to 128 bytes"),
    ("a batch number of 0", put_field("batch_id", 0), "Experience.batch_id: expected integer from 1"),
    ("a count past 63 bits", put_field("batch_id", 2**63), "Experience.batch_id: expected integer"),
    ("a count of 1.0", put_field("batch_id", 1.0), "Experience.batch_id: expected integer"),
    ("a count of NaN", put_field("dropped_actions", float("nan")), "Experience.dropped_actions: expected integer"),
    ("arrays are a map", put("arrays", {}), "Experience.arrays: expected a list"),
    (
        "an array is a map",
        lambda header: header["arrays"].__setitem__(0, {}),
        r"expected \[name, dtype, shape, place\]",
    ),
    (
        "an array is missing",
        lambda header: header["arrays"].__delitem__(slice(8, None)),
        "episode_lengths: .* no such array",
    ),
    ("an array too many", lambda header: header["arrays"].extend(header["arrays"][:2]), "a list of at most 15"),
    ("an array of a name that is a list", put_entry(0, 0, []), "observations: expected this array here"),
    ("arrays out of order", lambda header: header["arrays"].reverse(), "observations: expected this array here"),
    ("an array of another name", put_entry(0, 0, "weights"), "observations: expected this array here"),
    ("a wrong dtype", put_entry(0, 1, "float64"), "observations: expected dtype float32, got str 'float64'"),
    ("a dtype of objects", put_entry(0, 1, "object"), "observations: expected dtype float32"),
    ("a dtype that is a list", put_entry(0, 1, []), "observations: expected dtype float32"),
    ("a wrong rank", put_entry(0, 2, [12]), r"observations: expected float32\[T, N, O\], got 1 dimensions"),
    ("a negative size", put_entry(0, 2, [-3, -2, 2]), "observations: .* with T = 0 to 1000000, got -3"),
    ("a size of 2.0", put_entry(0, 2, [3, 2.0, 2]), r"observations: expected a shape float32\[T, N, O\]"),
    ("a size of true", put_entry(0, 2, [3, 2, True]), r"observations: expected a shape float32\[T, N, O\]"),
    ("a shape that is text", put_entry(0, 2, "3,2,2"), r"observations: expected a shape float32\[T, N, O\]"),
    ("too many lanes", put_entry(0, 2, [1, 4097, 1]), "with N = 0 to 4096, got 4097"),
    ("a product past 64 bits", put_entry(0, 2, [2**62, 4, 4]), "with T = 0 to 1000000"),
    ("too many bytes in all", put_entry(0, 2, [1_000_000, 2, 16_384]), "with T = 1000000, got 3"),
    ("another number of rows", put_entry(2, 2, [4, 2]), "rewards: .* with T = 3, got 4"),
    ("another number of segments", put_entry(5, 2, [3, 2]), "final_observations: .* with K = 2, got 3"),
    ("runs of two columns", put_entry(6, 2, [3, 2]), "version_runs: .* with 3 = 3, got 2"),
    ("a size of true after an equal one", put_entry(8, 2, [True]), r"episode_lengths: expected a shape int32\[E\]"),
    ("a place elsewhere", put_entry(0, 3, {"arena": 1}), "observations: expected as place nothing, or 0"),
    ("a place that is text", put_entry(0, 3, "inline"), "observations: expected as place nothing, or 0"),
    ("a place below 0", put_entry(0, 3, -8), "observations: expected as place nothing, or 0"),
    ("a place of 48.0", put_entry(1, 3, 48.0), "actions: expected as place nothing, or 48 .* got float 48.0"),
    ("a place of false", put_entry(0, 3, False), "observations: expected as place nothing, or 0"),
    ("a place within another array", put_entry(1, 3, 40), "actions: expected as place nothing, or 48"),
    ("a place past the next", put_entry(1, 3, 56), "actions: expected as place nothing, or 48"),
    ("a frame that is not there", put_entry(0, 3, None), "array frames: expected 2 as the header says, got 1"),
]


@pytest.mark.parametrize(
    ("change", "complaint"), [case[1:] for case in HOSTILE_HEADERS], ids=[c[0] for c in HOSTILE_HEADERS]
)
def test_a_hostile_header_is_refused_by_its_place(change: Callable[[dict], object], complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        decode(changed(EXAMPLES["experience"], change))


def test_all_arrays_together_are_bounded() -> None:
    steps = MAX_BATCH_BYTES // (16_384 * 4) + 1
    lanes = [steps, 1, 1]
    shapes = {0: [steps, 1, 16_384], 1: lanes, 2: [steps, 1], 3: [steps, 1], 9: lanes, 10: lanes}

    def change(header: dict) -> None:
        for index, shape in shapes.items():
            header["arrays"][index][2] = shape
        header["arrays"][5][2] = [2, 16_384]
        header["arrays"][12][2] = [2, 1]

    with pytest.raises(RemoteProtocolError, match=f"arrays of at most {MAX_BATCH_BYTES} bytes in all"):
        decode(changed(EXAMPLES["experience"], change))


def test_a_tree_nested_too_deep_is_refused() -> None:
    tree: dict = {}
    for _ in range(MAX_TREE_DEPTH):
        tree = {"a": tree}
    with pytest.raises(RemoteProtocolError, match=r"Configure.settings: .* got deeper nesting"):
        decode(changed(EXAMPLES["configure"], put_field("settings", tree)))


def test_a_tree_of_too_many_values_is_refused() -> None:
    tree = {"a": [[0] * 40_000, [0] * 40_000]}
    with pytest.raises(RemoteProtocolError, match=r"Configure.settings: .* more values than that"):
        decode(changed(EXAMPLES["configure"], put_field("settings", tree)))


def test_a_name_that_comes_twice_in_a_map_is_refused() -> None:
    header = encode(Heartbeat(1), 1, 1)[0]
    field = msgpack.packb("unrecorded_steps") + b"\x01"
    doubled = header.replace(b"\x81" + field, b"\x82" + field + field)
    assert doubled != header
    with pytest.raises(RemoteProtocolError, match="each name once"):
        decode([doubled])


def test_bytes_after_the_header_are_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="expected msgpack within limits"):
        decode([encode(Heartbeat(1), 1, 1)[0] + b"\xc0"])


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (Credit("", 1), "Credit.behavior: expected text of 1 to 128 bytes"),
        (Credit("b", 0), "Credit.batch_id: expected integer from 1"),
        (Credit("b", np.int64(1)), "Credit.batch_id: expected integer .* got int64 1"),
        (Stop("\ud800", False), "surrogates not allowed"),
        (Stop("x" * 20_000, False), "Stop.reason: expected text of 0 to 16384 bytes"),
        (Progress("dreaming", 0, 0, 0), 'Progress.phase: expected "waiting" or .* got str .dreaming.'),
        (PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(3)), "weights: expected float32.* got an array of float64"),
        (PolicyUpdate("b", 1, 2, 3, False, {}, None), "weights: expected float32"),
        (PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros((1, 1), np.float32)), "weights: .* got 2 dimensions"),
        (PolicyUpdate("b", 2**64, 2, 3, False, {}, np.zeros(1, np.float32)), "network_hash: expected integer"),
        (PolicyUpdate("b", 1, 2, 3, False, {"x": "y"}, np.zeros(1, np.float32)), "metrics: expected number"),
        ("no message", "expected a message of"),
    ],
)
def test_what_this_side_would_send_wrong_is_a_local_error(message: Message, complaint: str) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        encode(message, 1, 1)


def test_metrics_may_be_numpy_numbers_and_not_finite() -> None:
    metrics = {"loss": np.float64(0.5), "kl": float("inf")}
    message = decode(encode(PolicyUpdate("b", 1, 2, 3, False, metrics, np.zeros(1, np.float32)), 1, 1)).message
    assert message.metrics == metrics


def test_a_batch_at_the_edges_of_the_limits_is_taken() -> None:
    def zeros(dtype: str, *shape: int) -> np.ndarray:
        return np.zeros(shape, dtype)

    edge = Experience(
        "b", 1, 0, 0, 0,
        zeros("f4", 0, 4096, 16_384), zeros("f4", 0, 4096, 16_384), zeros("f4", 0, 4096), zeros("f4", 0, 4096),
        zeros("i8", 0, 8), zeros("f4", 0, 16_384), zeros("i8", 0, 3), zeros("f8", 0), zeros("i4", 0),
        zeros("u1", 0, 4096, 262_144), zeros("f4", 0, 4096, 16_384), zeros("f4", 0, 4096, 16_384),
        zeros("f4", 0, 16_384), zeros("u1", 0, 262_144), zeros("f4", 0, 16_384),
    )  # fmt: skip
    assert decode(encode(edge, 1, 1)).message.observations.shape == (0, 4096, 16_384)


def test_a_host_may_give_every_array_a_frame_of_its_own() -> None:
    message = EXAMPLES["experience"]
    header = msgpack.unpackb(encode(message, SESSION, SEQUENCE)[0])
    arrays = [getattr(message, entry[0]).tobytes() for entry in header["arrays"]]
    for entry in header["arrays"]:
        entry[3] = None
    assert_same(decode([msgpack.packb(header), *arrays]).message, message)
    header["arrays"][-1][3] = 0
    assert_same(decode([msgpack.packb(header), arrays[-1], *arrays[:-1]]).message, message)
    with pytest.raises(RemoteProtocolError, match="packed frame: expected 8 bytes for its arrays, got 9"):
        decode([msgpack.packb(header), arrays[-1] + b"x", *arrays[:-1]])
