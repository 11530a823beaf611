"""The lessons of a run: which each parameter is in, when it goes on, and what hosts are told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from protocol.environment_sampler import samplers_to_wire
from protocol.experience import Float64Array
from protocol.limits import MAX_ENVIRONMENT_PARAMETERS, MAX_NAME_BYTES
from protocol.messages import EnvironmentParameters, Message
from trainer_process.curriculum.completion_criteria import INITIAL_SMOOTHING, CompletionCriteria
from trainer_process.curriculum.curriculum_state import CurriculumState
from trainer_process.curriculum.lesson import PATH, TaughtParameter
from trainer_process.curriculum.reward_buffer import RewardBuffer
from trainer_process.errors import SettingsError

logger = logging.getLogger(__name__)

METRIC_PREFIX = "lesson/"


class Curriculum:
    """Follows what is learnt, and sets the parameters of the hosts' worlds; a `RunWatch`.

    Criteria are evaluated once for each completed episode of the behavior that they name, in the order in which
    episodes were learnt from; where an update brings none, once for the progress that it made. When a lesson ends all
    returns are forgotten, and with them what is left of that update's episodes: they were played in the old lesson.
    """

    def __init__(
        self,
        parameters: Sequence[TaughtParameter],
        known_behaviors: Collection[str] | None = None,
        *,
        is_fixed: bool = False,
    ) -> None:
        """
        Args:
            parameters: with their lessons, each at its first.
            known_behaviors: the only ones that there will be; None: any may come.
            is_fixed: whether every parameter stays in its lesson, as where nothing is learnt.

        Raises:
            SettingsError: there are too many parameters, one comes twice, or a criterion names another behavior.
        """
        _check(parameters, known_behaviors)
        self._parameters = tuple(parameters)
        self._numbers = {parameter.name: 0 for parameter in parameters}
        self._smoothing = {parameter.name: INITIAL_SMOOTHING for parameter in parameters}
        self._buffers = _make_buffers(parameters)
        self._missing = set(self._buffers)
        self._is_fixed = is_fixed
        self._serial = 1
        self._requires_reset = False
        self._tell_hosts: Callable[[Message], None] = _tell_nobody

    # --- What a server asks ----------------------------------------------------------------------------------------

    def begin(self, tell_hosts: Callable[[Message], None]) -> None:
        """From now on there are hosts, whom changes are told."""
        self._tell_hosts = tell_hosts

    def greeting(self, *, resumed: bool) -> Message | None:
        """The present samplers; a new host's agents begin anew with them, wherever they are."""
        return self._message(requires_reset=self._requires_reset or not resumed) if self._parameters else None

    def hear_learnt(self, behavior: str, episode_returns: Float64Array, progress: float) -> None:
        """An update was made; lessons may end by it, and hosts are told at once."""
        self._note_presence(behavior)
        buffer = self._buffers.get(behavior)
        if buffer is None or self._is_fixed:
            return
        if not len(episode_returns):
            self._evaluate(behavior, progress, progress_alone=True)
        for episode_return in episode_returns.tolist():
            buffer.append(episode_return)
            if self._evaluate(behavior, progress):
                break

    def lesson(self, parameter: str) -> str:
        """The name of the lesson that a parameter is in."""
        (lessons,) = (known.lessons for known in self._parameters if known.name == parameter)
        return lessons[self._numbers[parameter]].name

    def metrics(self) -> Mapping[str, float]:
        """The number of the lesson, from 0, of each parameter that has several, as `lesson/gravity`."""
        names = [parameter.name for parameter in self._parameters if len(parameter.lessons) > 1]
        return {_metric_name(name): float(self._numbers[name]) for name in names}

    def state(self) -> Mapping[str, object]:
        """Everything that decides what comes next, as JSON holds it."""
        lessons = {
            parameter.name: (number, parameter.lessons[number].name)
            for parameter, number in zip(self._parameters, self._numbers.values(), strict=True)
        }
        buffers = {behavior: buffer.returns.tolist() for behavior, buffer in self._buffers.items()}
        return CurriculumState(lessons, dict(self._smoothing), buffers, self._serial).to_plain()

    def restore(self, state: Mapping[str, object]) -> None:
        """Goes on from what `state` gave, in the same or another process.

        Parameters and behaviors that it doesn't know begin at their first lesson; those that are no more are forgotten.

        Raises:
            SettingsError: it is no such state, or names a lesson that there is no more.
        """
        restored = CurriculumState.from_plain(state)
        for parameter in self._parameters:
            number, name = restored.lessons.get(parameter.name, (0, parameter.lessons[0].name))
            if number >= len(parameter.lessons):
                expected = f"more than {number} lessons, since the run that is resumed is in {name!r}"
                raise SettingsError(f"{parameter.path}.curriculum", expected, str(len(parameter.lessons)))
            self._numbers[parameter.name] = number
            self._smoothing[parameter.name] = restored.smoothing.get(parameter.name, INITIAL_SMOOTHING)
        for behavior, buffer in self._buffers.items():
            buffer.restore(restored.reward_buffers.get(behavior, ()))
        self._serial = restored.serial

    # --- Lessons ---------------------------------------------------------------------------------------------------

    def _evaluate(self, behavior: str, progress: float, *, progress_alone: bool = False) -> bool:
        """Ends the lessons that are learnt; whether there were any."""
        ended: list[CompletionCriteria] = []
        returns = self._buffers[behavior].returns
        for parameter in self._parameters:
            name = parameter.name
            criteria = parameter.criteria(self._numbers[name])
            if criteria is None or criteria.behavior != behavior:
                continue
            if progress_alone and criteria.measure != "progress":
                continue
            is_over, self._smoothing[name] = criteria.need_increment(progress, returns, self._smoothing[name])
            if is_over:
                ended.append(criteria)
                self._numbers[name] += 1
                self._log(parameter)
        if ended:
            for buffer in self._buffers.values():
                buffer.clear()
            self._serial += 1
            self._requires_reset = any(criteria.requires_reset for criteria in ended)
            self._tell_hosts(self._message(requires_reset=self._requires_reset))
        return bool(ended)

    def _message(self, *, requires_reset: bool) -> EnvironmentParameters:
        samplers = {
            parameter.name: parameter.lessons[self._numbers[parameter.name]].sampler for parameter in self._parameters
        }
        return EnvironmentParameters(self._serial, samplers_to_wire(samplers), requires_reset)

    def _log(self, parameter: TaughtParameter) -> None:
        name, number, count = parameter.name, self._numbers[parameter.name] + 1, len(parameter.lessons)
        logger.info("environment parameter %r: lesson %d of %d begins, %r", name, number, count, self.lesson(name))

    def _note_presence(self, behavior: str) -> None:
        """A criterion that waits for a behavior that never comes would hold a lesson up in silence."""
        if not self._missing:
            return
        self._missing.discard(behavior)
        if self._missing:
            missing = ", ".join(sorted(self._missing))
            logger.warning("lessons wait for the episodes of %s, which nobody has trained so far", missing)
            self._missing.clear()


