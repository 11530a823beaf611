"""The real trainer clones recordings: alone, with several hosts, killed on the way, and from odd recordings."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    FailureCode,
    ImitationTrainingSettings,
    PolicySettings,
    PPOTrainer,
    PPOTrainingSettings,
    TrainerProcessSettings,
)
from host_sdk.mock_engine.noop_world import NoopTrainingEnvironment
from protocol.experience import FloatArray
from protocol.recording import RecordingReader
from protocol.rendezvous import is_process_alive
from tests.host_sdk.recorded_episodes import EpisodesInMemory

from .imitating_host import ImitatingHost
from .real_trainer import HANG_S, TOKEN, ServedTrainer, served_trainer

pytestmark = pytest.mark.timeout(240)

LINE = CommunicatorSettings(connect_timeout_s=HANG_S)
QUICK = ImitationTrainingSettings(
    epochs=3, minibatch_size=32, min_gradient_steps=1, memory_window=8, validation_fraction=0.0
)
ENDLESS = replace(QUICK, epochs=1_000_000)
MIXING = np.array([[0.5, -1.0], [1.0, 0.25], [-0.75, 0.5]], np.float32)


@pytest.fixture
def hosts() -> Iterator[list[ImitatingHost]]:
    """Hosts put in here are closed at the end."""
    made: list[ImitatingHost] = []
    yield made
    for host in made:
        host.communicator.close()


def launching(folder: Path, settings: ImitationTrainingSettings, *step_counts: int, **options: Any) -> ImitatingHost:
    """A host that launches the real trainer, which writes its results into the folder."""
    process = TrainerProcessSettings(results_directory=folder, low_priority=False, stop_timeout_s=1.0)
    return ImitatingHost(Communicator.make_launched(process, LINE), *step_counts, training_settings=settings, **options)


def attaching(trainer: ServedTrainer, settings: ImitationTrainingSettings, *step_counts: int) -> ImitatingHost:
    communicator = Communicator.make_attached(trainer.endpoint, token=TOKEN, settings=LINE)
    return ImitatingHost(communicator, *step_counts, training_settings=settings)


def expert(host: ImitatingHost) -> EpisodesInMemory:
    """The host's recording, with actions that follow from what was seen."""
    episodes = [replace(each, actions=each.observations @ MIXING) for each in host.recording.episodes]
    return EpisodesInMemory(host.recording.header, episodes)


def actions(host: ImitatingHost) -> FloatArray:
    """float32[4, 2]: what the policy does now."""
    host.policy.run_inference(0.0)
    return host.interactor.action_vectors.copy()


def trainer_process_id(host: ImitatingHost) -> int:
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    return process_id


def test_a_policy_learns_what_an_expert_does_from_its_recording(hosts: list[ImitatingHost], tmp_path: Path) -> None:
    settings = ImitationTrainingSettings(epochs=30, minibatch_size=32, learning_rate=0.01, validation_fraction=0.2)
    host = launching(tmp_path, settings, *(20,) * 20, policy_settings=PolicySettings(hidden_sizes=(32,)))
    hosts.append(host)
    host.recording = expert(host)
    wanted = host.interactor.observations @ MIXING
    before = np.abs(actions(host) - wanted).mean()
    host.train_to_the_end(HANG_S)
    assert np.abs(actions(host) - wanted).mean() < before / 4
    assert host.trainer.metrics["validation_neg_log_prob"] < 0, dict(host.trainer.metrics)
    assert host.policy.version == host.trainer.iteration > 3
    with RecordingReader(Path(host.trainer.run_directory) / "demonstrations.lbr") as kept:
        assert len(kept) == 20


