"""What a training has learnt from, told from the notes of all trainers that it had, one after the other.

Each resumed trainer goes back to a checkpoint; what was learnt after that checkpoint is undone. What is left is one
line of updates, from the first to the last.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Learnt:
    """One update.

    Attributes:
        iteration: its number, from 1.
        steps: agent-steps that the trainer counts after it.
        batches: ids of what it learnt from.
    """

    iteration: int
    steps: int
    batches: tuple[int, ...]


@dataclass(frozen=True)
class LearntLine:
    """What is left, and what was undone.

    Attributes:
        updates: those that the last trainer's weights came of, in their order.
        undone: the others, in theirs.
        taken: steps of each batch that some trainer took, by its id.
        trainer_count: processes that began to learn.
    """

    updates: Sequence[Learnt]
    undone: Sequence[Learnt]
    taken: Mapping[int, int]
    trainer_count: int

    @property
    def batches(self) -> list[int]:
        """Ids of all batches that were learnt from, in the order of learning."""
        return [batch for update in self.updates for batch in update.batches]

    @property
    def repeated(self) -> int:
        """Batches that were learnt from more than once."""
        return sum(count > 1 for count in Counter(self.batches).values())

    @property
    def steps(self) -> int:
        """Agent-steps of all batches that were learnt from."""
        return sum(self.taken[batch] for batch in self.batches)

    @property
    def counted_steps(self) -> int:
        """The same, as the trainer counts them."""
        return self.updates[-1].steps if self.updates else 0

    @property
    def lost(self) -> set[int]:
        """Batches that only undone updates learnt from, so that the host has had their credit."""
        undone = {batch for update in self.undone for batch in update.batches}
        return {batch for batch in undone.difference(self.batches) if batch < max(self.batches, default=0)}

    @property
    def skipped(self) -> int:
        """Batches that nobody ever learnt from, though later ones were; there should be none."""
        learnt = {*self.batches, *self.lost}
        return len(set(range(1, max(learnt, default=0) + 1)) - learnt)


def follow(notes: Iterable[Mapping[str, Any]]) -> LearntLine:
    """Follows the notes from the first to the last."""
    updates: list[Learnt] = []
    undone: list[Learnt] = []
    taken: dict[int, int] = {}
    processes = set()
    for note in notes:
        processes.add(note["process"])
        match note["what"]:
            case "start":
                undone += [update for update in updates if update.iteration > note["iteration"]]
                updates = [update for update in updates if update.iteration <= note["iteration"]]
            case "taken":
                taken[note["batch"]] = note["steps"]
            case "learnt":
                updates.append(Learnt(note["iteration"], note["steps"], tuple(note["batches"])))
    return LearntLine(updates, undone, taken, len(processes))


def read_notes(path: Path) -> list[dict[str, Any]]:
    """The notes of `noted_trainer`."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
