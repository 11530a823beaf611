"""Numbers that hosts read at the start of an episode: fixed, drawn, or taught in lessons."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from trainer_process.configuration.sampler import Sampler
from trainer_process.configuration.value import Flag, Number, Text, Whole
from trainer_process.settings import Settings


def _value_kind(value: Any) -> str:
    if isinstance(value, dict):
        return "<curriculum>" if "curriculum" in value else "<sampler>"
    if isinstance(value, Settings):
        return "<curriculum>" if isinstance(value, Curriculum) else "<sampler>"
    return "<number>"


ParameterValue: TypeAlias = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[Sampler, Tag("<sampler>")], Discriminator(_value_kind)
]
"""A number, or how to draw one."""


class CompletionCriteria(Settings):
    """When a lesson has been learnt.

    Attributes:
        behavior: whose returns or progress are looked at.
        measure: "reward" is the mean return of the newest episodes, "progress" the share of the behavior's max_steps.
        min_lesson_length: episodes before the measure is looked at, and whose mean it is.
        signal_smoothing: a quarter of the measure before is mixed in.
        threshold: the measure has to exceed it.
        require_reset: all agents are reset when the lesson ends.
    """

    behavior: Text
    measure: Literal["reward", "progress"] = "reward"
    min_lesson_length: Annotated[Whole, Field(ge=0, le=1_000_000)] = 0
    signal_smoothing: Flag = True
    threshold: Number = 0.0
    require_reset: Flag = False

    @model_validator(mode="after")
    def _progress_can_be_reached(self) -> Self:
        if self.measure == "progress" and not 0.0 <= self.threshold <= 1.0:
            raise ValueError("threshold in 0..1 with measure: progress")
        return self


class Lesson(Settings):
    """A value of the parameter, and when the next one is due.

    Attributes:
        name: of the lesson.
        value: a number, or how to draw one.
        completion_criteria: None for the last lesson.
    """

    name: Text
    value: ParameterValue
    completion_criteria: CompletionCriteria | None = None


class Curriculum(Settings):
    """Lessons, one after the other."""

    curriculum: Annotated[tuple[Lesson, ...], Field(min_length=1, max_length=1000)]


EnvironmentParameter: TypeAlias = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[Sampler, Tag("<sampler>")]
    | Annotated[Curriculum, Tag("<curriculum>")],
    Discriminator(_value_kind),
]
"""A number, a sampler, or lessons."""


def lessons_of(parameter: EnvironmentParameter, name: str) -> tuple[Lesson, ...]:
    """The lessons of a parameter; a number or a sampler is one lesson without an end, called as the parameter."""
    if isinstance(parameter, Curriculum):
        return parameter.curriculum
    return (Lesson(name=name, value=parameter),)
