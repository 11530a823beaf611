"""Lessons follow each other by what is learnt, and hosts are told."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np
import pytest

from protocol.environment_sampler import ConstantSampler
from protocol.messages import EnvironmentParameters, Message
from trainer_process.curriculum import CompletionCriteria, Curriculum, Lesson, TaughtParameter
from trainer_process.errors import SettingsError


def lesson(value: float, behavior: str | None = None, threshold: float = 1.0, **changes: Any) -> Lesson:
    """One that sets a value; without a behavior, the last."""
    criteria = None if behavior is None else CompletionCriteria(behavior, threshold=threshold, **changes)
    return Lesson(f"lesson {value:g}", ConstantSampler(value), criteria)


def wall(*lessons: Lesson) -> TaughtParameter:
    return TaughtParameter("wall", lessons)


class Run:
    """A curriculum and what hosts are told of it."""

    def __init__(self, *parameters: TaughtParameter) -> None:
        self.curriculum = Curriculum(parameters)
        self.told: list[EnvironmentParameters] = []
        self.curriculum.begin(self._tell)

    def _tell(self, message: Message) -> None:
        assert isinstance(message, EnvironmentParameters)
        self.told.append(message)

    def learn(self, *returns: float, behavior: str = "Jumper", progress: float = 0.0) -> None:
        self.curriculum.hear_learnt(behavior, np.array(returns, dtype=np.float64), progress)

    @property
    def lessons(self) -> dict[str, int]:
        lessons: Any = self.curriculum.state()["lessons"]
        return {name: lesson["number"] for name, lesson in lessons.items()}

    @property
    def smoothing(self) -> Any:
        return self.curriculum.state()["smoothing"]

    @property
    def buffers(self) -> Any:
        return self.curriculum.state()["reward_buffers"]


def test_criteria_are_evaluated_once_for_each_episode() -> None:
    run = Run(wall(lesson(1.0, "Jumper", 2.0, min_lesson_length=2), lesson(2.0)))
    run.learn(1.0)
    assert (run.smoothing, run.buffers) == ({"wall": 0.0}, {"Jumper": [1.0]})  # too few: nothing is smoothed
    run.learn(2.0, 2.0)
    # mean(1, 2) * 0.75 = 1.125; mean(2, 2) * 0.75 + 1.125 / 4 = 1.78125
    assert (run.smoothing, run.buffers) == ({"wall": 1.78125}, {"Jumper": [2.0, 2.0]})
    assert run.lessons == {"wall": 0}
    run.learn(3.0)
    # mean(2, 3) * 0.75 + 1.78125 / 4 = 2.3203125 > 2
    assert (run.lessons, run.smoothing, run.buffers) == ({"wall": 1}, {"wall": 2.3203125}, {"Jumper": []})
    assert [message.samplers for message in run.told] == [{"wall": {"sampler_type": "constant", "value": 2.0}}]
    assert [message.serial for message in run.told] == [2]


def test_the_smoothed_value_is_kept_from_lesson_to_lesson() -> None:
    run = Run(wall(lesson(1.0, "Jumper", 1.0), lesson(2.0, "Jumper", 1.0), lesson(3.0)))
    run.learn(4.0)  # 3
    run.learn(0.0)  # 3 / 4 + 0 = 0.75
    assert (run.lessons, run.smoothing) == ({"wall": 1}, {"wall": 0.75})
    run.learn(2.0)  # mean(2), since only one episode is kept: 0.1875 + 1.5 = 1.6875
    assert (run.lessons, run.smoothing) == ({"wall": 2}, {"wall": 1.6875})


def test_what_is_left_of_an_update_was_played_in_the_lesson_that_ended() -> None:
    run = Run(wall(lesson(1.0, "Jumper"), lesson(2.0, "Jumper"), lesson(3.0)))
    run.learn(9.0, 9.0, 9.0)
    assert (run.lessons, run.buffers) == ({"wall": 1}, {"Jumper": []})
    run.learn(9.0)
    assert run.lessons == {"wall": 2}


def test_the_last_lesson_stays_whatever_its_criteria_say() -> None:
    run = Run(wall(lesson(1.0, "Jumper"), lesson(2.0, "Jumper")))
    for _ in range(3):
        run.learn(9.0)
    assert (run.lessons, len(run.told)) == ({"wall": 1}, 1)
    assert run.buffers == {"Jumper": [9.0]}


def test_progress_ends_lessons_also_where_no_episode_does() -> None:
    by_progress: dict[str, Any] = {"measure": "progress"}
    run = Run(wall(lesson(1.0, "Jumper", 0.25, **by_progress), lesson(2.0, "Jumper", 0.5, **by_progress), lesson(3.0)))
    seen = []
    for progress in (0.2, 0.25, 0.3, 0.5, 0.6):
        run.learn(progress=progress)
        seen.append(run.lessons["wall"])
    assert seen == [0, 0, 1, 1, 2]
    assert run.smoothing == {"wall": 0.0}


def test_no_episode_means_no_evaluation_of_returns() -> None:
    run = Run(wall(lesson(1.0, "Jumper", 2.0), lesson(2.0)))
    run.learn(1.0)
    run.learn()
    assert run.smoothing == {"wall": 0.75}


def test_parameters_go_on_by_themselves_and_forget_the_returns_of_every_behavior() -> None:
    drag = TaughtParameter("drag", (lesson(0.1, "Runner", 5.0, min_lesson_length=3), lesson(0.2)))
    fog = TaughtParameter("fog", (lesson(0.0),))
    run = Run(wall(lesson(1.0, "Jumper"), lesson(2.0)), drag, fog)
    run.learn(8.0, 8.0, behavior="Runner")
    run.learn(9.0, behavior="Stranger")
    assert run.buffers == {"Jumper": [], "Runner": [8.0, 8.0]}
    run.learn(9.0)
    assert run.lessons == {"wall": 1, "drag": 0, "fog": 0}
    assert run.buffers == {"Jumper": [], "Runner": []}
    run.learn(8.0, 8.0, 8.0, behavior="Runner")
    assert run.lessons == {"wall": 1, "drag": 1, "fog": 0}
    assert [message.serial for message in run.told] == [2, 3]
    assert run.told[1].samplers == {
        "wall": {"sampler_type": "constant", "value": 2.0},
        "drag": {"sampler_type": "constant", "value": 0.2},
        "fog": {"sampler_type": "constant", "value": 0.0},
    }


def test_lessons_that_end_by_the_same_episode_are_told_together() -> None:
    drag = TaughtParameter("drag", (lesson(0.1, "Jumper", requires_reset=True), lesson(0.2)))
    run = Run(wall(lesson(1.0, "Jumper"), lesson(2.0)), drag)
    run.learn(9.0)
    assert run.lessons == {"wall": 1, "drag": 1}
    assert [(message.serial, message.requires_reset) for message in run.told] == [(2, True)]


def test_each_behavior_keeps_as_many_returns_as_its_longest_lesson_needs() -> None:
    drag = TaughtParameter("drag", (lesson(0.1, "Runner", min_lesson_length=5), lesson(0.2)))
    lessons = (
        lesson(1.0, "Jumper", 99.0, min_lesson_length=2),
        lesson(2.0, "Jumper", min_lesson_length=3),
        lesson(3.0),
    )
    run = Run(wall(*lessons), drag)
    run.learn(1.0, 2.0, 3.0, 4.0)
    run.learn(*[-1.0] * 6, behavior="Runner")
    assert run.buffers == {"Jumper": [2.0, 3.0, 4.0], "Runner": [-1.0] * 5}


def test_a_new_host_s_agents_begin_anew_and_one_that_is_back_goes_on() -> None:
    run = Run(wall(lesson(1.0, "Jumper", requires_reset=True), lesson(2.0)))
    greetings = [run.curriculum.greeting(resumed=resumed) for resumed in (False, True)]
    run.learn(9.0)
    greetings.append(run.curriculum.greeting(resumed=True))
    assert all(isinstance(greeting, EnvironmentParameters) for greeting in greetings)
    assert [(each.serial, each.requires_reset) for each in greetings if isinstance(each, EnvironmentParameters)] == [
        (1, True),
        (1, False),
        (2, True),
    ]
    assert Curriculum(()).greeting(resumed=False) is None


def test_a_curriculum_goes_on_from_its_state_as_if_nothing_had_been() -> None:
    parameters = (
        wall(lesson(1.0, "Jumper", 1.0), lesson(2.0, "Jumper", 1.0, min_lesson_length=4), lesson(3.0)),
        TaughtParameter("drag", (lesson(0.1, "Runner", 5.0, min_lesson_length=9), lesson(0.2))),
    )
    returns = np.random.default_rng(0).normal(1.0, 0.3, 40)
    whole, halved = Run(*parameters), Run(*parameters)
    for start in range(0, 40, 4):
        for run in (whole, halved):
            run.learn(*returns[start : start + 4])
            run.learn(returns[start], behavior="Runner")
        if start % 8 == 0:
            state = json.loads(json.dumps(halved.curriculum.state()))
            halved = Run(*parameters)
            halved.curriculum.restore(state)
        assert halved.curriculum.state() == whole.curriculum.state()
    assert whole.lessons["wall"] == 2


def test_a_state_names_each_lesson_for_people() -> None:
    run = Run(wall(lesson(1.0, "Jumper"), lesson(2.0)))
    run.learn(9.0)
    assert run.curriculum.state()["lessons"] == {"wall": {"number": 1, "name": "lesson 2"}}


def test_a_state_of_another_curriculum_is_taken_as_far_as_it_goes() -> None:
    run = Run(wall(lesson(1.0, "Jumper"), lesson(2.0)))
    run.learn(9.0)
    state = run.curriculum.state()
    other = Run(wall(lesson(1.0, "Jumper"), lesson(5.0, "Jumper"), lesson(6.0)), TaughtParameter("fog", (lesson(0.0),)))
    other.curriculum.restore(state)
    assert other.lessons == {"wall": 1, "fog": 0}
    with pytest.raises(SettingsError, match=r"wall\.curriculum: expected more than 1 lessons, .*'lesson 2', got 1"):
        Run(wall(lesson(1.0))).curriculum.restore(state)
    fresh = Run(wall(lesson(1.0)))
    fresh.curriculum.restore({})
    assert fresh.lessons == {"wall": 0}


@pytest.mark.parametrize(
    "state",
    [
        {"lessons": 3},
        {"lessons": {"wall": 1}, "smoothing": {}, "reward_buffers": {}, "serial": 1},
        {"lessons": {}, "smoothing": {}, "reward_buffers": {}, "serial": 0},
        {"lessons": {"wall": {"number": -1, "name": "x"}}, "smoothing": {}, "reward_buffers": {}, "serial": 1},
    ],
)
def test_what_is_no_state_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="checkpoint: run: expected"):
        Run(wall(lesson(1.0))).curriculum.restore(state)


def test_a_criterion_of_a_behavior_that_there_is_not_is_refused_by_its_path() -> None:
    parameters = (wall(lesson(1.0, "Jumper"), lesson(2.0, "Jumpr"), lesson(3.0)),)
    with pytest.raises(SettingsError) as caught:
        Curriculum(parameters, known_behaviors=["Jumper", "Runner"])
    assert str(caught.value) == (
        "$.environment_parameters.wall.curriculum[1].completion_criteria.behavior: "
        "expected one of ['Jumper', 'Runner'], got 'Jumpr'"
    )
    Curriculum(parameters)


def test_a_lesson_that_waits_for_a_behavior_that_nobody_trains_is_no_silent_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Run(wall(lesson(1.0, "Jumpr"), lesson(2.0)))
    with caplog.at_level(logging.WARNING):
        run.learn(1.0)
        run.learn(1.0)
    assert caplog.messages == ["lessons wait for the episodes of Jumpr, which nobody has trained so far"]


def test_a_parameter_needs_lessons_that_end_and_a_name_of_its_own() -> None:
    with pytest.raises(SettingsError, match=r"wall: expected at least one lesson, got none"):
        wall()
    with pytest.raises(SettingsError, match=r"wall\.curriculum\[0\]\.completion_criteria: expected when the lesson"):
        wall(lesson(1.0), lesson(2.0))
    with pytest.raises(SettingsError, match="names of 1 to 128 bytes"):
        TaughtParameter("", (lesson(1.0),))
    with pytest.raises(SettingsError, match="each parameter once"):
        Curriculum((wall(lesson(1.0)), wall(lesson(1.0))))
    many = [TaughtParameter(f"parameter {index}", (lesson(1.0),)) for index in range(257)]
    with pytest.raises(SettingsError, match="at most 256 parameters, got 257"):
        Curriculum(many)
    assert Curriculum(many[:256]).greeting(resumed=False) is not None


def test_a_parameter_with_several_lessons_has_a_metric_whatever_its_name() -> None:
    lessons = lesson(1.0, "Jumper"), lesson(2.0)
    curriculum = Curriculum((TaughtParameter("x" * 128, lessons), wall(*lessons), TaughtParameter("fog", lessons[1:])))
    curriculum.hear_learnt("Jumper", np.array([9.0]), 0.0)
    metrics = dict(curriculum.metrics())
    assert metrics.pop("lesson/wall") == 1.0
    assert list(metrics) == ["lesson/" + "x" * 121]
