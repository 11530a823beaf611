"""Work that may run beside other work: on a GPU on a stream of its own, since small kernels don't fill it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch

Call: TypeAlias = Callable[[], object]


class SideStream:
    """A second queue of a device's work; elsewhere than on a GPU everything runs at once, in the order of the calls.

    A CUDA graph that is captured meanwhile gets two branches.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]

    def run(self, calls: Sequence[Call]) -> None:
        """Runs calls after what the main queue was given so far, beside what it is given next."""
        if self._stream is None:
            for call in calls:
                call()
            return
        self._stream.wait_stream(torch.cuda.current_stream(self._stream.device))
        with torch.cuda.stream(self._stream):
            for call in calls:
                call()

    def join(self) -> None:
        """Lets the main queue go on only after all that was run here."""
        if self._stream is not None:
            torch.cuda.current_stream(self._stream.device).wait_stream(self._stream)