@pytest.mark.slow
def test_ppo_goes_on_from_the_clone_on_the_same_line(hosts: list[ImitatingHost], tmp_path: Path) -> None:
    host = launching(tmp_path, QUICK, 20, 20)
    hosts.append(host)
    host.train_to_the_end(HANG_S)
    environment = NoopTrainingEnvironment(4, episode_step_count=16)
    environment.setup_training_environment(host.manager)
    tuning = PPOTrainer.make_ppo_trainer(
        host.manager, host.interactor, environment, host.policy, communicator=host.communicator
    )
    limit_s = time.monotonic() + HANG_S
    while host.policy.version < 5:
        assert time.monotonic() < limit_s, str(tuning.training_failure)
        tuning.run_training(PPOTrainingSettings(steps_per_update=32, epochs=1))
    settings = (Path(tuning.run_directory) / "settings.json").read_text()
    assert '"trainer_type": "ppo"' in settings
    assert '"start": "weights"' in settings
    tuning.end_training()


@pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX")
def test_a_trainer_killed_while_it_clones_is_followed_by_one_that_goes_on_from_its_weights(
    hosts: list[ImitatingHost], tmp_path: Path
) -> None:
    host = launching(tmp_path, ENDLESS, *(20,) * 20)
    hosts.append(host)
    host.train_until(lambda: host.policy.version >= 2, HANG_S)
    killed = trainer_process_id(host)
    os.kill(killed, signal.SIGKILL)
    text = host.tick_until_failed(FailureCode.CRASHED, HANG_S)
    assert f"exit code: {-signal.SIGKILL}" in text
    version = host.policy.version
    assert np.isfinite(host.policy.snapshot().values).all()
    host.trainer.begin_training(host.recording, QUICK)
    host.train_until(lambda: not host.trainer.is_training, HANG_S)
    assert host.policy.version == version + 3
    assert '"start": "weights"' in (Path(host.trainer.run_directory) / "settings.json").read_text()


def test_a_wrong_setting_is_refused_by_its_path(hosts: list[ImitatingHost], tmp_path: Path) -> None:
    host = launching(tmp_path, ImitationTrainingSettings(learning_rate=-1.0), 3)
    hosts.append(host)
    assert "$.settings.learning_rate" in host.tick_until_failed(FailureCode.INVALID_SETTINGS, HANG_S)


@pytest.mark.parametrize("cell", ["none", pytest.param("gru", marks=pytest.mark.slow)])
def test_episodes_of_one_step_and_fewer_steps_than_a_window_are_enough(
    hosts: list[ImitatingHost], tmp_path: Path, cell: Any
) -> None:
    host = launching(tmp_path, QUICK, 1, 1, policy_settings=PolicySettings(hidden_sizes=(8,), memory_cell=cell))
    hosts.append(host)
    host.train_to_the_end(HANG_S)
    assert host.policy.version == 3


def test_training_that_is_ended_in_the_middle_of_the_recording_ends_its_trainer(
    hosts: list[ImitatingHost], tmp_path: Path
) -> None:
    host = launching(tmp_path, ENDLESS, *(64,) * 16, observation_size=4096)
    hosts.append(host)
    host.train_until(lambda: host.trainer.sent_fraction > 0, HANG_S)
    process_id = trainer_process_id(host)
    assert not host.trainer.has_delivered_recording
    host.trainer.end_training()
    host.tick_until(lambda: host.communicator.trainer_process_id is None, HANG_S)
    assert not is_process_alive(process_id)
    assert not host.trainer.has_training_failed


def test_hosts_of_one_trainer_learn_from_all_their_recordings(hosts: list[ImitatingHost], tmp_path: Path) -> None:
    with served_trainer(tmp_path) as trainer:
        first, second = attaching(trainer, ENDLESS, 20, 20), attaching(trainer, ENDLESS, 20, 20, 20)
        hosts += [first, second]
        for host in hosts:
            host.train_until(lambda host=host: host.trainer.has_delivered_recording, HANG_S)  # type: ignore[misc]
        for host in hosts:
            host.train_until(lambda host=host: host.policy.version >= 2, HANG_S)  # type: ignore[misc]
        with RecordingReader(Path(first.trainer.run_directory) / "demonstrations.lbr") as kept:
            assert len(kept) == 3  # the first two are the same in both recordings
        first.trainer.end_training()
        version = second.policy.version
        second.train_until(lambda: second.policy.version > version, HANG_S)
