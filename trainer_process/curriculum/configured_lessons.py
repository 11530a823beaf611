"""Lessons out of a run's configuration."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.environment_sampler import EnvironmentSampler, sampler_from_wire
from protocol.errors import SchemaError
from protocol.limits import MAX_INT64
from trainer_process.configuration import environment_parameter as configured
from trainer_process.configuration.sampler import RUN_SEED, Sampler, sampler_to_wire
from trainer_process.curriculum.completion_criteria import CompletionCriteria
from trainer_process.curriculum.lesson import Lesson, TaughtParameter, sampler_error


def configured_lessons(
    parameters: Mapping[str, configured.EnvironmentParameter], run_seed: int
) -> tuple[TaughtParameter, ...]:
    """The parameters of a configuration, in its order.

    A sampler without a seed of its own gets the run's, plus how many samplers without one came before it; a number
    counts as one, as with ML-Agents.

    Raises:
        SettingsError: a lesson is wrong; names its path.
    """
    offset = 0
    taught: list[TaughtParameter] = []
    for name, parameter in parameters.items():
        lessons: list[Lesson] = []
        is_plain = not isinstance(parameter, configured.Curriculum)
        for number, lesson in enumerate(configured.lessons_of(parameter, name)):
            path = f"$.environment_parameters.{name}" + ("" if is_plain else f".curriculum[{number}].value")
            sampler = _sampler(lesson.value, (run_seed + offset) % (MAX_INT64 + 1), path)
            offset += _wants_seed(lesson.value)
            lessons.append(Lesson(lesson.name, sampler, _criteria(lesson.completion_criteria)))
        taught.append(TaughtParameter(name, tuple(lessons)))
    return tuple(taught)


def _wants_seed(value: float | Sampler) -> bool:
    return isinstance(value, int | float) or value.sampler_parameters.seed == RUN_SEED


def _sampler(value: float | Sampler, seed: int, path: str) -> EnvironmentSampler:
    wire = sampler_to_wire(value)
    if wire.get("seed") == RUN_SEED:
        wire["seed"] = seed
    try:
        return sampler_from_wire(wire)
    except SchemaError as error:
        raise sampler_error(path, error) from error


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
