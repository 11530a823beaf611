"""An algorithm that takes demonstrations and learns nothing from them. For tests of what is around it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from protocol.recording import Episode
from tests.trainer_process.counting_algorithm import CountingAlgorithm, CountingSettings
from trainer_process.algorithms.base import Algorithm, AlgorithmSettings, BehaviorSpec, ReportProgress, UpdateReport
from trainer_process.algorithms.registry import AlgorithmEntry


class TakingAlgorithm(CountingAlgorithm):
    """Keeps what it was handed, and makes one update each time that it hears of an end.

    Attributes:
        handed: the episodes of each call, and whether they were the last.
    """

    name: ClassVar[str] = "taking"
    newest: ClassVar[TakingAlgorithm]

    def __init__(self, behavior: BehaviorSpec, settings: CountingSettings) -> None:
        super().__init__(behavior, settings)
        self.handed: list[tuple[Sequence[Episode], bool]] = []
        self._ends_due = 0
        TakingAlgorithm.newest = self

    @property
    def serials(self) -> list[int]:
        """Of all episodes, in the order in which they came."""
        return [episode.serial for episodes, _ in self.handed for episode in episodes]

    @property
    def ends(self) -> list[bool]:
        """What each call said of the end."""
        return [is_last for _, is_last in self.handed]

    def add_demonstrations(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        self.handed.append((episodes, is_last))
        self._ends_due += is_last

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        return self._ends_due > 0

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        self._ends_due -= 1
        report = super().update(report_progress)
        self._steps += sum(len(episode.rewards) for episodes, _ in self.handed for episode in episodes)
        return report


def _make(behavior: BehaviorSpec, settings: AlgorithmSettings) -> Algorithm:
    assert isinstance(settings, CountingSettings)
    return TakingAlgorithm(behavior, settings)


TAKING = AlgorithmEntry(CountingSettings, _make)
