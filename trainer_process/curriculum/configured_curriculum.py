"""The curriculum that a run's configuration asks for, where the run left it."""

from __future__ import annotations

import logging

from trainer_process.configuration import RunConfiguration
from trainer_process.curriculum.configured_lessons import configured_lessons
from trainer_process.curriculum.curriculum import Curriculum
from trainer_process.run_folder import RunFolder

logger = logging.getLogger(__name__)


def configured_curriculum(
    configuration: RunConfiguration, folder: RunFolder, *, resume: bool = False, learns: bool = True
) -> Curriculum | None:
    """A run's `RunWatch`; None where the configuration has no environment parameters.

    Args:
        configuration: of the run.
        folder: of the run, claimed.
        resume: whether the run goes on, so that lessons do.
        learns: whether lessons may end.

    Raises:
        SettingsError: a parameter is wrong, or the run that goes on is in a lesson that there is no more.
    """
    if not configuration.environment_parameters:
        return None
    known = None if configuration.default_settings is not None else tuple(configuration.behaviors)
    parameters = configured_lessons(configuration.environment_parameters)
    curriculum = Curriculum(parameters, known or None, is_fixed=not learns)
    if resume and (context := folder.newest_context()) is not None:
        curriculum.restore(context.run)
        for name in (parameter.name for parameter in parameters if len(parameter.lessons) > 1):
            logger.info("environment parameter %r goes on in lesson %r", name, curriculum.lesson(name))
    return curriculum
