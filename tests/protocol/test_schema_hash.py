"""Vector hashes are the same everywhere, and differ where vectors mean something else."""

from __future__ import annotations

import struct
from hashlib import blake2b
from itertools import combinations

from protocol.schema import (
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    FloatObservation,
    InclusiveDiscreteObservation,
    ProportionAlongSplineObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema_hash import action_hash, observation_hash


def string(text: str) -> bytes:
    return struct.pack("<I", len(text.encode())) + text.encode()


def count(value: int) -> bytes:
    return struct.pack("<Bq", 2, value)


def number(value: float) -> bytes:
    return struct.pack("<Bd", 3, value)


def digest(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def test_observation_hash_is_of_the_documented_bytes() -> None:
    element = StructObservation(
        (
            ("a", ContinuousObservation(3, 2.0, normalize=False, tag="left out")),
            ("语", StaticArrayObservation(ExclusiveDiscreteObservation(4), 5)),
            ("c", EncodingObservation(FloatObservation(0.5))),
            ("d", ProportionAlongSplineObservation(True)),
            ("e", EnumObservation(("x", "y"))),
        )
    )
    expected = string("learning-bridge/observation/2") + string("struct") + struct.pack("<BI", 7, 5)
    expected += string("a") + string("continuous") + count(3) + number(2.0)
    expected += string("语") + string("static_array") + b"\x06" + string("exclusive_discrete") + count(4) + count(5)
    expected += string("c") + string("float") + number(0.5)
    expected += string("d") + string("proportion_along_spline") + b"\x01\x01"
    expected += string("e") + string("enum") + struct.pack("<BI", 5, 2)
    expected += b"\x04" + string("x") + b"\x04" + string("y")
    assert observation_hash(element) == digest(expected)


def test_action_hash_is_of_the_documented_bytes() -> None:
    domain = string("learning-bridge/action/2")
    free = string("continuous") + count(2) + number(3.0) + b"\x04" + string("none") + b"\x00\x00"
    assert action_hash(ContinuousAction(2, 3.0)) == digest(domain + free)
    clipped = ContinuousAction(2, 3.0, "clip", (-1.0, -0.0), (1.0, 2.0))
    content = string("continuous") + count(2) + number(3.0) + b"\x04" + string("clip")
    content += (
        struct.pack("<BI", 5, 2) + number(-1.0) + number(0.0) + struct.pack("<BI", 5, 2) + number(1.0) + number(2.0)
    )
    assert action_hash(clipped) == digest(domain + content)


def test_hashes_never_change_between_releases() -> None:
    assert observation_hash(ContinuousObservation(4)) == 0xA366D6226BE1E1B7
    assert action_hash(ExclusiveDiscreteAction(2)) == 0x3E4CE54DDFDF11B3


def test_what_gives_vectors_another_meaning_gives_another_hash() -> None:
    a, b = ContinuousObservation(1), BoolObservation()
    elements = [
        a,
        ContinuousObservation(2),
        ContinuousObservation(1, 2.0),
        FloatObservation(),
        b,
        ExclusiveDiscreteObservation(1),
        InclusiveDiscreteObservation(1),
        StaticArrayObservation(a, 1),
        StaticArrayObservation(a, 2),
        StructObservation((("a", a),)),
        StructObservation((("b", a),)),
        StructObservation((("a", a), ("b", b))),
        StructObservation((("b", b), ("a", a))),
    ]
    for first, second in combinations(elements, 2):
        assert observation_hash(first) != observation_hash(second)
    assert action_hash(BoolAction()) != observation_hash(BoolObservation())