def _check(parameters: Sequence[TaughtParameter], known_behaviors: Collection[str] | None) -> None:
    if len(parameters) > MAX_ENVIRONMENT_PARAMETERS:
        raise SettingsError(PATH, f"at most {MAX_ENVIRONMENT_PARAMETERS} parameters", str(len(parameters)))
    names = [parameter.name for parameter in parameters]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{PATH}.{name}", "each parameter once", f"{names.count(name)} of that name")
    if known_behaviors is None:
        return
    for parameter in parameters:
        for number, lesson in enumerate(parameter.lessons):
            if lesson.criteria is not None and lesson.criteria.behavior not in known_behaviors:
                path = f"{parameter.lesson_path(number)}.completion_criteria.behavior"
                raise SettingsError(path, f"one of {sorted(known_behaviors)}", repr(lesson.criteria.behavior))


def _make_buffers(parameters: Sequence[TaughtParameter]) -> dict[str, RewardBuffer]:
    """One for each behavior that a criterion names, as large as the longest lesson that looks at it needs."""
    capacities: dict[str, int] = {}
    for parameter in parameters:
        for lesson in parameter.lessons:
            if (criteria := lesson.criteria) is not None:
                capacity = max(1, criteria.min_lesson_length, capacities.get(criteria.behavior, 1))
                capacities[criteria.behavior] = capacity
    return {behavior: RewardBuffer(capacity) for behavior, capacity in capacities.items()}


def _metric_name(parameter: str) -> str:
    """A name is as long as a metric's may be at most, and something comes before it."""
    return (METRIC_PREFIX + parameter).encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def _tell_nobody(message: Message) -> None:
    """Before a server has begun."""
