"""The order in which torch is told to capture, on a stand-in for the device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from trainer_process.models.cuda_graph import capture_cuda_graph

DEVICE = torch.device("cuda", 1)


class FakeStream:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self._log = log

    def wait_stream(self, other: FakeStream) -> None:
        self._log.append(f"{self.name} waits for {other.name}")


class FakeGraph:
    def __init__(self, log: list[str]) -> None:
        self._log = log

    def replay(self) -> None:
        self._log.append("replay")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of a `torch.cuda` that only takes notes."""
    notes: list[str] = []

    @contextmanager
    def noted(name: str) -> Iterator[None]:
        notes.append(f"enter {name}")
        yield
        notes.append(f"leave {name}")

    def graph(made: FakeGraph, *, stream: FakeStream, capture_error_mode: str) -> object:
        return noted(f"capture on {stream.name}, {capture_error_mode}")

    monkeypatch.setattr(torch.cuda, "Stream", lambda device: FakeStream("side", notes))
    monkeypatch.setattr(torch.cuda, "device", lambda device: noted(f"device {device.index}"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: FakeStream("main", notes))
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: noted(stream.name))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: FakeGraph(notes))
    monkeypatch.setattr(torch.cuda, "graph", graph)
    return notes


def test_work_is_warmed_up_beside_the_main_stream_and_then_captured_on_its_device(log):
    replay = capture_cuda_graph(lambda: log.append("work"), DEVICE)
    assert log == [
        "enter device 1",
        "side waits for main",
        "enter side",
        "work",
        "work",
        "work",
        "leave side",
        "main waits for side",
        "enter capture on side, thread_local",
        "work",
        "leave capture on side, thread_local",
        "leave device 1",
    ]
    log.clear()
    replay()
    assert log == ["replay"]


def test_what_torch_can_not_capture_is_an_error(log):
    def work() -> None:
        log.append("work")
        if log.count("work") == 4:
            raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(RuntimeError, match="not permitted"):
        capture_cuda_graph(work, DEVICE)
