from __future__ import annotations

import math

import pytest
import torch

from protocol.action_layout import ActionLayout
from protocol.schema import (
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    StructAction,
)
from trainer_process.algorithms.bc.agreement import agreement
from trainer_process.algorithms.bc.validation_score import validation_score
from trainer_process.data.step_rows import StepRows

NUMBERS = ActionLayout.of(ContinuousAction(2))
CHOICE = ActionLayout.of(ExclusiveDiscreteAction(2))
MIXED = ActionLayout.of(
    StructAction((("x", FloatAction()), ("choice", ExclusiveDiscreteAction(3)), ("jump", BoolAction())))
)


def rows(actions: list[list[float]], **columns: torch.Tensor) -> StepRows:
    return StepRows(observations=torch.zeros(len(actions), 1), actions=torch.tensor(actions), **columns)


def test_the_error_is_the_mean_distance_of_the_mode():
    distribution = torch.tensor([[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    found = agreement(NUMBERS, distribution, rows([[1.5, 2.0], [0.0, -1.0]]))
    assert found["action_error"] == pytest.approx(1.5 / 4)
    expected = 0.5 * (0.25 + 1.0) / 2 + math.log(2 * math.pi)
    assert found["neg_log_prob"] == pytest.approx(expected)
    assert found["entropy"] == pytest.approx(1 + math.log(2 * math.pi))
    assert "accuracy" not in found


def test_the_accuracy_is_the_share_of_choices_that_the_mode_has_too():
    logits = torch.log(torch.tensor([[0.75, 0.25], [0.75, 0.25], [0.5, 0.5]]))
    found = agreement(CHOICE, logits, rows([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["prob_true_action"] == pytest.approx(0.5)
    assert found["neg_log_prob"] == pytest.approx(-(math.log(0.75) + math.log(0.25) + math.log(0.5)) / 3)
    assert "action_error" not in found


def test_padding_does_not_count():
    distribution = torch.tensor([[1.0, 2.0, 0.0, 0.0], [50.0, 50.0, 0.0, 0.0]])
    found = agreement(NUMBERS, distribution, rows([[1.5, 2.0], [0.0, 0.0]], is_valid=torch.tensor([1.0, 0.0])))
    assert found["action_error"] == pytest.approx(0.25)


def test_what_was_given_or_masked_is_no_mistake():
    # modifier: given number, is given, three masked options, one masked bit
    given = torch.tensor([[0.7, 1.0, 0.0, 1.0, 0.0, 1.0]])
    distribution = torch.tensor([[9.0, 0.0, 1.0, 5.0, 0.0, 9.0]])
    found = agreement(MIXED, distribution, rows([[0.7, 1.0, 0.0, 0.0, 0.0]], modifiers=given))
    assert "action_error" not in found
    assert found["accuracy"] == 1.0


def test_a_choice_with_one_open_option_and_what_no_union_chose_are_not_counted():
    layout = ActionLayout.of(ExclusiveUnionAction((("item", ExclusiveDiscreteAction(2)), ("throw", FloatAction()))))
    # floats: the number below "throw", the union's one-hot, the item's one-hot
    distribution = torch.tensor([[3.0, 0.0, 2.0, 0.0, 0.0, 1.0]])
    found = agreement(layout, distribution, rows([[0.0, 1.0, 0.0, 0.0, 1.0]]))
    assert "action_error" not in found
    assert found["accuracy"] == 1.0
    masked = torch.tensor([[0.0, 0.0, 0.0, 1.0, 0.0, 0.0]])
    found = agreement(layout, distribution, rows([[0.0, 1.0, 0.0, 1.0, 0.0]], modifiers=masked))
    assert found["accuracy"] == 0.0


def test_the_score_of_numbers_is_the_log_of_their_mean_distance_whatever_the_deviation():
    actions = rows([[1.5, 2.0], [0.0, -1.0]])
    expected = math.log(0.25 + 1e-3) + math.log(0.5 + 1e-3)
    for log_std in (-3.0, 0.0):
        distribution = torch.tensor([[1.0, 2.0, log_std, log_std], [0.0, 0.0, log_std, log_std]])
        assert validation_score(NUMBERS, distribution, actions) == pytest.approx(expected, abs=1e-5)


def test_the_score_of_choices_does_not_fall_for_overconfidence():
    probabilities = torch.tensor([[0.75, 0.25], [0.75, 0.25], [0.75, 0.25], [0.75, 0.25]])
    actions = rows([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    calm = validation_score(CHOICE, torch.log(probabilities), actions)
    sure = validation_score(CHOICE, 8.0 * torch.log(probabilities), actions)
    assert calm == pytest.approx(-(3 * math.log(0.75) + math.log(0.25)) / 4)
    assert sure == pytest.approx(calm)


def test_the_score_of_both_is_their_sum():
    distribution = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    score = validation_score(MIXED, distribution, rows([[1.5, 0.0, 1.0, 0.0, 1.0]]))
    assert score == pytest.approx(math.log(0.501) + math.log(3) + math.log(2))
