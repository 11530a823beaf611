from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from trainer_process.algorithms.ppo.training_data import TrainingData, joined


def numbered(step_count: int, first: int = 0) -> TrainingData:
    """Every number of a step is the step's, so that mixing shows."""
    steps = torch.arange(first, first + step_count, dtype=torch.float32)
    wide = torch.stack([steps, -steps], 1)
    return TrainingData(
        observations=wide,
        actions=wide,
        old_log_probs=steps,
        advantages=steps,
        returns=steps,
        old_values=steps,
        behavior_weights=steps,
    )


def with_everything(step_count: int, first: int = 0) -> TrainingData:
    data = numbered(step_count, first)
    return replace(
        data,
        memory=data.observations + 0.5,
        modifiers=data.observations,
        is_valid=torch.ones(step_count),
        image_rows=torch.arange(first, first + step_count),
        images=torch.arange(100, dtype=torch.uint8)[:, None],
        window_size=2,
    )


def assert_steps(data: TrainingData, expected: list[int]) -> None:
    steps = torch.tensor(expected, dtype=torch.float32)
    wide = torch.stack([steps, -steps], 1)
    for name, column in data.columns.items():
        if name == "memory":
            torch.testing.assert_close(column, wide + 0.5)
        elif name == "image_rows":
            torch.testing.assert_close(column, steps.long())
        elif name != "is_valid":
            torch.testing.assert_close(column, wide if column.dim() == 2 else steps)


def test_rows_are_taken_with_all_that_belongs_to_them_and_share_the_images() -> None:
    data = with_everything(6)
    taken = data.taken(torch.tensor([4, 5, 0, 1]))
    assert_steps(taken, [4, 5, 0, 1])
    assert taken.images is data.images
    assert taken.window_size == 2


def test_what_there_is_nothing_of_takes_no_part() -> None:
    assert not {"memory", "modifiers", "is_valid", "image_rows"} & set(numbered(3).columns)


def test_minibatches_are_views_in_their_order_and_the_last_one_is_what_is_left() -> None:
    data = with_everything(5)
    first, second, last = data.minibatches(2)
    for part, steps in ((first, [0, 1]), (second, [2, 3]), (last, [4])):
        assert_steps(part, steps)
    assert first.observations.data_ptr() == data.observations.data_ptr()


def test_parts_are_joined_column_by_column() -> None:
    assert_steps(joined([with_everything(2, 7), with_everything(3, 20)]), [7, 8, 20, 21, 22])


def test_blank_rows_are_zeros_of_the_same_widths_and_kinds() -> None:
    blank = with_everything(5).blank(3)
    for name, column in with_everything(3).columns.items():
        of_blank = blank.columns[name]
        assert (of_blank.shape, of_blank.dtype) == (column.shape, column.dtype)
        assert not of_blank.any()


@pytest.mark.parametrize(("steps", "rows"), [(1, 4), (4, 4), (7, 8), (8, 8), (64, 64)])
def test_a_minibatch_is_whole_windows_and_at_least_one(steps: int, rows: int) -> None:
    assert replace(numbered(8), is_valid=torch.ones(8), window_size=4).minibatch_rows(steps) == rows
    assert numbered(8).minibatch_rows(steps) == steps


def test_padding_is_not_among_the_steps_of_a_minibatch() -> None:
    # Three windows of 4 hold 6 steps, so that 4 steps take two windows.
    is_valid = torch.tensor([1.0, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0])
    assert replace(numbered(12), is_valid=is_valid, window_size=4).minibatch_rows(4) == 2 * 4


def test_valid_rows_are_those_that_are_no_padding() -> None:
    padded = replace(numbered(4), is_valid=torch.tensor([1.0, 0.0, 1.0, 1.0]))
    assert padded.valid_rows().tolist() == [0, 2, 3]
    assert numbered(4).valid_rows() is None


def test_targets_are_without_what_the_networks_read() -> None:
    targets = with_everything(4).targets()
    assert targets.observations.shape == (4, 0)
    assert targets.images is None
    assert not {"memory", "image_rows"} & set(targets.columns)
    torch.testing.assert_close(targets.returns, torch.arange(4.0))
