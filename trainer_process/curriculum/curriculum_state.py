"""Where a curriculum stands, as a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer_process.errors import SettingsError


@dataclass(frozen=True)
class CurriculumState:
    """Everything that decides which lessons come next.

    Attributes:
        lessons: parameter → number of its lesson, from 0, and that lesson's name.
        smoothing: parameter → its smoothed measure.
        reward_buffers: behavior → returns of its newest episodes, the oldest first.
        serial: of the newest message to the hosts.
    """

    lessons: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    smoothing: Mapping[str, float] = field(default_factory=dict)
    reward_buffers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    serial: int = 1

    def to_plain(self) -> dict[str, object]:
        """As JSON holds it."""
        return {
            "lessons": {name: {"number": number, "name": lesson} for name, (number, lesson) in self.lessons.items()},
            "smoothing": dict(self.smoothing),
            "reward_buffers": {behavior: list(returns) for behavior, returns in self.reward_buffers.items()},
            "serial": self.serial,
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, object]) -> CurriculumState:
        """What `to_plain` made; of an empty map, the beginning.

        Raises:
            SettingsError: it is something else.
        """
        if not data:
            return cls()
        plain: Mapping[str, Any] = data
        try:
            lessons = {name: (int(each["number"]), str(each["name"])) for name, each in plain["lessons"].items()}
            state = cls(
                lessons,
                {name: float(value) for name, value in plain["smoothing"].items()},
                {name: tuple(float(value) for value in each) for name, each in plain["reward_buffers"].items()},
                int(plain["serial"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SettingsError("checkpoint: run", "the state of a curriculum", repr(error)[:200]) from error
        if state.serial < 1 or any(number < 0 for number, _ in lessons.values()):
            raise SettingsError("checkpoint: run", "a serial from 1 on and lessons from 0 on", "others")
        return state
