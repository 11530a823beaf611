"""Being a good neighbour of a game: a lower priority, and few threads that wait without spinning."""

from __future__ import annotations

import logging
import os
import sys

logger = logging.getLogger(__name__)

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
WAIT_POLICY_VARIABLE = "OMP_WAIT_POLICY"
NICENESS = 10
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000


def cap_threads(thread_count: int = 1) -> None:
    """Caps the arithmetic threads of this process and its children, and makes them wait passively.

    To be called before numpy and torch are imported, which read these variables once. With OpenMP's default, busy
    waiting, an update beside a busy game takes 5 to 13 times as long as one on a single thread.
    """
    for name in THREAD_VARIABLES:
        os.environ[name] = str(thread_count)
    os.environ[WAIT_POLICY_VARIABLE] = "passive"


def cap_torch_threads(thread_count: int = 1) -> None:
    """The same for a torch that is imported, or is now."""
    import torch

    torch.set_num_threads(thread_count)


if sys.platform == "win32":

    def lower_priority() -> None:
        """Puts this process below the game's priority."""
        import ctypes

        kernel32 = ctypes.windll.kernel32
        if not kernel32.SetPriorityClass(kernel32.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS):
            logger.warning("the priority could not be lowered: error %d", kernel32.GetLastError())
else:

    def lower_priority() -> None:
        """Puts this process below the game's priority."""
        try:
            os.nice(NICENESS)
        except OSError as error:
            logger.warning("the priority could not be lowered: %s", error)
