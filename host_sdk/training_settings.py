"""What the training settings of all trainers have in common: only what was set goes over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class TrainingSettings:
    """The trainer's settings under the same names; a field left at None is the trainer's to decide."""

    def to_wire(self) -> dict[str, object]:
        """Only what was set, by name."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in values.items()
            if value is not None
        }
