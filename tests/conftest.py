"""What holds for every test: one thread per pool, a temporary folder of its own, the same examples in each run, and
nothing left behind."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

for _pool in ("MKL_NUM", "NUMEXPR_NUM", "OMP_NUM", "OPENBLAS_NUM", "VECLIB_MAXIMUM"):
    os.environ[f"{_pool}_THREADS"] = "1"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
for _name in [name for name in os.environ if name.startswith("LEARNING_BRIDGE_")]:
    del os.environ[_name]

# Rendezvous folders and socket files of this run, its children's too, are alone in one folder, so that what another
# run of the tests leaves is not taken for ours. pytest's own folders stay where one looks for them.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
SCRATCH = Path(tempfile.mkdtemp(prefix="lb-"))
os.environ["TMPDIR"] = os.environ["TEMP"] = os.environ["TMP"] = str(SCRATCH)
tempfile.tempdir = str(SCRATCH)
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

import psutil  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

LEAVING_S = 3.0
"""How long a child that was told to end may take after its test."""


def child_ids() -> set[int]:
    """Ids of this process's children, those not yet waited for included."""
    if sys.platform == "linux":
        tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        return {int(child) for task in tasks for child in task.read_text().split()}
    return {child.pid for child in psutil.Process().children()}


def bridge_files() -> set[Path]:
    """Rendezvous folders, socket files and whatever else of ours lies in the temporary folder."""
    return set(SCRATCH.glob("learning-bridge*"))


def left_behind(children: set[int], files: set[Path]) -> tuple[set[int], set[Path]]:
    """What is there now and was not before."""
    return child_ids() - children, bridge_files() - files


@pytest.fixture(autouse=True, scope="session")
def segments_of_killed_processes() -> Iterator[None]:
    """Sweeps what processes that tests killed left in shared memory, as the next start of a program would."""
    yield
    from protocol.shared_memory import sweep_stale_segments

    sweep_stale_segments()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test after which a child process, a socket file or a rendezvous folder remains; then clears it away."""
    children, files = child_ids(), bridge_files()
    yield
    deadline = time.monotonic() + LEAVING_S
    while any(leaks := left_behind(children, files)) and time.monotonic() < deadline:
        time.sleep(0.02)
    new_children, new_files = leaks
    commands = {}
    for child in new_children:
        try:
            process = psutil.Process(child)
            commands[child] = f"{process.status()}: {' '.join(process.cmdline())}"
            process.kill()
            process.wait(1.0)
        except (psutil.NoSuchProcess, psutil.TimeoutExpired):
            continue
    for path in new_files:
        shutil.rmtree(path, ignore_errors=True)
    if new_children or new_files:
        pytest.fail(f"expected nothing left behind, got processes {commands} and files {sorted(map(str, new_files))}")


# A shell that runs the tests in the background has them ignore Ctrl-C, and every program that they start with them.
signal.signal(signal.SIGINT, signal.default_int_handler)
