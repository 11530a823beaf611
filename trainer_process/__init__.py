"""The trainer side of learning-bridge: receives experience, trains, returns weights."""

from __future__ import annotations

import protocol

__all__: tuple[str, ...] = ()


def _require_own_protocol() -> None:
    """Refuses a stray module named `protocol` that stands before ours on the user's path."""
    if getattr(protocol, "LEARNING_BRIDGE_PROTOCOL", False) is not True:
        where = getattr(protocol, "__file__", None) or ", ".join(getattr(protocol, "__path__", ()))
        raise ImportError(
            "trainer_process: expected learning-bridge's package `protocol`, got another module of that name "
            f"from {where}; rename that file, or take its folder off the path (`python -P` leaves out the current one)"
        )


_require_own_protocol()
