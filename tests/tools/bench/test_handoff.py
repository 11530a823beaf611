"""The hand-off bench with real processes, for a moment."""

from __future__ import annotations

import pytest

from tools.bench import handoff

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def few_hand_offs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handoff, "HAND_OFFS", 3)


@pytest.mark.parametrize("shared_memory", [True, False], ids=["shared-memory", "socket"])
def test_a_hand_off_and_its_weights_take_time_in_the_carrier_that_was_asked_for(shared_memory: bool) -> None:
    with handoff.game_beside(("echo", "400"), shared_memory) as (game, trainer):
        assert game.communicator.shares_memory is shared_memory
        there_s, back_s = handoff.exchange(game, trainer)
    assert 0.0 < there_s < 60.0
    assert 0.0 < back_s < 60.0


def test_a_batch_is_handed_off_again_and_again() -> None:
    there, back = handoff.back_to_back(200, 1, shared_memory=True)
    assert 0.0 < there.low <= there.median <= there.high
    assert 0.0 < back.low <= back.median <= back.high
