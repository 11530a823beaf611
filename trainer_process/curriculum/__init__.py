"""What the worlds of a run are like, and how they get harder as learning gets on."""

from trainer_process.curriculum.completion_criteria import CompletionCriteria
from trainer_process.curriculum.curriculum import Curriculum
from trainer_process.curriculum.lesson import Lesson, TaughtParameter

__all__ = ["CompletionCriteria", "Curriculum", "Lesson", "TaughtParameter"]
