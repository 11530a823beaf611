"""What an algorithm asks of the hosts that collect for it; crosses the bridge with Ready."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.experience import STEP_FIELDS


@dataclass(frozen=True)
class CollectionContract:
    """How a host collects.

    Attributes:
        steps_per_hand_off: agent-steps after which a host sends its batch, at least 1.
        horizon: the most rows a lane holds in one hand-off; 0 leaves it to the host.
        buffer_count: batches that a host may have in flight, at least 1; the game goes on recording while one is free.
        required_fields: fields of every step that must mean something, out of `STEP_FIELDS`.
        synchronous: whether the host waits for new weights after each hand-off.
    """

    steps_per_hand_off: int
    horizon: int
    buffer_count: int
    required_fields: tuple[str, ...]
    synchronous: bool

    def __post_init__(self) -> None:
        for name, least in (("steps_per_hand_off", 1), ("horizon", 0), ("buffer_count", 1)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        unknown = sorted(set(self.required_fields) - set(STEP_FIELDS))
        if unknown:
            raise ValueError(f"required_fields must be among {', '.join(STEP_FIELDS)}; got {', '.join(unknown)}")
