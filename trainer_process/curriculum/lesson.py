"""What hosts draw a parameter from, lesson by lesson."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.environment_sampler import EnvironmentSampler
from protocol.field_rule import byte_length, describe
from protocol.limits import MAX_NAME_BYTES
from trainer_process.curriculum.completion_criteria import CompletionCriteria
from trainer_process.errors import SettingsError

PATH = "$.environment_parameters"


@dataclass(frozen=True)
class Lesson:
    """One stage of a parameter.

    Attributes:
        name: for people.
        sampler: what hosts draw from while it lasts.
        criteria: when it ends; None for the last lesson.
    """

    name: str
    sampler: EnvironmentSampler
    criteria: CompletionCriteria | None = None


@dataclass(frozen=True)
class TaughtParameter:
    """A parameter and its lessons, of which a plain number or sampler is one.

    Attributes:
        name: as hosts ask for it, 1 to 128 bytes.
        lessons: at least one. All but the last need criteria; those of the last are never looked at.

    Raises:
        SettingsError: a lesson is missing, or the end of one; or the name can't be one.
    """

    name: str
    lessons: tuple[Lesson, ...]

    def __post_init__(self) -> None:
        if not 1 <= byte_length(self.name) <= MAX_NAME_BYTES:
            raise SettingsError(PATH, f"names of 1 to {MAX_NAME_BYTES} bytes", describe(self.name))
        if not self.lessons:
            raise SettingsError(self.path, "at least one lesson", "none")
        for number, lesson in enumerate(self.lessons[:-1]):
            if lesson.criteria is None:
                path = f"{self.lesson_path(number)}.completion_criteria"
                raise SettingsError(path, "when the lesson ends, as of all but the last", "nothing")

    @property
    def path(self) -> str:
        """Where it is in the configuration."""
        return f"{PATH}.{self.name}"

    def lesson_path(self, number: int) -> str:
        """Where a lesson is in the configuration."""
        return f"{self.path}.curriculum[{number}]"

    def criteria(self, number: int) -> CompletionCriteria | None:
        """When the lesson of that number ends; None for the last."""
        return self.lessons[number].criteria if number < len(self.lessons) - 1 else None
