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
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    FloatAction,
    FloatObservation,
    InclusiveDiscreteObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema_hash import action_hash, observation_hash


def string(text: str) -> bytes:
    return struct.pack("<I", len(text.encode())) + text.encode()


def digest(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def test_observation_hash_is_of_the_documented_bytes() -> None:
    element = StructObservation(
        (
            ("a", ContinuousObservation(3, 2.0)),
            ("语", StaticArrayObservation(ExclusiveDiscreteObservation(4), 5)),
            ("c", FloatObservation(0.5)),
            ("d", BoolObservation()),
            ("e", InclusiveDiscreteObservation(6)),
        )
    )
    expected = string("learning-bridge/observation/1") + struct.pack("<BI", 4, 5)
    expected += string("a") + struct.pack("<BId", 1, 3, 2.0)
    expected += string("语") + struct.pack("<BIBI", 5, 5, 2, 4)
    expected += string("c") + struct.pack("<Bd", 6, 0.5) + string("d") + struct.pack("<B", 7)
    expected += string("e") + struct.pack("<BI", 3, 6)
    assert observation_hash(element) == digest(expected)


def test_action_hash_is_of_the_documented_bytes() -> None:
    domain = string("learning-bridge/action/1")
    assert action_hash(ContinuousAction(2, 3.0)) == digest(domain + struct.pack("<BIdB", 1, 2, 3.0, 0))
    clipped = ContinuousAction(2, 3.0, "clip", (-1.0, -2.0), (1.0, 2.0))
    assert action_hash(clipped) == digest(domain + struct.pack("<BIdB4d", 1, 2, 3.0, 1, -1.0, -2.0, 1.0, 2.0))
    squashed = FloatAction(1.0, "squash", -0.0, 2.0)
    assert action_hash(squashed) == digest(domain + struct.pack("<BdB2d", 6, 1.0, 2, 0.0, 2.0))


def test_hashes_never_change_between_releases() -> None:
    assert observation_hash(ContinuousObservation(4)) == 0x4060D4C404895356
    assert action_hash(ExclusiveDiscreteAction(2)) == 0x4D4CB68C867AEFBE


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
