"""What `bench imitation` makes of clones and trainings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.bench import kept_training as kept
from tools.bench.evaluated_training import Training
from tools.bench.imitation import PARTS
from tools.bench.imitation_chart import Curve, ReturnPoint, draw_fine_tuning, draw_returns
from tools.bench.imitation_cloning import ClonePair, returns_row, seconds_row
from tools.bench.imitation_experts import Shown
from tools.bench.imitation_fine_tuning import FineTuned, rows_of
from tools.bench.imitation_tasks import CLONING_TASKS, EXPERTS, IMITATION_PARTS
from tools.bench.kept_training import Look, kept_training, steps_to
from tools.bench.learning_tasks import GYMNASIUM_TASKS
from tools.bench.table import meets_target

SHOWN = Shown(Path("a.lbr"), Path("a.npz"), 250.0, "bridge")
TRAINING = Training("CartPole-v1", seed=3, copies=2, results="somewhere")


def pair(ours: float, peer: float | None, seconds: tuple[float, float] = (1.0, 4.0)) -> ClonePair:
    theirs = None if peer is None else {"returns": [peer, peer], "seconds": seconds[1]}
    return ClonePair({"returns": [ours, ours], "seconds": seconds[0]}, theirs, "imitation 1.0.1" if theirs else "")


def looks(*returns: float, steps: int = 1000) -> tuple[Look, ...]:
    return tuple(Look(update, steps * update, value, float(update)) for update, value in enumerate(returns))


@pytest.mark.parametrize(("ours", "verdict"), [([100.0, 104.0], True), ([97.0, 101.0], True), ([90.0, 94.0], False)])
def test_clones_may_be_worse_than_the_peers_by_one_pooled_standard_error(ours: list[float], verdict: bool) -> None:
    # the peer's mean is 101; variances 8 and 8 give a standard error of sqrt(8 * (1/2 + 1/2)) = 2.8
    row = returns_row("a world", [pair(ours[0], 99.0), pair(ours[1], 103.0)], SHOWN)
    assert row.target == "median >= 98.2"
    assert meets_target(row) is verdict


def test_clones_without_a_peer_are_not_judged() -> None:
    row = returns_row("a world", [pair(100.0, None)], SHOWN)
    assert (row.target, row.peer_median, meets_target(row)) == ("", None, None)


def test_wall_clock_is_judged_by_the_median_of_neighbours() -> None:
    pairs = [pair(0.0, 0.0, times) for times in ((1.0, 4.0), (3.0, 4.0), (1.0, 10.0))]
    row = seconds_row("a world", pairs, CLONING_TASKS["cart_pole"])
    assert row.ratio == 0.25
    assert meets_target(row) is True


def test_fine_tuning_counts_the_steps_of_both_sides_to_the_level() -> None:
    row = rows_of([FineTuned(0, looks(100.0, 150.0, 210.0), looks(0.0, 0.0, 0.0, 0.0, 205.0), -200.0)])[0]
    assert row.median == 0.5
    assert meets_target(row) is True


def test_a_clone_that_never_gets_to_the_level_misses_the_target() -> None:
    row = rows_of([FineTuned(0, looks(100.0, 150.0), looks(0.0, 205.0), -200.0)])[0]
    assert meets_target(row) is False


@pytest.mark.parametrize(("deepest", "fall"), [(160.0, 0.0), (40.0, 0.2), (-50.0, 0.5)])
def test_a_fall_is_a_share_of_the_distance_to_a_random_policy(deepest: float, fall: float) -> None:
    row = rows_of([FineTuned(0, looks(100.0, max(deepest, 100.0), deepest, 210.0), looks(0.0, 205.0), -200.0)])[1]
    assert row.median == pytest.approx(fall)
    assert meets_target(row) is (fall <= 0.2)


def test_falls_after_the_watched_updates_do_not_count() -> None:
    cloned = looks(*[100.0] * 21, -200.0)
    assert FineTuned(0, cloned, looks(0.0, 205.0), -200.0).fall == 0.0


def test_a_training_is_run_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []

    def answer(command: list[str]) -> str:
        asked.append(command)
        line = {"update": 0, "steps": 0, "return_mean": 9.0, "return_std": 0.0, "wall_s": 0.0, "training": {}}
        return f"{json.dumps(line)}\n{json.dumps({**line, 'update': 1, 'steps': 64, 'return_mean': 20.0})}\n"

    monkeypatch.setattr(kept, "run_program", answer)
    first, second = (kept_training("a", TRAINING, tmp_path) for _ in range(2))
    assert first == second == (Look(0, 0, 9.0, 0.0), Look(1, 64, 20.0, 0.0))
    assert len(asked) == 1
    assert Training(**json.loads(asked[0][-1])) == TRAINING
    assert (steps_to(first, 20.0), steps_to(first, 21.0)) == (64, None)


def test_every_part_has_its_expert_and_every_expert_a_task() -> None:
    assert tuple(PARTS) == IMITATION_PARTS
    assert {task.expert for task in CLONING_TASKS.values()} <= EXPERTS.keys()
    assert {expert.task for expert in EXPERTS.values()} <= GYMNASIUM_TASKS.keys()


def test_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = [ReturnPoint(1, [10.0, 20.0], [5.0]), ReturnPoint(10, [90.0], [])]
    assert draw_returns(points, 100.0, tmp_path / "returns.png", "clones")
    assert draw_fine_tuning([Curve([0, 1], [1.0, 2.0], True)], 2.0, tmp_path / "tuned.png", "fine-tuning")
    assert (tmp_path / "returns.png").stat().st_size > 0
    assert (tmp_path / "tuned.png").stat().st_size > 0
