"""Several hosts at one real trainer: those that belong together, those that don't, and those that fall silent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from host_sdk import FailureCode
from protocol.channel import ClientChannel
from protocol.channel_event import Connected, Received
from protocol.endpoint import ENDPOINT_VARIABLE, TOKEN_VARIABLE
from protocol.limits import MAX_HOSTS
from protocol.messages import Hello, Stop, Welcome
from protocol.policy_file import load_policy
from protocol.shared_memory import sweep_stale_segments
from protocol.version import PROTOCOL_VERSION

from .host_program import FOR_EVER, MODULE, REPOSITORY, HostProgram, host_program
from .noop_host import NoopHost
from .real_trainer import HANG_S, QUICK, TOKEN, ServedTrainer, is_running, served_trainer, train_until, until
from .segment_names import segments_of

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX"),
]
STEPS = 32
"""Of one update of QUICK, and so of a batch of a behavior's first host."""

both_carriers = pytest.mark.parametrize(
    "shared_memory",
    [pytest.param(True, id="shared-memory"), pytest.param(False, id="socket", marks=pytest.mark.slow)],
)
"""For what moves arrays; the quick tests with a trainer that learns nothing go both ways."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTrainer]:
    """One trainer for all tests here; each has a behavior of its own."""
    with served_trainer(tmp_path_factory.mktemp("served"), "--checkpoint-interval", "0") as trainer:
        yield trainer


def program_at(
    trainer: ServedTrainer, behavior: str, shared_memory: bool, **settings: object
) -> AbstractContextManager[HostProgram]:
    """A host as a process of its own, attached to the trainer; its connection counts as dead after a second."""
    wanted = json.dumps({**QUICK.to_wire(), **settings})
    environment = {ENDPOINT_VARIABLE: trainer.endpoint, TOKEN_VARIABLE: TOKEN}
    arguments = ("--behavior", behavior, "--settings", wanted, "--dead-after", "1.0")
    return host_program(*arguments, "--shared-memory" if shared_memory else "--no-shared-memory", **environment)


def trained_steps(trainer: ServedTrainer, behavior: str) -> int:
    """Steps that the trainer has learnt from, by its own books."""
    (metrics,) = trainer.results.glob(f"*/{behavior}/metrics.jsonl")
    return int(json.loads(metrics.read_text().splitlines()[-1])["steps"])


def said_in_log(trainer: ServedTrainer, *words: str) -> bool:
    """Whether a line of the trainer's log holds all these words."""
    return any(all(word in line for word in words) for line in trainer.log.splitlines())


class Crowd:
    """Hosts that say Hello and nothing else."""

    def __init__(self, trainer: ServedTrainer, count: int) -> None:
        self._trainer = trainer
        self._greeting = Hello(PROTOCOL_VERSION, "tests", "1", (), TOKEN, 0, "crowd", 1)
        self._channels = [ClientChannel(trainer.endpoint) for _ in range(count)]
        self._sessions: dict[ClientChannel, int] = {}

    def are_all_in(self) -> bool:
        """Says Hello for those who are connected; whether all were welcomed."""
        for channel in self._channels:
            for event in channel.poll():
                if isinstance(event, Connected):
                    channel.send(self._greeting, 0)
                elif isinstance(event, Received) and isinstance(event.message, Welcome):
                    self._sessions[channel] = event.session_id
        return len(self._sessions) == len(self._channels)

    def leave(self) -> None:
        """Says Stop for all, and waits until the trainer has heard it."""
        for channel, session_id in self._sessions.items():
            channel.send(Stop("enough", shutdown=False), session_id)
        until(lambda: self._trainer.log.count("(crowd, pid 1) leaves") == len(self._sessions), "the crowd to leave")
        for channel in self._channels:
            channel.close()


def play_until(host: NoopHost, condition: Callable[[], bool]) -> None:
    """Plays until the condition holds, and new weights have come since."""
    train_until(host, condition)
    version = host.policy.version
    train_until(host, lambda: host.policy.version > version + 1)


def test_one_host_too_many_is_refused(served: ServedTrainer, hosts: list[NoopHost]) -> None:
    crowd = Crowd(served, MAX_HOSTS)
    hosts.append(served.host("crowded"))
    try:
        until(crowd.are_all_in, "the crowd to be welcomed")
        assert "TOO_MANY_HOSTS" in hosts[0].tick_until_failed(FailureCode.REFUSED, HANG_S)
    finally:
        crowd.leave()


def test_two_hosts_train_one_behavior_and_others_are_refused_by_their_path(
    served: ServedTrainer, hosts: list[NoopHost]
) -> None:
    first, second = hosts[:] = [served.host("together") for _ in range(2)]

    def both_have_sent(count: int) -> bool:
        second.tick()
        return min(first.trainer.batches_sent, second.trainer.batches_sent) >= count

    train_until(first, lambda: both_have_sent(4))
    stranger = served.host("together", observation_size=5)
    dissenter = served.host("together", replace(QUICK, learning_rate=0.5))
    hosts += [stranger, dissenter]
    text = stranger.tick_until_failed(FailureCode.REFUSED, HANG_S)
    assert "SCHEMA_MISMATCH" in text
    assert "$.observation_schema" in text
    text = dissenter.tick_until_failed(FailureCode.REFUSED, HANG_S)
    assert "SETTINGS_MISMATCH" in text
    assert "$.settings.learning_rate" in text
    train_until(first, lambda: both_have_sent(8))
    until(lambda: said_in_log(served, "leaves: REFUSED"), "the refused ones to leave")
    assert not second.trainer.has_training_failed
    assert min(first.policy.version, second.policy.version) >= 2


