"""`learning-bridge serve` told to share memory, and told not to, with the real trainer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from host_sdk import Communicator, CommunicatorSettings, FailureCode
from protocol import endpoint

from .noop_host import NoopHost
from .real_trainer import HANG_S, QUICK, TOKEN, ServedTrainer, served_trainer, train_until

SERVE_IN = """
import sys
from pathlib import Path
from protocol import endpoint
folder = Path(sys.argv.pop(1))
endpoint.shared_memory_folder = lambda: folder
from trainer_process.cli import main
main()
"""
"""The command line, with the place that the word "shm" stands for in a folder of its own: a test must not meet the
trainer that a person runs."""

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform == "win32", reason="socket files"),
]


def test_the_word_shm_leads_a_host_to_the_trainer_that_shares_memory(
    hosts: list[NoopHost], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = tmp_path_factory.mktemp("shm")
    monkeypatch.setattr(endpoint, "shared_memory_folder", lambda: meeting)
    arguments = ("--shared-memory", "--checkpoint-interval", "0")
    with served_trainer(tmp_path, *arguments, program=("-c", SERVE_IN, str(meeting)), endpoint=()) as trainer:
        assert trainer.endpoint == endpoint.local_endpoint()
        settings = CommunicatorSettings(connect_timeout_s=HANG_S)
        communicator = Communicator.make_attached("shm", token=TOKEN, settings=settings)
        host = NoopHost(communicator, training_settings=QUICK)
        hosts.append(host)
        train_until(host, lambda: host.policy.version >= 3)
        assert communicator.shares_memory
        assert "arrays in shared memory" in trainer.log


def test_a_trainer_told_not_to_share_trains_and_fails_only_who_demands_it(
    hosts: list[NoopHost], tmp_path: Path
) -> None:
    trainer: ServedTrainer
    with served_trainer(tmp_path, "--no-shared-memory", "--checkpoint-interval", "0") as trainer:
        host = trainer.host("content")
        hosts.append(host)
        train_until(host, lambda: host.policy.version >= 2)
        assert not host.communicator.shares_memory
        demanding = trainer.host("demanding", shared_memory=True)
        hosts.append(demanding)
        text = demanding.tick_until_failed(FailureCode.INVALID_SETTINGS, HANG_S)
        assert "shared memory was asked for: the trainer did not offer to share memory" in text
        version = host.policy.version
        train_until(host, lambda: host.policy.version > version)
