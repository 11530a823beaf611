"""The real trainer imitates a recording by playing: GAIL and AIRL from end to end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_sdk import Communicator, CommunicatorSettings, FailureCode, PPOTrainerSettings, TrainerProcessSettings
from host_sdk.adversarial_trainer import AdversarialMethod, AdversarialTrainer
from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.errors import InvalidSettingsError
from protocol.recording import RecordingReader
from tests.host_sdk.recorded_episodes import EpisodesInMemory, random_recording

from .fake_trainer import fake_trainer_thread
from .noop_host import QUICK as QUICK_LINE
from .noop_host import NoopHost
from .real_trainer import HANG_S, QUICK, trainer_process_id
from .real_trainer import launching as launching_ppo

pytestmark = pytest.mark.timeout(240)

EPISODE_STEPS = 16
LINE = CommunicatorSettings(connect_timeout_s=HANG_S)


def quick(**settings: Any) -> AdversarialTrainingSettings:
    defaults: dict[str, Any] = {
        "steps_per_update": 32,
        "minibatch_size": 16,
        "epochs": 1,
        "demonstration_batch_size": 8,
        "max_policy_lag": 1_000_000,
        "reward_hidden_sizes": (8,),
    }
    return AdversarialTrainingSettings(**{**defaults, **settings})


class AdversarialHost(NoopHost):
    """The no-op world, whose agents imitate random episodes as long as their own."""

    def __init__(
        self, communicator: Communicator, *step_counts: int, method: AdversarialMethod = "gail", **options: Any
    ) -> None:
        self._step_counts, self._method = step_counts or (EPISODE_STEPS,) * 3, method
        super().__init__(communicator, episode_step_count=EPISODE_STEPS, **options)

    def make_trainer(self, settings: PPOTrainerSettings | None) -> AdversarialTrainer:
        return AdversarialTrainer.make_adversarial_trainer(
            self.manager,
            self.interactor,
            self.environment,
            self.policy,
            self.recording,
            self._method,
            communicator=self.communicator,
            settings=settings,
        )

    @property
    def recording(self) -> EpisodesInMemory:
        return random_recording(self.interactor, *self._step_counts)


@pytest.fixture
def hosts() -> Iterator[list[NoopHost]]:
    """Hosts put in here are closed at the end."""
    made: list[NoopHost] = []
    yield made
    for host in made:
        host.communicator.close()


def launching(hosts: list[NoopHost], folder: Path, *step_counts: int, **options: Any) -> AdversarialHost:
    """A host that launches the real trainer, which writes its results into the folder."""
    process = TrainerProcessSettings(results_directory=folder, low_priority=False, stop_timeout_s=1.0)
    host = AdversarialHost(Communicator.make_launched(process, LINE), *step_counts, **options)
    hosts.append(host)
    return host


def train_until_version(host: NoopHost, version: int) -> None:
    host.tick_until(lambda: host.trainer.has_training_failed or host.policy.version >= version, HANG_S)
    assert not host.trainer.has_training_failed, str(host.trainer.training_failure)


@pytest.mark.parametrize(
    ("method", "is_synchronous"),
    [
        ("gail", False),
        ("airl", True),
        pytest.param("gail", True, marks=pytest.mark.slow),
        pytest.param("airl", False, marks=pytest.mark.slow),
    ],
)
def test_a_host_sends_its_recording_and_then_plays_until_training_is_complete(
    hosts: list[NoopHost], tmp_path: Path, method: AdversarialMethod, is_synchronous: bool
) -> None:
    settings = quick(total_steps=160, synchronous=is_synchronous)
    host = launching(hosts, tmp_path, method=method, training_settings=settings)
    host.tick_until(lambda: host.trainer.iteration > 0 and not host.trainer.is_training, HANG_S)
    assert not host.trainer.has_training_failed, str(host.trainer.training_failure)
    assert host.trainer.metrics["steps"] >= 160
    assert 0.0 < host.trainer.metrics["discriminator_loss"] < 10.0
    assert "learned_reward_mean" in host.trainer.metrics
    assert (Path(host.trainer.run_directory) / "reward.safetensors").is_file()
    with RecordingReader(Path(host.trainer.run_directory) / "demonstrations.lbr") as kept:
        assert len(kept) == 3


@pytest.mark.slow
def test_ppo_learns_from_the_reward_that_was_saved(hosts: list[NoopHost], tmp_path: Path) -> None:
    host = launching(hosts, tmp_path, method="airl", training_settings=quick(total_steps=64))
    host.tick_until(lambda: host.trainer.iteration > 0 and not host.trainer.is_training, HANG_S)
    settings = replace(QUICK, reward_path=host.trainer.run_directory, reward_type="unshaped")
    pupil = launching_ppo(tmp_path, settings)
    hosts.append(pupil)
    train_until_version(pupil, 3)
    assert "learned_reward_mean" in pupil.trainer.metrics
    assert pupil.trainer.metrics["return_mean"] == pupil.trainer.metrics["episode_length_mean"]  # 1 a step


def test_demonstrations_of_several_messages_come_before_any_experience(
    hosts: list[NoopHost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_sdk.collection.demonstration_stream.MESSAGE_BYTES", 1)
    host = launching(hosts, tmp_path, *(EPISODE_STEPS,) * 7, training_settings=quick())
    train_until_version(host, 2)
    with RecordingReader(Path(host.trainer.run_directory) / "demonstrations.lbr") as kept:
        assert len(kept) == 7


def test_a_trainer_that_forgot_the_session_gets_the_recording_again_and_no_number_comes_twice(
    hosts: list[NoopHost], tmp_path: Path
) -> None:
    with fake_trainer_thread(f"ipc://{tmp_path}/s", "none") as trainer:
        host = AdversarialHost(Communicator.make_attached(trainer.channel.endpoint, settings=QUICK_LINE))
        hosts.append(host)
        host.tick_until(lambda: len(trainer.batches) >= 2)
        first = [message.batch_id for message in trainer.demonstrations]
        assert trainer.batches[: len(first)] == first
        trainer.fault = "forget_session"
        trainer.restart_listening.set()
        host.tick_until(lambda: len(trainer.hellos) == 2 and len(trainer.demonstrations) == 2 * len(first))
        taken = len(trainer.batches)
        host.tick_until(lambda: len(trainer.batches) >= taken + 3)
        host.trainer.end_training()
    assert not host.trainer.has_training_failed
    again = [message.batch_id for message in trainer.demonstrations[len(first) :]]
    assert trainer.batches == sorted(trainer.batches)  # one that was under way came twice
    assert all(trainer.batches.count(batch_id) == 1 for batch_id in (*first, *again))
    assert trainer.batches[-1] > max(again) > max(first)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX")
def test_a_trainer_that_takes_the_place_of_a_killed_one_gets_the_recording_again(
    hosts: list[NoopHost], tmp_path: Path
) -> None:
    host = launching(hosts, tmp_path, training_settings=quick())
    train_until_version(host, 2)
    os.kill(trainer_process_id(host), signal.SIGKILL)
    host.tick_until_failed(FailureCode.CRASHED, HANG_S)
    version = host.policy.version
    host.trainer.begin_training(quick())
    train_until_version(host, version + 2)
    assert np.isfinite(host.policy.snapshot().values).all()


def test_demonstrations_of_several_lengths_end_training_with_what_to_do(hosts: list[NoopHost], tmp_path: Path) -> None:
    host = launching(hosts, tmp_path, 16, 9, training_settings=quick())
    failed = host.trainer.training_failure
    host.tick_until(lambda: host.trainer.has_training_failed, HANG_S)
    failed = host.trainer.training_failure
    assert failed is not None
    assert "demonstrations of 9, 16 steps" in str(failed), str(failed)
    assert "allow_variable_horizon" in str(failed)


def test_a_setting_of_the_other_method_is_refused_by_its_path(hosts: list[NoopHost], tmp_path: Path) -> None:
    host = launching(hosts, tmp_path, method="airl", training_settings=quick(reward_form="logit"))
    assert "$.settings.reward_form" in host.tick_until_failed(FailureCode.INVALID_SETTINGS, HANG_S)


def test_an_empty_recording_is_a_failure_before_anything_is_launched(hosts: list[NoopHost], tmp_path: Path) -> None:
    host = launching(hosts, tmp_path, training_settings=quick())
    trainer = AdversarialTrainer.make_adversarial_trainer(
        host.manager,
        host.interactor,
        host.environment,
        host.policy,
        EpisodesInMemory(host.recording.header),
        communicator=host.communicator,
    )
    trainer.begin_training()
    assert trainer.training_failure is not None
    assert trainer.training_failure.code is FailureCode.INVALID_SETTINGS
    assert "at least one episode" in trainer.training_failure.reason
    assert not list(tmp_path.iterdir())


def test_a_method_that_there_is_not_is_refused(hosts: list[NoopHost], tmp_path: Path) -> None:
    wrong: Any = "gan"
    with pytest.raises(InvalidSettingsError, match="one of airl, gail, got 'gan'"):
        AdversarialHost(Communicator.make_launched(TrainerProcessSettings(results_directory=tmp_path)), method=wrong)
