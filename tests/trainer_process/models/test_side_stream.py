from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from trainer_process.models.side_stream import SideStream

DEVICE = torch.device("cuda", 1)


class FakeStream:
    device = DEVICE

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self._log = log

    def wait_stream(self, other: FakeStream) -> None:
        self._log.append(f"{self.name} waits for {other.name}")


def test_without_a_gpu_calls_run_at_once_in_their_order():
    log: list[str] = []
    side = SideStream(torch.device("cpu"))
    side.run([lambda: log.append("first"), lambda: log.append("second")])
    log.append("main")
    side.join()
    assert log == ["first", "second", "main"]


def test_on_a_gpu_calls_wait_for_what_came_before_and_are_waited_for_at_the_join(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []

    @contextmanager
    def on(stream: FakeStream) -> Iterator[None]:
        log.append(f"enter {stream.name}")
        yield
        log.append(f"leave {stream.name}")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: FakeStream("side", log))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: FakeStream("main", log))
    monkeypatch.setattr(torch.cuda, "stream", on)
    side = SideStream(DEVICE)
    side.run([lambda: log.append("call")])
    side.join()
    assert log == ["side waits for main", "enter side", "call", "leave side", "main waits for side"]
