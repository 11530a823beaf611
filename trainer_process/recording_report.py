"""What is in a recording: counted, checked and described, episode by episode, without holding it in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingHeader, RecordingReader, RolloutStatistics
from protocol.recording.reader import DamagedStretch
from protocol.recording.statistics import describe_figures
from protocol.schema import action_to_wire, observation_to_wire
from trainer_process.schema_tree import action_tree, observation_tree
from trainer_process.text_histogram import text_histogram

MAX_SHOWN_DAMAGE = 10


@dataclass(frozen=True)
class RecordingReport:
    """What a recording holds.

    Attributes:
        path: of the file.
        byte_count: its size.
        header: schemas and metadata.
        statistics: of the whole episodes.
        completions: how many of the whole episodes ended how.
        damaged_stretches: bytes between episodes that are no episode.
        damaged_episodes: what is wrong with each episode that is not whole.
        torn_bytes: at the end, of an episode that was never finished.
    """

    path: str
    byte_count: int
    header: RecordingHeader
    statistics: RolloutStatistics
    completions: dict[str, int]
    damaged_stretches: tuple[DamagedStretch, ...] = ()
    damaged_episodes: dict[int, str] = field(default_factory=dict)
    torn_bytes: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every byte of the file is what was written, and belongs to a whole episode."""
        return not (self.damaged_stretches or self.damaged_episodes or self.torn_bytes)

    @property
    def step_count(self) -> int:
        """Steps of the whole episodes."""
        return int(self.statistics.lengths.sum())

    def to_plain(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "kind": "recording",
            "path": self.path,
            "bytes": self.byte_count,
            "episodes": len(self.statistics.lengths),
            "steps": self.step_count,
            "completions": self.completions,
            "statistics": self.statistics.figures(),
            "has_modifiers": self.header.has_modifiers,
            "sizes": vars(self.header.sizes),
            "observation_schema": observation_to_wire(self.header.observation),
            "action_schema": action_to_wire(self.header.action),
            "metadata": dict(self.header.metadata),
            "is_whole": self.is_whole,
            "damaged_stretches": [stretch._asdict() for stretch in self.damaged_stretches],
            "damaged_episodes": {str(index): reason for index, reason in self.damaged_episodes.items()},
            "torn_bytes": self.torn_bytes,
        }

    def describe(self) -> str:
        """For people."""
        sizes = self.header.sizes
        lines = [
            f"{self.path}: a recording, {describe_bytes(self.byte_count)}",
            f"{len(self.statistics.lengths):,} episodes ({_counts(self.completions)}), {self.step_count:,} steps",
            f"a step: {sizes.observation} floats seen, {sizes.action} done, {sizes.modifier} of modifiers, "
            f"{describe_bytes(sizes.image)} of images",
            "",
            *describe_figures(self.statistics.figures()),
            *_returns(self.statistics),
            "",
            *observation_tree(self.header.observation),
            *action_tree(self.header.action),
            *(["", *(f"{name} = {value}" for name, value in sorted(self.header.metadata.items()))]),
        ]
        return "\n".join([*lines, *self._damage()]).rstrip()

    def _damage(self) -> Iterator[str]:
        if self.is_whole:
            return
        yield ""
        for stretch in self.damaged_stretches[:MAX_SHOWN_DAMAGE]:
            place = f"bytes {stretch.start:,} to {stretch.end:,}, after {stretch.episode} episodes"
            yield f"damaged: {place}, are no episode"
        for reason in list(self.damaged_episodes.values())[:MAX_SHOWN_DAMAGE]:
            yield f"damaged: {reason}"
        if self.torn_bytes:
            yield (
                f"torn: the last {self.torn_bytes:,} bytes are an episode that was never finished, or is being written"
            )
        yield "keep the whole episodes with: learning-bridge inspect --repair NEW.lbr FILE"


def report_recording(reader: RecordingReader) -> RecordingReport:
    """Reads and checks every episode once."""
    damaged: dict[int, str] = {}
    completions: dict[str, int] = {}

    def whole() -> Iterator[Episode]:
        for index, episode in reader.whole_episodes():
            if isinstance(episode, RecordingError):
                damaged[index] = str(episode)
                continue
            name = _COMPLETION_NAMES[episode.completion]
            completions[name] = completions.get(name, 0) + 1
            yield episode

    statistics = RolloutStatistics.of(whole())
    return RecordingReport(
        path=str(reader.path),
        byte_count=reader.path.stat().st_size,
        header=reader.header,
        statistics=statistics,
        completions=completions,
        damaged_stretches=tuple(reader.damaged),
        damaged_episodes=damaged,
        torn_bytes=reader.torn_bytes,
    )


def describe_bytes(count: int) -> str:
    """As 3 bytes, 1.5 kB or 2.0 GB."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


_COMPLETION_NAMES = {Completion.TERMINATION: "terminated", Completion.TRUNCATION: "truncated"}


def _counts(completions: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(completions.items())) or "it is empty"


def _returns(statistics: RolloutStatistics) -> list[str]:
    if not len(statistics.lengths):
        return []
    returns = statistics.known_returns
    if not len(returns):
        return ["no rewards were given", "", "lengths", *text_histogram(statistics.lengths)]
    unknown = int(np.isnan(statistics.returns).sum())
    without = [f"{unknown} episodes have no rewards"] if unknown else []
    return [*without, "", "returns", *text_histogram(returns), "lengths", *text_histogram(statistics.lengths)]
