"""One BLAS thread for the whole host process, so that inference never fights the game for its cores.

Products of a few hundred rows gain nothing from threads, and a BLAS that wakes a pool and spins takes what the engine
needs. Environment variables come too late where numpy was imported earlier; threadpoolctl changes the loaded library.
"""

from __future__ import annotations

_state: dict[str, int] = {}


def limit_blas_threads(count: int = 1) -> None:
    """Let every BLAS library that is loaded use `count` threads, for the rest of the process.

    Only the first call with a count does anything; the others cost a look-up.

    Raises:
        ValueError: the count is below 1.
    """
    if _state.get("count") == count:
        return
    if count < 1:
        raise ValueError(f"BLAS needs at least one thread, got {count}")
    # Imported here because it looks through the loaded libraries, which a host that never infers needn't pay for.
    from threadpoolctl import ThreadpoolController

    ThreadpoolController().limit(limits=count, user_api="blas")
    _state["count"] = count
