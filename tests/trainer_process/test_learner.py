"""Jobs on the learner thread, and their outcomes on the main one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from trainer_process.learner import Learner, Phase, ReportProgress

HANG_S = 20.0


class Outcomes:
    """What a job came to, and how to wait for it."""

    def __init__(self) -> None:
        self.woken = threading.Semaphore(0)
        self.results: list[object] = []
        self.errors: list[Exception] = []
        self.threads: list[str] = []

    def done(self, result: object) -> None:
        self.results.append(result)
        self.threads.append(threading.current_thread().name)

    def failed(self, error: Exception) -> None:
        self.errors.append(error)


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def learner(outcomes: Outcomes) -> Iterator[Learner]:
    learner = Learner(outcomes.woken.release)
    yield learner
    assert learner.stop(HANG_S)


def test_a_job_runs_on_the_learner_and_its_outcome_arrives_on_the_caller_s_thread(
    learner: Learner, outcomes: Outcomes
) -> None:
    learner.submit(Phase.LEARNING, lambda _: threading.current_thread().name, outcomes.done, outcomes.failed)
    assert outcomes.woken.acquire(timeout=HANG_S)
    assert not outcomes.results
    assert learner.deliver() == 1
    assert outcomes.results == ["learner"]
    assert outcomes.threads == [threading.current_thread().name]
    assert learner.is_idle


def test_jobs_run_in_the_order_of_submission(learner: Learner, outcomes: Outcomes) -> None:
    for number in range(5):
        learner.submit(Phase.LEARNING, lambda _, number=number: number, outcomes.done, outcomes.failed)
    for _ in range(5):
        assert outcomes.woken.acquire(timeout=HANG_S)
    learner.deliver()
    assert outcomes.results == [0, 1, 2, 3, 4]


def test_an_error_is_handed_over_and_the_next_job_runs(learner: Learner, outcomes: Outcomes) -> None:
    def fail(report_progress: ReportProgress) -> None:
        raise ValueError("no")

    learner.submit(Phase.LEARNING, fail, outcomes.done, outcomes.failed)
    learner.submit(Phase.LEARNING, lambda _: "yes", outcomes.done, outcomes.failed)
    for _ in range(2):
        assert outcomes.woken.acquire(timeout=HANG_S)
    learner.deliver()
    assert [str(error) for error in outcomes.errors] == ["no"]
    assert outcomes.errors[0].__traceback__ is not None
    assert outcomes.results == ["yes"]


def test_phase_and_counter_tell_what_the_learner_does(learner: Learner, outcomes: Outcomes) -> None:
    reached, release = threading.Event(), threading.Event()

    def work(report_progress: ReportProgress) -> None:
        for _ in range(3):
            report_progress()
        reached.set()
        release.wait(HANG_S)

    assert (learner.phase, learner.counter) == (Phase.WAITING, 0)
    learner.submit(Phase.SAVING, work, outcomes.done, outcomes.failed)
    assert reached.wait(HANG_S)
    assert (learner.phase, learner.counter) == (Phase.SAVING, 3)
    assert not learner.is_idle
    release.set()
    assert outcomes.woken.acquire(timeout=HANG_S)
    assert (learner.phase, learner.counter) == (Phase.WAITING, 4)


def test_stopping_gives_up_on_a_stuck_job_and_drops_those_behind_it(outcomes: Outcomes) -> None:
    learner = Learner(outcomes.woken.release)
    reached, release = threading.Event(), threading.Event()

    def get_stuck(report_progress: ReportProgress) -> str:
        reached.set()
        release.wait(HANG_S)
        return "stuck"

    learner.submit(Phase.LEARNING, get_stuck, outcomes.done, outcomes.failed)
    learner.submit(Phase.LEARNING, lambda _: "never", outcomes.done, outcomes.failed)
    assert reached.wait(HANG_S)
    assert not learner.stop(0.01)
    release.set()
    assert learner.stop(HANG_S)
    learner.deliver()
    assert outcomes.results == ["stuck"]
