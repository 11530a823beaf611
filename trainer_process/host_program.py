"""Programs of the host SDK that the command line runs in the foreground. They are spawned, never imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class HostProgram:
    """A host program whose standard output is read line by line; its errors go where this process's go."""

    def __init__(self, module: str, arguments: list[str]) -> None:
        """
        Args:
            module: as after `python -m`.
            arguments: behind it.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def events(self) -> Iterator[dict[str, object] | str]:
        """What the program says: each JSON object as one, every other line as text."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            text = line.rstrip()
            try:
                event = json.loads(text)
            except ValueError:
                event = None
            yield event if isinstance(event, dict) else text

    def wait(self) -> int:
        """Waits for the program's end. Ctrl-C reaches the program as well, which then ends by itself."""
        while True:
            try:
                return self._process.wait()
            except KeyboardInterrupt:
                continue
