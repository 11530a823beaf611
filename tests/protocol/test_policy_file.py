"""A policy file gives back what was saved, is written whole or not at all, and is refused where it is damaged."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from protocol.errors import PolicyFileError
from protocol.initial_weights import initial_weights
from protocol.limits import MAX_HEADER_BYTES
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.policy_file import PolicyFile, load_policy, save_policy
from protocol.policy_settings import MEMORY_CELLS, CriticSettings, MemoryCell, PolicySettings
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ObservationElement,
    StructAction,
    StructObservation,
)
from protocol.weights import WeightsSnapshot
from tests.schema_examples import OBSERVATION_EXAMPLES
from tests.strategies import actions, critic_settings, observations, policy_settings


def make_policy(
    observation: ObservationElement,
    action: ActionElement,
    settings: PolicySettings,
    critic: CriticSettings | None = None,
) -> PolicyFile:
    spec = build_policy_spec(observation, action, settings)
    critic_snapshot = None
    if critic is not None:
        critic_spec = build_critic_spec(observation, settings, critic)
        critic_snapshot = WeightsSnapshot(critic_spec.hash, 8, initial_weights(critic_spec, 2))
    snapshot = WeightsSnapshot(spec.hash, 7, initial_weights(spec, 1))
    return PolicyFile(
        "cars", observation, action, settings, snapshot, critic, critic_snapshot, {"run": "a/b", "π": "3"}
    )


PLAIN = make_policy(ContinuousObservation(2), ContinuousAction(1), PolicySettings(hidden_sizes=(3,)))


def assert_same(received: PolicyFile, expected: PolicyFile) -> None:
    for name in ("behavior", "observation", "action", "policy_settings", "critic_settings", "metadata"):
        assert getattr(received, name) == getattr(expected, name)
    for name in ("snapshot", "critic_snapshot"):
        mine, theirs = getattr(received, name), getattr(expected, name)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert (mine.network_hash, mine.version) == (theirs.network_hash, theirs.version)
            assert np.array_equal(mine.values, theirs.values)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(observations(), actions(), policy_settings(), critic_settings())
def test_policy_comes_back_as_it_was_saved(
    tmp_path: Path,
    observation: ObservationElement,
    action: ActionElement,
    policy: PolicySettings,
    critic: CriticSettings,
) -> None:
    for saved in (make_policy(observation, action, policy), make_policy(observation, action, policy, critic)):
        save_policy(tmp_path / "policy", saved)
        assert_same(load_policy(tmp_path / "policy"), saved)


@pytest.mark.parametrize("cell", MEMORY_CELLS)
def test_a_structured_policy_that_remembers_comes_back_with_tags_and_encodings(
    tmp_path: Path, cell: MemoryCell
) -> None:
    elements = tuple(
        (f"element{index}", replace(element, tag=f"tag {index}"))
        for index, (element, _) in enumerate(OBSERVATION_EXAMPLES)
    )
    settings = PolicySettings(hidden_sizes=(3,), memory_cell=cell, memory_state_size=2)
    actions = StructAction((("go", ContinuousAction(1, tag="forward")), ("gear", ExclusiveDiscreteAction(3))))
    saved = make_policy(StructObservation(elements), actions, settings, CriticSettings(hidden_sizes=(2,)))
    save_policy(tmp_path / "policy", saved)
    loaded = load_policy(tmp_path / "policy")
    assert_same(loaded, saved)
    assert loaded.observation.children[3][1].tag == "tag 3"
    assert loaded.policy_settings.memory_size == settings.memory_size


def test_file_is_laid_out_as_documented(tmp_path: Path) -> None:
    save_policy(tmp_path / "policy", PLAIN)
    content = (tmp_path / "policy").read_bytes()
    magic, version, header_size = struct.unpack_from("<8sIQ", content)
    assert (magic, version) == (b"LBPOLICY", 2)
    header = json.loads(content[20 : 20 + header_size])
    assert list(header) == sorted(header)
    assert header["policy"]["network_hash"] == f"{PLAIN.snapshot.network_hash:#018x}"
    assert content[20 + header_size :] == PLAIN.snapshot.values.astype("<f4").tobytes()


def rewritten(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    (header_size,) = struct.unpack_from("<Q", content, 12)
    header = json.loads(content[20 : 20 + header_size])
    change(header)
    encoded = json.dumps(header, sort_keys=True).encode()
    return content[:12] + struct.pack("<Q", len(encoded)) + encoded + content[20 + header_size :]


def with_header(content: bytes, header: bytes) -> bytes:
    (header_size,) = struct.unpack_from("<Q", content, 12)
    return content[:12] + struct.pack("<Q", len(header)) + header + content[20 + header_size :]


DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("begin", lambda content: b""),
    ("begin", lambda content: content[:19]),
    ("begin", lambda content: b"L" + content),
    ("version 2, got 1; it is of an older release", lambda content: content[:8] + b"\1" + content[9:]),
    ("version 2, got 3; it is of a newer release", lambda content: content[:8] + b"\3" + content[9:]),
    ("bytes", lambda content: content[:-1]),
    ("bytes", lambda content: content + b"\0"),
    ("header", lambda content: content[:12] + struct.pack("<Q", len(content)) + content[20:]),
    ("header", lambda content: content[:12] + b"\xff" * 8 + content[20:]),
    ("JSON", lambda content: with_header(content, b"\xff")),
    ("JSON", lambda content: with_header(content, b"{")),
    ("JSON", lambda content: with_header(content, b"[" * 100_000)),
    ("twice", lambda content: with_header(content, b'{"a": 1, "a": 2}')),
    ("NaN", lambda content: with_header(content, b'{"a": NaN}')),
    ("keys", lambda content: with_header(content, b"{}")),
    ("keys", lambda content: with_header(content, b"[]")),
    ("not finite", lambda content: content[:-4] + struct.pack("<f", float("nan"))),
    ("behavior", lambda content: rewritten(content, lambda header: header.update(behavior=1))),
    ("behavior", lambda content: rewritten(content, lambda header: header.update(behavior="\ud800"))),
    ("metadata", lambda content: rewritten(content, lambda header: header.update(metadata={"a": 1}))),
    ("metadata", lambda content: rewritten(content, lambda header: header.update(metadata=[]))),
    (r"\$.size", lambda content: rewritten(content, lambda header: header["observation_schema"].update(size=-1))),
    (
        "observation_hash",
        lambda content: rewritten(content, lambda header: header["observation_schema"].update(size=3)),
    ),
    ("action_hash", lambda content: rewritten(content, lambda header: header.update(action_hash="0x0"))),
    ("policy.network:", lambda content: rewritten(content, lambda h: h["policy_settings"].update(hidden_sizes=[4]))),
    ("policy.network:", lambda content: rewritten(content, lambda h: h["policy_settings"].update(memory_cell="gru"))),
    (r"\$.memory_cell", lambda content: rewritten(content, lambda h: h["policy_settings"].pop("memory_cell"))),
    (r"\$.tag", lambda content: rewritten(content, lambda h: h["observation_schema"].update(tag=5))),
    ("policy.network_hash", lambda content: rewritten(content, lambda h: h["policy"].update(network_hash=5))),
    ("policy.size", lambda content: rewritten(content, lambda h: h["policy"].update(size=10**9))),
    ("policy.version", lambda content: rewritten(content, lambda h: h["policy"].update(version=-1))),
    ("critic", lambda content: rewritten(content, lambda h: h.update(critic=h["policy"]))),
    ("critic", lambda content: rewritten(content, lambda h: h.update(critic_settings=CriticSettings().to_wire()))),
]


@pytest.mark.parametrize(("reason", "damage"), DAMAGES)
def test_damaged_file_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, reason: str, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "policy"
    save_policy(path, PLAIN)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(PolicyFileError, match=reason) as raised:
        load_policy(path)
    assert str(path) in str(raised.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="nowhere"):
        load_policy(tmp_path / "nowhere")


def test_weights_that_do_not_fit_are_not_saved(tmp_path: Path) -> None:
    values = PLAIN.snapshot.values.copy()
    values[0] = np.inf
    for wrong in (replace(PLAIN.snapshot, values=values), replace(PLAIN.snapshot, network_hash=1)):
        with pytest.raises(PolicyFileError, match="saved"):
            save_policy(tmp_path / "policy", replace(PLAIN, snapshot=wrong))
    assert list(tmp_path.iterdir()) == []


def test_half_a_critic_and_a_long_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="critic"):
        replace(PLAIN, critic_settings=CriticSettings())
    long = {str(index): "x" * 16_000 for index in range(MAX_HEADER_BYTES // 16_000 + 1)}
    with pytest.raises(PolicyFileError, match="header"):
        save_policy(tmp_path / "policy", replace(PLAIN, metadata=long))


def test_writer_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "policy"
    save_policy(path, PLAIN)
    old = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(PolicyFileError, match="no space left"):
        save_policy(path, replace(PLAIN, behavior="other"))
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]
