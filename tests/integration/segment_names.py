"""Which segments of shared memory there are; only of processes that a test started, since others run tests too."""

from __future__ import annotations

from protocol.shared_memory.segment import shared_memory_folder


def segments_of(process_id: int) -> set[str]:
    """Names of the segments that a process made and that are there still.

    Those of a process that ended may go at any moment: every start of a program of ours on this machine sweeps.
    """
    return {path.name for path in shared_memory_folder().glob(f"learning-bridge-memory-{process_id}-*")}
