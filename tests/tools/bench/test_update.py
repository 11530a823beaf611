from __future__ import annotations

from tools.bench import update


def test_an_update_of_ours_and_an_estimate_of_advantages_can_be_measured(monkeypatch):
    monkeypatch.setattr(update, "EPOCHS", 1)
    measure = update.our_update(1024)
    assert measure() > 0
    # The same batch again: nothing of it was consumed for good.
    assert measure() > 0
    assert update.estimate_seconds() > 0


def test_without_a_peer_each_size_has_a_row_and_promises_nothing(monkeypatch):
    monkeypatch.setattr(update, "EPOCHS", 1)
    (row,) = update._rows_of_size(1024, "ratio <= 0.85", None, 1)
    assert "minibatch 1024" in row.name
    assert (row.target, row.peer_name) == ("", "")


def test_a_policy_with_memory_is_measured_beside_one_without(monkeypatch):
    monkeypatch.setattr(update, "EPOCHS", 1)
    row = update._with_memory(1)
    assert "GRU of 64 over windows of 16" in row.name
    assert row.peer_name == "itself without memory"
