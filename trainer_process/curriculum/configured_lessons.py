"""Lessons out of a run's configuration."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.environment_sampler import EnvironmentSampler, sampler_from_wire
from protocol.errors import SchemaError
from trainer_process.configuration import environment_parameter as configured
from trainer_process.configuration.sampler import Sampler, sampler_to_wire
from trainer_process.curriculum.completion_criteria import CompletionCriteria
from trainer_process.curriculum.lesson import Lesson, TaughtParameter
from trainer_process.errors import SettingsError


def configured_lessons(parameters: Mapping[str, configured.EnvironmentParameter]) -> tuple[TaughtParameter, ...]:
    """The parameters of a configuration that was loaded, in its order.

    Raises:
        SettingsError: a lesson is wrong; names its path.
    """
    return tuple(TaughtParameter(name, _lessons(name, parameter)) for name, parameter in parameters.items())


def _lessons(name: str, parameter: configured.EnvironmentParameter) -> tuple[Lesson, ...]:
    path = f"$.environment_parameters.{name}"
    is_taught = isinstance(parameter, configured.Curriculum)
    return tuple(
        Lesson(
            lesson.name,
            _sampler(lesson.value, f"{path}.curriculum[{number}].value" if is_taught else path),
            _criteria(lesson.completion_criteria),
        )
        for number, lesson in enumerate(configured.lessons_of(parameter, name))
    )


def _sampler(value: float | Sampler, path: str) -> EnvironmentSampler:
    try:
        return sampler_from_wire(sampler_to_wire(value))
    except SchemaError as error:
        raise SettingsError(f"{path}{error.path[1:]}", error.expected, error.received) from error


def _criteria(criteria: configured.CompletionCriteria | None) -> CompletionCriteria | None:
    if criteria is None:
        return None
    return CompletionCriteria(
        behavior=criteria.behavior,
        measure=criteria.measure,
        threshold=float(criteria.threshold),
        min_lesson_length=criteria.min_lesson_length,
        signal_smoothing=criteria.signal_smoothing,
        requires_reset=criteria.require_reset,
    )
