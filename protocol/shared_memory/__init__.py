"""Memory that a host and a trainer on one machine share: segments, arrays in them, and slots for weights."""

from protocol.shared_memory.arena_carrier import ArenaCarrier, Reference
from protocol.shared_memory.segment import SharedSegment, attach_segment, create_segment, sweep_stale_segments
from protocol.shared_memory.weight_slots import WeightSlots

__all__ = [
    "ArenaCarrier",
    "Reference",
    "SharedSegment",
    "WeightSlots",
    "attach_segment",
    "create_segment",
    "sweep_stale_segments",
]
