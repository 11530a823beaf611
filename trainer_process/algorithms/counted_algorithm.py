"""What learners have that count their own updates and steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainer_process.algorithms.base import Algorithm


@dataclass(frozen=True)
class Counters:
    """How far learning has come; schedules follow from `steps`.

    Attributes:
        version: of the policy's weights.
        iteration: updates so far.
        steps: steps that were learnt from; of demonstrations each as often as the algorithm says.
    """

    version: int = 0
    iteration: int = 0
    steps: int = 0

    def after_update(self, step_count: int) -> Counters:
        """The counters after an update that learnt from `step_count` steps."""
        return Counters(self.version + 1, self.iteration + 1, self.steps + step_count)


class CountedAlgorithm(Algorithm):
    """An algorithm that keeps `Counters`; a subclass sets them at its start and after each update."""

    _counters: Counters

    @property
    def version(self) -> int:
        return self._counters.version

    @property
    def iteration(self) -> int:
        return self._counters.iteration

    @property
    def steps(self) -> int:
        return self._counters.steps

    def raise_version(self, version: int) -> None:
        self._counters = replace(self._counters, version=max(version, self.version))
