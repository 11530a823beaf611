"""How many numbers a step of a behavior's experience has, field by field."""

from __future__ import annotations

from protocol.experience import ExperienceBatch
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.errors import ExperienceError


def row_sizes(behavior: BehaviorSpec) -> dict[str, tuple[int, ...]]:
    """The widths that each field may have; a host that modifies no actions leaves modifiers out."""
    observation, actions = behavior.observation_layout, behavior.action_layout
    return {
        "observations": (observation.size,),
        "images": (observation.image_size,),
        "actions": (actions.vector_size,),
        "action_modifiers": (0, actions.distribution_size),
        "memory": (behavior.policy_settings.memory_size,),
    }


def check_row_sizes(behavior: BehaviorSpec, batch: ExperienceBatch, host_index: int) -> None:
    """Holds a batch against a behavior.

    Raises:
        ExperienceError: a field has rows of another width.
    """
    for name, sizes in row_sizes(behavior).items():
        received = getattr(batch, name).shape[-1]
        if received not in sizes:
            wanted = " or ".join(map(str, sizes))
            raise ExperienceError(
                f"behavior {behavior.name!r}, host {host_index}, batch {batch.batch_id}: expected {name} of {wanted} "
                f"numbers a row, got {received}"
            )
