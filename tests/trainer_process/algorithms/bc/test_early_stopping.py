from __future__ import annotations

import numpy as np

from trainer_process.algorithms.bc.early_stopping import EarlyStopping


def weights(number: float) -> np.ndarray:
    return np.full(2, number, np.float32)


def test_the_weights_of_the_lowest_score_are_kept():
    stopping = EarlyStopping(patience=None)
    for score in (3.0, 1.0, 2.0, 1.0):
        stopping.add(score, weights(score))
    assert stopping.score == 1.0
    assert stopping.weights is not None
    assert stopping.weights.tolist() == [1.0, 1.0]
    assert stopping.epochs_since == 2
    assert not stopping.has_run_out


def test_patience_runs_out_after_so_many_epochs_without_improvement():
    stopping = EarlyStopping(patience=2)
    found = []
    for score in (3.0, 4.0, 2.5, 2.6, 2.7):
        stopping.add(score, weights(score))
        found.append(stopping.has_run_out)
    assert found == [False, False, False, False, True]


def test_a_score_that_is_no_number_is_no_improvement():
    stopping = EarlyStopping(patience=1)
    stopping.add(float("nan"), weights(0))
    assert stopping.weights is None
    assert stopping.has_run_out
