from __future__ import annotations

import numpy as np

from host_sdk.inference import ActionDistribution
from protocol.action_layout import ActionLayout
from protocol.schema import ContinuousAction, ExclusiveDiscreteAction, ExclusiveUnionAction, StructAction
from trainer_process.models.bounded_action import BoundedAction

LAYOUT = ActionLayout.of(
    StructAction(
        (
            ("squashed", ContinuousAction(1, bounding="squash", low=(2.0,), high=(6.0,))),
            ("clipped", ContinuousAction(1, scale=2.0, bounding="clip", low=(-1.0,), high=(3.0,))),
            ("free", ContinuousAction(1, scale=10.0)),
            ("choice", ExclusiveDiscreteAction(2)),
        )
    )
)


def sampled(squashed: float, clipped: float, free: float) -> np.ndarray:
    return np.array([[squashed, clipped, free, 0.0, 1.0]], np.float32)


def test_bounded_numbers_lie_between_minus_1_and_1_and_others_are_as_the_game_gets_them():
    read = BoundedAction(LAYOUT).of(sampled(0.5, 1.0, 0.3))[0]
    np.testing.assert_allclose(read, [np.tanh(0.5), 0.5, 3.0, 0.0, 1.0], rtol=1e-6)


def test_what_is_one_to_the_game_is_one_to_the_reward():
    bounded, distribution = BoundedAction(LAYOUT), ActionDistribution(LAYOUT, 1)
    far, farther = sampled(20.0, 5.0, 0.0), sampled(30.0, 50.0, 0.0)
    np.testing.assert_array_equal(distribution.to_delivered(far), distribution.to_delivered(farther))
    np.testing.assert_array_equal(bounded.of(far), bounded.of(farther))
    np.testing.assert_array_equal(bounded.of(far)[0, :2], [1.0, 1.0])


def test_only_numbers_without_bounds_are_left_to_the_normaliser():
    assert BoundedAction(LAYOUT).unbounded.tolist() == [False, False, True, False, False]


def test_what_is_not_acted_is_zero_whatever_its_bounds():
    layout = ActionLayout.of(
        ExclusiveUnionAction(
            (
                ("wait", ExclusiveDiscreteAction(2)),
                ("move", ContinuousAction(1, bounding="clip", low=(1.0,), high=(3.0,))),
            )
        )
    )
    actions = np.zeros((2, layout.vector_size), np.float32)
    gate = int(layout.gates[0])
    actions[1, gate], actions[1, 0] = 1.0, 1.5
    assert BoundedAction(layout).of(actions)[:, 0].tolist() == [0.0, -0.5]


def test_actions_without_numbers_stay_as_they_are():
    choices = np.eye(3, dtype=np.float32)
    bounded = BoundedAction(ActionLayout.of(ExclusiveDiscreteAction(3)))
    np.testing.assert_array_equal(bounded.of(choices), choices)
