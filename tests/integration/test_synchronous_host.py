"""A host that waits for every update: what it does before, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from host_sdk import Communicator, PPOTrainingSettings
from host_sdk.connection.behavior_link import BehaviorLink

from .noop_host import QUICK, NoopHost, fake_process

Result = TypeVar("Result")


@pytest.fixture
def host() -> Iterator[NoopHost]:
    """A synchronous host whose trainer gives weights and credit for every 32 steps."""
    communicator = Communicator.make_launched(fake_process("none", "--steps", "32", "--synchronous"), QUICK)
    made = NoopHost(communicator, training_settings=PPOTrainingSettings(synchronous=True))
    yield made
    communicator.close()


def test_a_batch_is_sent_before_its_host_begins_to_wait(host: NoopHost, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def heard(name: str, function: Callable[..., Result]) -> Callable[..., Result]:
        def call(*arguments: object) -> Result:
            calls.append(name)
            return function(*arguments)

        return call

    monkeypatch.setattr(BehaviorLink, "hand_over", heard("hand over", BehaviorLink.hand_over))
    monkeypatch.setattr(BehaviorLink, "mark_sent", heard("sent", BehaviorLink.mark_sent))
    monkeypatch.setattr(Communicator, "wait", heard("wait", Communicator.wait))
    host.tick_until(lambda: host.trainer.batches_sent == 3)
    handed_over = [index for index, name in enumerate(calls) if name == "hand over"]
    assert len(handed_over) == 3
    assert all(calls[index + 1] == "sent" for index in handed_over)
