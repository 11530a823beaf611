"""Work on a GPU recorded once and replayed: launching its kernels one by one takes longer than they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

Work: TypeAlias = Callable[[], None]
Capture: TypeAlias = Callable[[Work], Work]
"""Runs work a few times, and yields what does the same again."""

_WARM_UP_RUNS = 3
"""Libraries set themselves up at their first calls, which a graph may not contain; torch's own number."""


def capture_cuda_graph(work: Work, device: torch.device) -> Work:
    """Captures work whose tensors all stay where they are, and that never waits for the device.

    Raises:
        RuntimeError: torch could not capture it.
    """
    with torch.cuda.device(device):
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP_RUNS):
                work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        # Other threads of the trainer may talk to the device meanwhile.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            work()
    replay: Work = graph.replay
    return replay
