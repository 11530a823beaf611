"""The times and counts that a channel keeps to unless it is told otherwise."""

from __future__ import annotations

HEARTBEAT_INTERVAL_S = 1.0
"""A PING goes out after so long without traffic."""

HEARTBEAT_TIMEOUT_S = 10.0
"""A peer that was silent so long after a PING is gone; what its own PINGs promise, too."""

MAX_HEARTBEAT_S = 6553.0
"""PING carries its time to live as 16 bits of tenths of a second."""

HANDSHAKE_TIMEOUT_S = 5.0
"""A connection that has not shaken hands by then is closed."""

RECONNECT_INTERVAL_S = 0.1
RECONNECT_INTERVAL_MAX_S = 1.0
"""A host tries again after the first, then twice as long, at most the last."""

QUEUED_MESSAGES = 8
"""High-water mark of sending per peer: a handful of control messages beside the batches that credit allows."""

MESSAGES_PER_DRAIN = 64
"""Messages that one receive returns at most, so that a flood can't hold the loop."""
