"""An action that has every element once, and vectors of it that are drawn for tests."""

from __future__ import annotations

from enum import Enum, Flag, auto

import numpy as np

from host_sdk.action_schema import ActionSchema
from host_sdk.inference import ActionDistribution
from protocol.action_layout import ActionLayout
from protocol.schema import ActionElement
from protocol.vector_array import FloatArray

SCHEMA = ActionSchema()


class Stance(Enum):
    """What a fighter stands like."""

    LOW = "low"
    HIGH = "high"


class Keys(Flag):
    """What is pressed."""

    JUMP = auto()
    CROUCH = auto()
    SPRINT = auto()


EVERYTHING: ActionElement = SCHEMA.struct(
    {
        "weapon": SCHEMA.exclusive_union(
            {
                "none": SCHEMA.null(),
                "bow": SCHEMA.struct({"draw": SCHEMA.float(bounding="squash", low=0.0, high=1.0)}),
                "sword": SCHEMA.enum(Stance, tag="stance"),
            }
        ),
        "limbs": SCHEMA.inclusive_union({"arm": SCHEMA.angle(), "leg": SCHEMA.bool()}),
        "drop": SCHEMA.optional(SCHEMA.named_exclusive_discrete(["shield", "helmet"])),
        "way": SCHEMA.either(SCHEMA.location(), SCHEMA.velocity()),
        "keys": SCHEMA.bitmask(Keys),
        "perks": SCHEMA.named_inclusive_discrete(["fast", "strong"]),
        "look": SCHEMA.encoding(SCHEMA.pair(SCHEMA.direction(), SCHEMA.rotation())),
        "ghost": SCHEMA.transform(),
        "push": SCHEMA.continuous(2, scale=10.0, bounding="clip", low=-5.0, high=[5.0, 8.0]),
        "slots": SCHEMA.static_array(SCHEMA.exclusive_discrete(3), 2),
        "size": SCHEMA.scale(),
        "lamps": SCHEMA.inclusive_discrete(2),
    }
)


def sampled(count: int, element: ActionElement = EVERYTHING, seed: int = 1) -> FloatArray:
    """float32[count, A] of an untrained policy."""
    layout = ActionLayout.of(element)
    vectors, log_probs = np.zeros((count, layout.vector_size), np.float32), np.zeros(count, np.float32)
    distribution = np.zeros((count, layout.distribution_size), np.float32)
    ActionDistribution(layout, count).sample(distribution, np.random.default_rng(seed), 1.0, vectors, log_probs)
    return vectors
