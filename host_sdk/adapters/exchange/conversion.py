"""One conversion between a recording and a data set: its options, what it says while it runs, and how it ends."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import BridgeError
from protocol.recording import Episode, RecordingHeader, save_recording

PROGRESS_INTERVAL_S = 0.5


@dataclass(frozen=True)
class ConversionOptions:
    """What a conversion is asked for.

    Attributes:
        source: a file, a folder or a name.
        target: likewise.
        world: whose spaces the values are of, as `gymnasium:CartPole-v1`; empty where that isn't said.
        like: a recording or a policy file whose schemas the values are of; None where that isn't said.
        clips_actions: numbers beyond their bounds are brought to them.
        time_limit: an episode of exactly so many steps ran out of time, whatever the data set says; 0 for none.
    """

    source: str
    target: str
    world: str = ""
    like: Path | None = None
    clips_actions: bool = False
    time_limit: int = 0


@dataclass(frozen=True)
class ConversionResult:
    """What a conversion did.

    Attributes:
        episode_count: that were converted.
        step_count: in them.
        place: where they are now.
        notes: what was left out or taken for granted, each a sentence.
    """

    episode_count: int
    step_count: int
    place: str
    notes: tuple[str, ...] = ()


Report = Callable[[int, int], None]
"""Told of the episodes and steps so far."""
Conversion = Callable[[ConversionOptions, Report], ConversionResult]


def run_conversion(program: str, description: str, conversion: Conversion, arguments: list[str] | None) -> int:
    """The main function of an adapter's program.

    Returns:
        Its exit code: 0 done, 1 failed, 2 wrong options, 130 interrupted.
    """
    options = _parse(program, description, arguments)
    try:
        result = conversion(options, _reporter())
    except KeyboardInterrupt:
        return 130
    except (BridgeError, OSError, ModuleNotFoundError) as error:
        print(f"{options.source}: {error}", file=sys.stderr)
        return 1
    content = {"episodes": result.episode_count, "steps": result.step_count, "place": result.place}
    print(json.dumps({"summary": {**content, "notes": list(result.notes)}}), flush=True)
    return 0


class CountedEpisodes:
    """Episodes on their way, counted and told of.

    Attributes:
        episode_count: so far.
        step_count: so far.
    """

    def __init__(self, episodes: Iterable[Episode], report: Report) -> None:
        self._episodes = episodes
        self._report = report
        self.episode_count = 0
        self.step_count = 0

    def __iter__(self) -> Iterator[Episode]:
        for episode in self._episodes:
            yield episode
            self.episode_count += 1
            self.step_count += episode.step_count
            self._report(self.episode_count, self.step_count)


def save_counted(
    target: str, header: RecordingHeader, episodes: Iterable[Episode], report: Report, notes: Iterable[str] = ()
) -> ConversionResult:
    """Writes a recording out of episodes that are taken one by one.

    Raises:
        RecordingError: the file can't be written, or an episode isn't right.
    """
    counted = CountedEpisodes(episodes, report)
    save_recording(target, header, counted)
    return ConversionResult(counted.episode_count, counted.step_count, target, tuple(notes))


def _reporter() -> Report:
    last_s = time.monotonic()

    def report(episodes: int, steps: int) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= PROGRESS_INTERVAL_S:
            last_s = time.monotonic()
            print(json.dumps({"episodes": episodes, "steps": steps}), flush=True)

    return report


def _parse(program: str, description: str, arguments: list[str] | None) -> ConversionOptions:
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("source", help="what to convert")
    parser.add_argument("target", help="where to; one of the two is a recording (.lbr)")
    parser.add_argument(
        "--env", default="", dest="world", metavar="gymnasium:ID", help="whose spaces the values are of"
    )
    parser.add_argument("--like", type=Path, metavar="FILE", help="a recording or policy file with their schemas")
    parser.add_argument("--clip-actions", action="store_true", help="bring actions beyond their bounds to them")
    parser.add_argument("--time-limit", type=int, default=0, metavar="STEPS", help="episodes so long were truncated")
    found = parser.parse_args(arguments)
    return ConversionOptions(found.source, found.target, found.world, found.like, found.clip_actions, found.time_limit)
