from __future__ import annotations

from trainer_process.consumption_record import REMEMBERED_SESSIONS, ConsumptionRecord


def test_sessions_that_are_away_keep_their_place_and_those_that_are_there_move_on() -> None:
    record = ConsumptionRecord({5: 10, 6: 20})
    record.note({6: 21, 7: 1})
    assert [record.of(session) for session in (5, 6, 7, 8)] == [10, 21, 1, 0]
    assert record.to_plain() == {5: 10, 6: 21, 7: 1}


def test_those_that_were_heard_of_longest_ago_go_first_and_none_that_is_there() -> None:
    record = ConsumptionRecord(dict.fromkeys(range(1, REMEMBERED_SESSIONS + 1), 1))
    there = dict.fromkeys(range(1000, 1064), 2)
    record.note(there)
    assert len(record.to_plain()) == REMEMBERED_SESSIONS + 64
    record.note({**there, 1064: 2})
    assert len(record.to_plain()) == REMEMBERED_SESSIONS + 65
    record.note({1: 3})
    plain = record.to_plain()
    assert len(plain) == REMEMBERED_SESSIONS + 1
    assert plain[1] == 3
    assert 2 not in plain
    assert 1064 in plain
