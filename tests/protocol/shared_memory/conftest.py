"""Segments of these tests lie in a folder of their own, on the file system where real ones lie."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.shared_memory import segment


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where segments are made; alone there, none of another run of the tests is swept or counted."""
    made = Path(tempfile.mkdtemp(prefix="lb-segments-", dir=segment.shared_memory_folder()))
    for module in (segment, segment._platform()):
        if hasattr(module, "shared_memory_folder"):
            monkeypatch.setattr(module, "shared_memory_folder", lambda: made)
    yield made
    shutil.rmtree(made, ignore_errors=True)
