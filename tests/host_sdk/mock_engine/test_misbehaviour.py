"""Faults are read from text and happen once, on their tick."""

from __future__ import annotations

import pytest

from host_sdk.mock_engine.misbehaviour import Misbehaviour, MisbehaviourKind, MisbehaviourSchedule


class _Diary:
    def __init__(self) -> None:
        self.entries: list[tuple[str, float]] = []

    def stall(self, duration_s: float) -> None:
        self.entries.append(("stall", duration_s))

    def poison_observation(self, agent_id: int) -> None:
        self.entries.append(("observation", agent_id))

    def poison_reward(self, agent_id: int) -> None:
        self.entries.append(("reward", agent_id))

    def replace_agents(self, count: int) -> None:
        self.entries.append(("burst", count))


def test_a_fault_is_read_from_its_text() -> None:
    assert Misbehaviour.parse("stall@100:2.5") == Misbehaviour(MisbehaviourKind.STALL, 100, 2.5)
    assert Misbehaviour.parse("nan-reward@5:3") == Misbehaviour(MisbehaviourKind.NAN_REWARD, 5, 3.0)


@pytest.mark.parametrize("text", ["", "stall", "stall@x:1", "sleep@1:1", "stall@-1:1", "stall@1:nan", "burst@1"])
def test_a_wrong_text_is_refused_with_the_expected_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected KIND@TICK:VALUE"):
        Misbehaviour.parse(text)


def test_each_fault_happens_once_and_on_its_tick() -> None:
    texts = ("burst@3:8", "stall@1:0.5", "nan-observation@3:2", "nan-reward@4:1")
    schedule, diary = MisbehaviourSchedule(tuple(map(Misbehaviour.parse, texts))), _Diary()
    seen = []
    for tick in range(6):
        schedule.apply(tick, diary)
        seen.append(len(diary.entries))
    assert seen == [0, 1, 1, 3, 4, 4]
    assert diary.entries[0] == ("stall", 0.5)
    assert sorted(diary.entries[1:3]) == [("burst", 8), ("observation", 2)]
    assert diary.entries[3] == ("reward", 1)
