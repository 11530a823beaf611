"""What a host and a trainer must agree on: schemas, networks, weights, experience, messages and their bytes."""

from __future__ import annotations

LEARNING_BRIDGE_PROTOCOL = True
