"""Evaluations play whole episodes without preferring short ones, and begin when the trainer has learnt from enough."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk import evaluation as evaluation_module
from host_sdk.collection.iteration_seed import IterationSeeds
from host_sdk.errors import InvalidSettingsError
from host_sdk.evaluation import Evaluation
from host_sdk.evaluation_schedule import EvaluationSchedule
from host_sdk.run_settings import RunSettings
from host_sdk.settings import PPOTrainerSettings
from protocol.completion import Completion
from protocol.endpoint import HOST_INDEX_VARIABLE, RUN_SETTINGS_VARIABLE


def play(evaluation: Evaluation, lengths: list[int], ticks: int) -> int:
    """Agents whose episodes have these lengths, and rewards of 1; the ticks until it was over."""
    ids = np.arange(len(lengths))
    for tick in range(1, ticks + 1):
        completions = np.array(
            [Completion.TERMINATION if tick % length == 0 else Completion.RUNNING for length in lengths], np.uint8
        )
        evaluation.tally(ids, np.ones(len(lengths), np.float32), completions)
        evaluation.forget(ids[completions != Completion.RUNNING])
        if evaluation.is_over:
            return tick
    return 0


def test_each_agent_plays_its_share_however_short_its_episodes_are() -> None:
    evaluation = Evaluation(4, 0, 3, episode_count=4)
    assert play(evaluation, [1, 10], 100) == 20
    summary = evaluation.summary()
    assert (summary.episode_count, summary.return_mean, summary.length_mean) == (4, 5.5, 5.5)
    assert summary.policy_version == 3


def test_shares_differ_by_one_where_they_must() -> None:
    evaluation = Evaluation(3, 0, 0, episode_count=4)
    assert play(evaluation, [2, 2, 2], 100) == 4
    assert evaluation.summary().episode_count == 4


def test_what_an_agent_that_leaves_owed_is_not_waited_for() -> None:
    evaluation = Evaluation(2, 0, 0, episode_count=2)
    evaluation.tally(np.arange(2), np.ones(2, np.float32), np.zeros(2, np.uint8))
    evaluation.withdraw(np.array([1]))
    assert not evaluation.is_over
    evaluation.tally(np.array([0]), np.ones(1, np.float32), np.array([Completion.TRUNCATION], np.uint8))
    assert evaluation.is_over
    assert (evaluation.summary().episode_count, evaluation.summary().return_mean) == (1, 2.0)


def test_episodes_that_do_not_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation_module, "MOST_TICKS_WITHOUT_END", 50)
    assert play(Evaluation(1, 0, 0, episode_count=1), [10_000], 100) == 50


def test_without_episodes_ticks_count() -> None:
    evaluation = Evaluation(2, 7, 0)
    assert play(evaluation, [3, 3], 100) == 7
    assert evaluation.summary().episode_count == 4


def test_an_evaluation_is_due_once_in_each_interval() -> None:
    schedule = EvaluationSchedule(100, 5)
    assert [schedule.is_due(steps) for steps in (0, 99, 100, 150, 320, 399, 400)] == [0, 0, 1, 0, 1, 0, 1]


def test_steps_that_are_learnt_again_are_evaluated_again() -> None:
    schedule = EvaluationSchedule(100, 5)
    assert [schedule.is_due(steps) for steps in (250, 120, 190, 210)] == [1, 0, 0, 1]


def test_without_an_interval_nothing_is_due() -> None:
    assert not EvaluationSchedule().is_due(1e9)


@pytest.mark.parametrize(("host", "interval"), [("0", 500), ("1", 0)])
def test_a_runs_configuration_asks_its_first_host(host: str, interval: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_SETTINGS_VARIABLE, '{"evaluation_settings": {"interval_steps": 500, "episodes": 3}}')
    monkeypatch.setenv(HOST_INDEX_VARIABLE, host)
    assert EvaluationSchedule.of(PPOTrainerSettings()).interval_steps == interval
    assert EvaluationSchedule.of(PPOTrainerSettings(evaluation_interval_steps=7)).interval_steps == 7
    assert EvaluationSchedule.of(PPOTrainerSettings(evaluation_interval_steps=0)).interval_steps == 0


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(InvalidSettingsError, match="evaluation_interval_steps: expected an integer of at least 0"):
        PPOTrainerSettings(evaluation_interval_steps=-1)
    with pytest.raises(InvalidSettingsError, match=r"\$\.evaluation_settings\.episodes: expected at least 0, got -1"):
        RunSettings.from_plain({"evaluation_settings": {"episodes": -1}})


def test_evaluations_are_seeded_alike_and_training_goes_on_otherwise_after_each() -> None:
    seeds = IterationSeeds(5)
    first = seeds.evaluation
    seeds.begin(3)
    assert seeds.evaluation == first != IterationSeeds(6).evaluation
    assert len({first, seeds.episodes, *(seeds.episodes_after_evaluation(version) for version in range(4))}) == 6
