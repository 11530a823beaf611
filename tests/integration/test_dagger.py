"""A learner acts, an expert corrects it: who acts, what is recorded, when rounds end, and what breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    DAggerTrainingSettings,
    FailureCode,
    PolicySettings,
    Recording,
    TrainerProcessSettings,
)
from protocol.recording import RecordingReader
from protocol.rendezvous import is_process_alive

from .corrected_host import AGENT_COUNT, EPISODE_STEPS, CorrectedHost, expert_actions, holds_the_experts_actions
from .fake_trainer import FakeTrainer, fake_trainer_thread
from .noop_host import QUICK, fake_process
from .real_trainer import HANG_S, TOKEN, served_trainer

pytestmark = pytest.mark.timeout(240)

ROUND = 32
"""Steps that the fake trainer wants."""


@pytest.fixture
def hosts() -> Iterator[list[CorrectedHost]]:
    """Hosts put in here are closed at the end, and none may leave a process behind."""
    made: list[CorrectedHost] = []
    yield made
    for host in made:
        process_id = host.communicator.trainer_process_id
        host.communicator.close()
        assert process_id is None or not is_process_alive(process_id)


@pytest.fixture
def trainer() -> Iterator[FakeTrainer]:
    with fake_trainer_thread("tcp://127.0.0.1:0") as trainer:
        yield trainer


def with_weights(host: CorrectedHost) -> CorrectedHost:
    """Sends its weights along, so that the fake trainer has some to answer with."""
    host.policy.apply_snapshot(host.policy.snapshot_as(5))
    return host


def attach(hosts: list[CorrectedHost], trainer: FakeTrainer, **options: Any) -> CorrectedHost:
    line = Communicator.make_attached(trainer.channel.endpoint, settings=QUICK)
    hosts.append(with_weights(CorrectedHost(line, **options)))
    return hosts[-1]


def beta(value: float) -> DAggerTrainingSettings:
    return DAggerTrainingSettings(beta_schedule="constant", beta=value)


def labelled_ticks(host: CorrectedHost, count: int) -> None:
    """Plays so many ticks of rounds, and keeps nothing of what came before."""
    host.train_until(lambda: host.trainer.is_recording)
    host.by_hand.clear()
    host.performed.clear()
    host.train_until(lambda: len(host.by_hand) >= count)


def test_what_is_recorded_is_the_expert_s_whoever_acts(hosts: list[CorrectedHost], trainer: FakeTrainer) -> None:
    host = attach(hosts, trainer, training_settings=beta(0.5))
    host.train_until(lambda: len(trainer.demonstrations) >= 3)
    assert all(holds_the_experts_actions(message) for message in trainer.demonstrations)
    assert all(np.isfinite(message.rewards).all() for message in trainer.demonstrations)


def test_with_beta_one_the_expert_acts_and_its_steps_are_marked(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    host = attach(hosts, trainer, training_settings=beta(1.0))
    trainer.is_behind = True
    host.train_until(lambda: host.trainer.is_recording)
    host.tick()
    assert host.by_hand[-1] == [True] * AGENT_COUNT
    np.testing.assert_allclose(host.performed[-1], expert_actions(host.interactor.observations), atol=1e-5)


def test_with_beta_zero_the_learner_acts(hosts: list[CorrectedHost], trainer: FakeTrainer) -> None:
    host = attach(hosts, trainer, training_settings=beta(0.0))
    host.train_until(lambda: len(trainer.demonstrations) >= 2)
    assert not np.any(host.by_hand)
    assert host.expert.asked > 0


def test_with_beta_between_each_step_of_each_agent_is_drawn_by_itself(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    trainer.settings = type(trainer.settings)(steps_per_hand_off=4000)
    host = attach(hosts, trainer, training_settings=beta(0.25))
    labelled_ticks(host, 200)
    by_hand = np.array(host.by_hand)
    assert 0.15 < by_hand.mean() < 0.35
    assert 0 < (by_hand.sum(axis=1) == 1).sum() < 200


def test_beta_falls_from_round_to_round(hosts: list[CorrectedHost], trainer: FakeTrainer) -> None:
    host = attach(hosts, trainer, training_settings=DAggerTrainingSettings(beta_rounds=2))
    host.train_until(lambda: host.trainer.is_recording)
    assert (host.trainer.round_index, host.trainer.expert_probability) == (0, 1.0)
    host.train_until(lambda: host.trainer.round_index == 1)
    assert host.trainer.expert_probability == 0.5
    host.train_until(lambda: host.trainer.round_index == 2)
    assert host.trainer.expert_probability == 0.0


def test_a_round_ends_with_its_steps_and_episodes_that_are_open_go_on_in_the_next(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    host = attach(hosts, trainer)
    host.train_until(lambda: len(trainer.demonstrations) >= 2)
    for message in trainer.demonstrations[:2]:
        assert message.is_last
        assert message.table[:, 0].tolist() == [ROUND // AGENT_COUNT] * AGENT_COUNT


def test_a_learner_that_remembers_learns_from_the_beginnings_of_episodes_on(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    host = attach(hosts, trainer, policy_settings=PolicySettings(hidden_sizes=(8,), memory_cell="gru"))
    host.train_until(lambda: len(trainer.demonstrations) >= 2)
    for message in trainer.demonstrations[:2]:
        assert message.table[:, 0].tolist() == [EPISODE_STEPS] * AGENT_COUNT


def test_the_game_plays_on_without_the_expert_while_the_trainer_is_behind(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    trainer.is_behind = True
    host = attach(hosts, trainer, training_settings=beta(1.0))
    host.train_until(lambda: host.trainer.unrecorded_steps > 0)
    asked = host.expert.asked
    for _ in range(50):
        host.tick()
    assert (host.expert.asked, host.trainer.is_recording, len(trainer.demonstrations)) == (asked, False, 1)
    assert not any(host.by_hand[-1])
    trainer.is_behind = False
    trainer.publish("default", host.policy.network_hash, host.policy.snapshot().values)
    host.train_until(lambda: len(trainer.demonstrations) >= 3)
    assert all(holds_the_experts_actions(message) for message in trainer.demonstrations)


def test_in_synchronous_mode_every_round_waits_for_the_weights_of_the_one_before(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    host = attach(hosts, trainer, is_synchronous=True)
    host.train_until(lambda: len(trainer.demonstrations) >= 3)
    assert host.policy.version == host.trainer.round_index == len(trainer.demonstrations)
    assert host.trainer.unrecorded_steps == 0


def test_labels_go_into_a_file(hosts: list[CorrectedHost], trainer: FakeTrainer, tmp_path: Path) -> None:
    host = attach(hosts, trainer, recording=tmp_path / "labels.lbr")
    host.train_until(lambda: len(trainer.demonstrations) >= 2)
    host.trainer.end_training()
    recording = Recording.load_recording(tmp_path / "labels.lbr")
    assert recording.step_count >= 2 * ROUND
    for episode in recording.episodes:
        np.testing.assert_allclose(episode.actions, expert_actions(episode.observations), atol=1e-5)


def test_a_killed_trainer_leaves_the_labels_which_the_next_one_gets_with_its_first_round(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    launched = CorrectedHost(Communicator.make_launched(fake_process("die_after_update"), QUICK))
    hosts.append(with_weights(launched))
    assert "exit code: -9" in launched.tick_until_failed(FailureCode.CRASHED)
    labels = launched.trainer.recording
    assert labels.step_count >= ROUND
    second = attach(hosts, trainer, recording=labels)
    known = labels.record_count
    second.train_until(lambda: len(trainer.demonstrations) >= 1)
    assert len(trainer.demonstrations[0].table) == known + AGENT_COUNT


def test_a_trainer_that_forgot_the_session_gets_all_labels_again(
    hosts: list[CorrectedHost], trainer: FakeTrainer
) -> None:
    host = attach(hosts, trainer)
    host.train_until(lambda: len(trainer.demonstrations) >= 2)
    trainer.fault = "forget_session"
    trainer.demonstrations.clear()
    before = host.trainer.recording.record_count
    trainer.restart_listening.set()
    host.train_until(lambda: any(len(message.table) >= before for message in trainer.demonstrations))


def test_beginning_twice_changes_nothing(
    hosts: list[CorrectedHost], trainer: FakeTrainer, caplog: pytest.LogCaptureFixture
) -> None:
    host = attach(hosts, trainer)
    host.train_until(lambda: host.trainer.is_recording)
    host.trainer.begin_training()
    assert "under way already" in caplog.text
    host.train_until(lambda: len(trainer.demonstrations) >= 1)


def test_the_real_trainer_brings_a_learner_to_do_what_its_expert_does(
    hosts: list[CorrectedHost], tmp_path: Path
) -> None:
    settings = DAggerTrainingSettings(rounds=3, steps_per_round=200, epochs_per_round=20, learning_rate=0.01)
    process = TrainerProcessSettings(results_directory=tmp_path, low_priority=False, stop_timeout_s=1.0)
    line = Communicator.make_launched(process, CommunicatorSettings(connect_timeout_s=HANG_S))
    learner = PolicySettings(hidden_sizes=(32,))
    host = CorrectedHost(line, policy_settings=learner, training_settings=settings, is_synchronous=True)
    hosts.append(host)
    host.train_until(lambda: host.trainer.iteration == 1, HANG_S)
    assert host.trainer.expert_probability < 1.0
    host.train_until(lambda: not host.trainer.is_training, HANG_S)
    assert (host.trainer.round_index, host.policy.version) == (3, 3)
    host.policy.run_inference(0.0)
    wanted = expert_actions(host.interactor.observations)
    assert np.abs(host.interactor.action_vectors - wanted).mean() < np.abs(wanted).mean() / 4
    with RecordingReader(Path(host.trainer.run_directory) / "demonstrations.lbr") as kept:
        assert kept.step_count == host.trainer.recording.step_count == 600


def test_hosts_of_one_trainer_label_each_round_together(hosts: list[CorrectedHost], tmp_path: Path) -> None:
    settings = DAggerTrainingSettings(rounds=2, steps_per_round=64, epochs_per_round=1)
    with served_trainer(tmp_path) as trainer:
        for _ in range(2):
            line = CommunicatorSettings(connect_timeout_s=HANG_S)
            communicator = Communicator.make_attached(trainer.endpoint, token=TOKEN, settings=line)
            hosts.append(CorrectedHost(communicator, training_settings=settings))
        while any(host.trainer.is_training or not host.by_hand for host in hosts):
            for host in hosts:
                host.tick()
            time.sleep(0.001)
        assert [host.trainer.training_failure for host in hosts] == [None, None]
        assert [host.policy.version for host in hosts] == [2, 2]
        first, second = (host.policy.snapshot().values for host in hosts)
        np.testing.assert_array_equal(first, second)
