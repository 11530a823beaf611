"""What a host makes of a trainer's parameters while it plays: which episodes have them, and how others are cut."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from host_sdk import Communicator
from host_sdk.failure import FailureCode
from host_sdk.manager import AgentIds
from host_sdk.manager_listener import ManagerListener
from protocol.completion import Completion
from protocol.experience import SegmentTable
from protocol.messages import EnvironmentParameters, Experience, Message
from tools.echo_trainer import EchoSettings

from .corrected_host import CorrectedHost
from .fake_trainer import FakeTrainer, running
from .noop_host import QUICK, NoopHost
from .real_trainer import HANG_S
from .taught_host import AGENT_COUNT, EPISODE_STEPS, TaughtHost


def height(value: object, serial: int, *, requires_reset: bool = False) -> EnvironmentParameters:
    samplers = {"wall": {"sampler_type": "constant", "value": value}}
    return EnvironmentParameters(serial, samplers, requires_reset)


class TeachingTrainer(FakeTrainer):
    """Says at every Welcome, and when it is told to, what the walls are like.

    Attributes:
        present: what is said at a Welcome.
        unsaid: to be said as soon as may be.
        segments: of each batch, its table and the rewards of each segment.
    """

    def __init__(self) -> None:
        super().__init__("tcp://127.0.0.1:0", EchoSettings(steps_per_hand_off=80))
        self.present = height(1.0, 1)
        self.unsaid: deque[Message] = deque()
        self.segments: list[tuple[SegmentTable, list[list[float]]]] = []

    def teach(self, message: EnvironmentParameters) -> None:
        """From any thread."""
        self.present = message
        self.unsaid.append(message)

    def welcome(self, *, is_resumed: bool) -> None:
        super().welcome(is_resumed=is_resumed)
        self.say(replace(self.present, requires_reset=self.present.requires_reset or not is_resumed))

    def tell_progress(self) -> None:
        while self.unsaid:
            self.say(self.unsaid.popleft())
        super().tell_progress()

    def take(self, experience: Experience) -> None:
        table = SegmentTable(np.array(experience.segments))
        places = zip(table.lane.tolist(), table.first_row.tolist(), table.length.tolist(), strict=True)
        rewards = [experience.rewards[row : row + length, lane].tolist() for lane, row, length in places]
        self.segments.append((table, rewards))
        super().take(experience)


@pytest.fixture
def trainer() -> Iterator[TeachingTrainer]:
    made = TeachingTrainer()
    with running(made):
        yield made


@pytest.fixture
def host(trainer: TeachingTrainer, hosts: list[NoopHost]) -> TaughtHost:
    """It plays in the first lesson, and its first batch has just begun."""
    made = TaughtHost.attached(trainer.channel.endpoint, synchronous=False)
    hosts.append(made)
    made.tick_until(lambda: made.trainer.is_recording and made.heights == [1.0] * AGENT_COUNT)
    return made


def stand_still_until(host: TaughtHost, value: float) -> None:
    """Until the host has heard of that height."""
    limit_s = time.monotonic() + HANG_S
    while host.communicator.environment_parameters.get("wall", 100.0) != value:
        assert time.monotonic() < limit_s
        host.communicator.wait(0.05)
        host.communicator.poll()


def play_batch(host: TaughtHost, trainer: TeachingTrainer) -> tuple[SegmentTable, list[list[float]]]:
    """The next batch that the trainer takes."""
    before = len(trainer.segments)
    host.tick_until(lambda: len(trainer.segments) > before)
    return trainer.segments[before]


def test_a_new_host_begins_anew_with_the_parameters_before_it_records(
    host: TaughtHost, trainer: TeachingTrainer
) -> None:
    table, rewards = play_batch(host, trainer)
    assert {reward for segment in rewards for reward in segment} == {1.0 / EPISODE_STEPS}
    assert host.communicator.environment_parameters.get("wall", 100.0) == 1.0
    assert table.first_step[table.episode == table.episode.min()].min() == 0


def test_a_change_waits_for_each_agent_s_next_episode(host: TaughtHost, trainer: TeachingTrainer) -> None:
    host.manager.reset_agents([0, 1])
    host.tick()
    trainer.teach(height(2.0, 2))
    stand_still_until(host, 2.0)
    host.tick()
    assert host.heights == [1.0] * AGENT_COUNT
    table, rewards = play_batch(host, trainer)
    assert {tuple(set(segment)) for segment in rewards} == {(1.0 / EPISODE_STEPS,), (2.0 / EPISODE_STEPS,)}
    ended = table.completion == Completion.TRUNCATION
    harder = np.array([segment[0] == 2.0 / EPISODE_STEPS for segment in rewards])
    assert (table.length[ended & harder] == EPISODE_STEPS).all()


def test_a_change_that_can_t_wait_cuts_every_episode_where_it_is(host: TaughtHost, trainer: TeachingTrainer) -> None:
    host.manager.reset_all_agents()
    for _ in range(3):
        host.tick()
    trainer.teach(height(2.0, 2, requires_reset=True))
    stand_still_until(host, 2.0)
    assert host.heights == [1.0] * AGENT_COUNT
    host.tick()
    assert host.heights == [2.0] * AGENT_COUNT
    table, rewards = play_batch(host, trainer)
    assert int(table.length.sum()) == 80
    assert all(len(set(segment)) == 1 for segment in rewards)
    easy = np.array([segment[0] == 1.0 / EPISODE_STEPS for segment in rewards])
    last_easy = [table.completion[easy & (table.agent_id == agent)][-1] for agent in range(AGENT_COUNT)]
    assert last_easy == [Completion.RUNNING] * AGENT_COUNT
    # Of three actions the last one is dropped, as at every reset in between: what it led to was never observed.
    assert [table.length[easy & (table.agent_id == agent)][-1] for agent in range(AGENT_COUNT)] == [2] * AGENT_COUNT
    first_harder = [table.first_step[~easy & (table.agent_id == agent)][0] for agent in range(AGENT_COUNT)]
    assert first_harder == [0] * AGENT_COUNT


class Resets(ManagerListener):
    """Counts them."""

    count = 0

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """One more of each."""
        self.count += len(agent_ids)


def test_a_connection_that_was_lost_resets_nobody_and_loses_no_lesson(
    host: TaughtHost, trainer: TeachingTrainer
) -> None:
    trainer.teach(height(2.0, 2, requires_reset=True))
    host.tick_until(lambda: host.heights == [2.0] * AGENT_COUNT)
    resets = Resets()
    host.manager.add_listener(resets)
    trainer.restart_listening.set()
    host.tick_until(lambda: len(trainer.hellos) == 2)
    trainer.teach(height(3.0, 3))
    before = resets.count
    host.tick_until(lambda: host.heights == [3.0] * AGENT_COUNT)
    assert host.heights == [3.0] * AGENT_COUNT
    assert resets.count - before <= 2 * AGENT_COUNT  # as episodes end by themselves


def test_what_is_no_sampler_ends_the_training_and_not_the_game(host: TaughtHost, trainer: TeachingTrainer) -> None:
    trainer.teach(height("high", 2))
    failure = host.tick_until_failed(FailureCode.PROTOCOL_ERROR)
    assert "$.wall.value: expected a finite number, got str 'high' of length 4" in failure
    assert host.heights == [1.0] * AGENT_COUNT


def test_a_corrected_host_has_parameters_too(trainer: TeachingTrainer) -> None:
    host = CorrectedHost(Communicator.make_attached(trainer.channel.endpoint, settings=QUICK))
    parameters = host.environment.environment_parameters
    host.tick_until(lambda: parameters.get("wall", 100.0, 3) == 1.0)
    trainer.teach(height(2.0, 2, requires_reset=True))
    host.tick_until(lambda: host.communicator.environment_parameters.get("wall", 100.0) == 2.0)
    assert parameters.get_many("wall", 100.0, host.manager.agent_ids).tolist() == [2.0] * AGENT_COUNT
    host.communicator.close()
