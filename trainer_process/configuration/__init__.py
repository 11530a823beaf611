"""A run's configuration: ML-Agents' YAML dialect, with our own additions, read, judged and made this project's own."""

from __future__ import annotations

from trainer_process.configuration.environment_parameter import CompletionCriteria, Curriculum, Lesson, lessons_of
from trainer_process.configuration.loading import load_configuration
from trainer_process.configuration.run_configuration import RunConfiguration
from trainer_process.configuration.sampler import sampler_to_wire
from trainer_process.errors import ConfigurationError

__all__ = [
    "CompletionCriteria",
    "ConfigurationError",
    "Curriculum",
    "Lesson",
    "RunConfiguration",
    "lessons_of",
    "load_configuration",
    "sampler_to_wire",
]
