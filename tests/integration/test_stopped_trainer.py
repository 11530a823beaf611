"""A trainer that is told to end keeps where it stands, and the next one goes on from there."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from protocol.channel import ClientChannel
from protocol.channel_event import ChannelEvent, Connected, Received
from protocol.experience_wire import experience_to_message
from protocol.messages import Credit, Message, Ready, Welcome
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from tests.trainer_process.server_world import ACTION, CRITIC, OBSERVATION, POLICY, configure, hello
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.checkpoint_folder import latest_checkpoint
from trainer_process.run_status import RunStatus

HANG_S = 60.0
SETTINGS = {"steps_per_update": 16, "minibatch_size": 8, "epochs": 1, "normalizer_initialisation": "train"}
SPEC = BehaviorSpec.create("Walker", OBSERVATION, ACTION, POLICY, CRITIC)
MessageType = TypeVar("MessageType", bound=Message)


class Game:
    """A host that says what the test wants."""

    def __init__(self, endpoint: str) -> None:
        self._channel = ClientChannel(endpoint)
        self.session_id = 0
        while not any(isinstance(event, Connected) for event in self._awaited()):
            pass

    def ask(self, message: Message, answer: type[MessageType]) -> MessageType:
        self._channel.send(message, self.session_id)
        while True:
            for event in self._awaited():
                if isinstance(event, Received) and isinstance(event.message, answer):
                    return event.message

    def _awaited(self) -> list[ChannelEvent]:
        assert self._channel.wait(HANG_S), "nothing came"
        return self._channel.poll()

    def join(self, previous_session: int = 0) -> Ready:
        self.session_id = self.ask(hello(token="", previous_session=previous_session), Welcome).session_id
        return self.ask(configure(trainer_type="ppo", settings=SETTINGS), Ready)

    def train(self, batch_id: int) -> None:
        segment = acted_segment(SPEC, batch_id, 16, versions=[batch_id - 1])
        self.ask(experience_to_message("Walker", make_batch([segment], batch_id)), Credit)

    def leave(self) -> None:
        self._channel.close()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A trainer that keeps nothing before its end."""
    command = [sys.executable, "-m", "trainer_process", "serve", "--endpoint", "tcp://127.0.0.1:0", "--run-id", "run"]
    command += ["--results-dir", str(folder), "--checkpoint-interval", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with process:
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if line.startswith("listening on "))
            yield process, line.removeprefix("listening on ").split(";")[0]
        finally:
            process.kill()


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    output = process.communicate(timeout=HANG_S)[0]
    assert process.returncode == 0, output


@pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_trainer_that_is_told_to_end_is_gone_on_with_from_there(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, endpoint):
        game = Game(endpoint)
        game.join()
        for batch_id in (1, 2, 3):
            game.train(batch_id)
        end(process, number)
        game.leave()
    kept = latest_checkpoint(tmp_path / "run" / "Walker" / "checkpoints")
    assert kept is not None
    assert (kept.iteration, kept.context.steps, kept.context.version) == (3, 48, 3)
    assert kept.context.consumed == {game.session_id: 3}
    assert RunStatus.read(tmp_path / "run").behaviors["Walker"].steps == 48
    with serving(tmp_path, "--resume") as (process, endpoint):
        again = Game(endpoint)
        ready = again.join(game.session_id)
        assert again.session_id == game.session_id
        assert (ready.iteration, ready.policy_version, ready.last_consumed) == (3, 3, 3)
        end(process, number)
        again.leave()
    ended = latest_checkpoint(tmp_path / "run" / "Walker" / "checkpoints")
    assert ended is not None
    assert ended.state.values == kept.state.values
    for name, array in kept.state.arrays.items():
        np.testing.assert_array_equal(ended.state.arrays[name], array)
