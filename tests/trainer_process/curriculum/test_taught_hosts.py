"""What hosts of a run with lessons hear, and when; and that a run that is resumed is in the lesson that it was in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from protocol.environment_sampler import ConstantSampler
from protocol.messages import Credit, EnvironmentParameters, Experience, PolicyUpdate, Ready, Welcome
from tests.trainer_process.server_world import START, Host, World, configure, experience, hello
from trainer_process.curriculum import CompletionCriteria, Curriculum, Lesson, TaughtParameter
from trainer_process.run_folder import RunFolder

EPISODES = {"steps_per_update": 4, "total_steps": 1000}


def walls(*, min_lesson_length: int = 1, requires_reset: bool = False) -> Curriculum:
    """Three lessons, each over once the smoothed mean return exceeds 1."""
    criteria = CompletionCriteria(
        "Walker", threshold=1.0, min_lesson_length=min_lesson_length, requires_reset=requires_reset
    )
    lessons = [Lesson(f"wall of {height:g}", ConstantSampler(height), criteria) for height in (1.0, 2.0, 4.0)]
    return Curriculum([TaughtParameter("wall", tuple(lessons))])


def played(batch_id: int, *returns: float) -> Experience:
    """A batch in which episodes with these returns ended."""
    lengths = np.full(len(returns), 4, np.int32)
    return experience(batch_id, episode_returns=np.array(returns), episode_lengths=lengths)


def height(message: EnvironmentParameters) -> object:
    sampler = message.samplers["wall"]
    assert isinstance(sampler, dict)
    return sampler["value"]


def learn(host: Host, batch_id: int, *returns: float) -> None:
    """Sends a batch and waits until it was learnt from."""
    host.say(played(batch_id, *returns))
    host.await_heard(Credit, batch_id)


def test_every_new_host_hears_of_the_parameters_right_after_its_welcome(tmp_path: Path) -> None:
    with World(tmp_path, run=walls()) as world:
        host = world.host()
        host.join()
        assert [type(message) for message in host.heard[:2]] == [Welcome, EnvironmentParameters]
        message = host.await_heard(EnvironmentParameters)
        assert (message.serial, height(message), message.requires_reset) == (1, 1.0, True)


def test_a_run_without_parameters_says_nothing_of_them(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        learn(host, 1, 9.0)
        assert not host.all_heard(EnvironmentParameters)


def test_a_lesson_ends_for_every_host_before_the_weights_that_ended_it_come(tmp_path: Path) -> None:
    with World(tmp_path, run=walls()) as world:
        first, second = world.host(), world.host()
        first.join(configure(settings=EPISODES))
        second.join(configure(settings=EPISODES))
        learn(first, 1, 1.0)  # 0.75
        learn(first, 2, 2.0)  # 0.1875 + 1.5
        for host in (first, second):
            host.await_heard(PolicyUpdate, 2)
            kinds = [
                type(message) for message in host.heard if isinstance(message, EnvironmentParameters | PolicyUpdate)
            ]
            assert kinds == [EnvironmentParameters, PolicyUpdate, EnvironmentParameters, PolicyUpdate]
            messages = host.all_heard(EnvironmentParameters)
            assert [(each.serial, height(each), each.requires_reset) for each in messages] == [
                (1, 1.0, True),
                (2, 2.0, False),
            ]


def test_a_host_that_joins_late_begins_in_the_present_lesson(tmp_path: Path) -> None:
    with World(tmp_path, run=walls(requires_reset=True)) as world:
        first = world.host()
        first.join(configure(settings=EPISODES))
        learn(first, 1, 9.0)
        assert first.await_heard(EnvironmentParameters, 2).requires_reset
        late = world.host()
        late.join(configure(settings=EPISODES))
        message = late.await_heard(EnvironmentParameters)
        assert (message.serial, height(message), message.requires_reset) == (2, 2.0, True)


def test_a_host_that_is_back_hears_what_it_missed(tmp_path: Path) -> None:
    with World(tmp_path, run=walls()) as world:
        lost, other = world.host(), world.host()
        lost.join(configure(settings=EPISODES))
        other.join(configure(settings=EPISODES))
        lost.disconnect()
        learn(other, 1, 9.0)
        again = world.host()
        assert again.ask(hello(previous_session=lost.session_id), Welcome).resumed
        message = again.await_heard(EnvironmentParameters)
        assert (message.serial, height(message), message.requires_reset) == (2, 2.0, False)


def test_the_metrics_say_which_lesson_an_update_s_experience_is_of(tmp_path: Path) -> None:
    with World(tmp_path, run=walls()) as world:
        host = world.host()
        host.join(configure(settings=EPISODES))
        for batch_id in (1, 2, 3):
            learn(host, batch_id, 9.0)
        host.await_heard(PolicyUpdate, 3)
        assert [update.metrics["lesson/wall"] for update in host.all_heard(PolicyUpdate)] == [0.0, 1.0, 2.0]
    lines = (world.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["lesson/wall"] for line in lines] == [0.0, 1.0, 2.0]


def test_a_run_that_is_resumed_is_where_its_checkpoint_was(tmp_path: Path) -> None:
    kept = replace(START, checkpoint_interval=1)
    with World(tmp_path, run=walls(min_lesson_length=2), start=kept) as world:
        host = world.host()
        host.join(configure(settings=EPISODES))
        learn(host, 1, 2.0, 2.0)  # 1.5: the second lesson
        learn(host, 2, 0.5)
        world.until((world.folder / "checkpoints" / f"{2:09d}").is_dir, "the second checkpoint")
        context = RunFolder.claim(tmp_path, "run", resume=True).newest_context()
        assert context is not None
    assert context.run == {
        "lessons": {"wall": {"number": 1, "name": "wall of 2"}},
        "smoothing": {"wall": 1.5},
        "reward_buffers": {"Walker": [0.5]},
        "serial": 2,
    }
    curriculum = walls(min_lesson_length=2)
    curriculum.restore(context.run)
    with World(tmp_path, run=curriculum, run_id="again") as world:
        host = world.host()
        host.join(configure(settings=EPISODES))
        message = host.await_heard(EnvironmentParameters)
        assert (message.serial, height(message)) == (2, 2.0)
        learn(host, 1, 2.5)  # mean(0.5, 2.5) = 1.5: 0.375 + 1.125 = 1.5 > 1
        assert [height(each) for each in host.all_heard(EnvironmentParameters)] == [2.0, 4.0]


def test_lessons_wait_for_the_algorithm_and_not_for_the_batches(tmp_path: Path) -> None:
    with World(tmp_path, run=walls()) as world:
        host = world.host()
        host.ask(hello(), Welcome)
        host.ask(configure(settings={"steps_per_update": 8, "total_steps": 1000}), Ready)
        host.say(played(1, 9.0))
        world.until(lambda: world.server.behaviors["Walker"].pending_batches == 1, "the batch")
        assert len(host.all_heard(EnvironmentParameters)) == 1
        host.say(played(2))
        assert height(host.await_heard(EnvironmentParameters, 2)) == 2.0