def test_a_wrong_token_is_refused_and_the_right_one_not_told(served: ServedTrainer, hosts: list[NoopHost]) -> None:
    hosts.append(served.host("secret", token="a guess"))
    text = hosts[0].tick_until_failed(FailureCode.REFUSED, HANG_S)
    assert "WRONG_TOKEN" in text
    assert TOKEN not in text


@both_carriers
def test_a_killed_host_is_given_up_and_the_other_one_trains_on(
    served: ServedTrainer, hosts: list[NoopHost], shared_memory: bool
) -> None:
    behavior = f"widowed-{shared_memory}"
    with program_at(served, behavior, shared_memory) as program:
        said = program.await_said(lambda said: said["version"] >= 1)
        assert said["shared_memory"] is shared_memory
        other = served.host(behavior, shared_memory=shared_memory)
        hosts.append(other)
        play_until(other, lambda: other.trainer.batches_sent >= 2)
        program.end()
        play_until(other, lambda: said_in_log(served, "HOST_TIMEOUT", f"pid {said['process']})"))
    sweep_stale_segments()
    assert segments_of(said["process"]) == set()


@pytest.mark.parametrize(
    ("is_synchronous", "shared_memory"),
    [
        pytest.param(False, True, id="asynchronous-shared-memory"),
        pytest.param(False, False, id="asynchronous-socket", marks=pytest.mark.slow),
        pytest.param(True, True, id="synchronous-shared-memory"),
    ],
)
def test_a_stopped_host_is_given_up_and_goes_on_when_it_wakes_with_no_batch_trained_twice(
    served: ServedTrainer, hosts: list[NoopHost], is_synchronous: bool, shared_memory: bool
) -> None:
    behavior = f"paused-{is_synchronous}-{shared_memory}"
    with program_at(served, behavior, shared_memory, synchronous=is_synchronous) as program:
        program.await_said(lambda said: said["version"] >= 1)
        other = served.host(behavior, replace(QUICK, synchronous=is_synchronous), shared_memory=shared_memory)
        hosts.append(other)
        play_until(other, lambda: other.trainer.batches_sent >= 2)
        name = f"pid {program.process.pid})"
        program.process.send_signal(signal.SIGSTOP)
        play_until(other, lambda: said_in_log(served, "HOST_TIMEOUT", name))
        program.process.send_signal(signal.SIGCONT)
        sent = program.said["batches"]
        play_until(other, lambda: said_in_log(served, name, "is back") and program.said["batches"] > sent + 4)
        program.process.send_signal(signal.SIGTERM)
        train_until(other, lambda: bool(program.said["is_quiet"]))
        other.trainer.begin_evaluation(FOR_EVER)
        assert program.said["failure"] is None
        assert program.said["shared_memory"] is other.shared_memory is shared_memory
        sent_steps = STEPS * program.said["batches"] + STEPS // 2 * other.trainer.batches_sent
        train_until(other, lambda: trained_steps(served, behavior) > sent_steps - STEPS)
        assert trained_steps(served, behavior) <= sent_steps


@pytest.mark.slow
def test_two_trainers_that_are_told_to_stop_have_learnt_the_same_and_kept_it(
    served: ServedTrainer, hosts: list[NoopHost], tmp_path: Path
) -> None:
    signals = [signal.SIGINT, signal.SIGTERM]
    folders = [tmp_path / number.name for number in signals]
    learnt = []
    for folder, number in zip(folders, signals, strict=True):
        folder.mkdir()
        with served_trainer(folder, "--seed", "7") as trainer:
            host = trainer.host("walker", replace(QUICK, synchronous=True))
            hosts.append(host)
            train_until(host, lambda host=host: host.policy.version == 3)  # type: ignore[misc]
            learnt.append(host.policy.snapshot().values.copy())
            trainer.process.send_signal(number)
            assert number.name in host.tick_until_failed(FailureCode.STOPPED, HANG_S)
            assert trainer.process.wait(HANG_S) == 0
    np.testing.assert_array_equal(learnt[0], learnt[1])
    for folder in folders:
        (policy_file,) = folder.rglob("walker/policy.lbp")
        kept = load_policy(policy_file).snapshot
        assert kept.version >= 3
        successor = served.host(
            f"successor-{folder.name}", replace(QUICK, steps_per_update=100_000), checkpoint=str(policy_file.parent)
        )
        hosts.append(successor)
        train_until(successor, lambda host=successor: host.policy.version > 0)  # type: ignore[misc]
        assert successor.policy.version == kept.version
        np.testing.assert_array_equal(successor.policy.snapshot().values, kept.values)


def test_of_two_hosts_that_a_trainer_started_one_may_crash(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer_process", "train", "--num-envs", "2", "--results-dir", str(tmp_path)]
    settings = ("steps_per_update=32", "minibatch_size=16", "epochs=1", "total_steps=100000000")
    command += ["--env", f"{sys.executable} -m {MODULE}", *(part for text in settings for part in ("--set", text))]
    metrics = tmp_path / "run" / "default" / "metrics.jsonl"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*command, "--run-id", "run"], stdout=log, stderr=log, cwd=REPOSITORY)
    with process:
        try:
            until(lambda: (tmp_path / "log").read_text().count("joined") == 2, "both hosts to join")
            family = psutil.Process(process.pid).children(recursive=True)
            guards = psutil.Process(process.pid).children()
            guards[0].children()[0].kill()
            until(lambda: f"exit code {128 + signal.SIGKILL}" in (tmp_path / "log").read_text(), "the crash to be told")
            before = metrics.read_text().count("\n")
            until(lambda: metrics.read_text().count("\n") > before + 5, "the other host to train on")
            process.send_signal(signal.SIGINT)
            process.wait(HANG_S)
            until(lambda: not any(is_running(member.pid) for member in family), "all hosts and guards to leave")
        finally:
            process.kill()
