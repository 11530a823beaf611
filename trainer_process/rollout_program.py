"""Whole episodes of a policy, a script or nobody in particular, played by a host program while a bar moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from protocol.errors import BridgeError
from trainer_process.host_program import HostProgram
from trainer_process.progress_display import ProgressDisplay
from trainer_process.progress_report import CountedProgress
from trainer_process.world_program import WorldProgram


class RolloutError(BridgeError):
    """A host program couldn't play."""


@dataclass(frozen=True)
class RolloutRequest:
    """What is to be played.

    Attributes:
        world: where.
        file: the recording to write; None where only the statistics are wanted.
        actor: arguments of the host program that say who plays, as `("--policy", "policy.lbp")`.
        episode_count: at least so many episodes; 0 where only steps count.
        step_count: at least so many steps; 0 where only episodes count.
        agent_count: at one time.
        is_sampled: whether a policy samples its actions; else it takes the most likely ones.
        seed: of the world and of who plays.
        metadata: further texts for the recording, as `name=text`.
    """

    world: WorldProgram
    file: Path | None
    actor: tuple[str, ...]
    episode_count: int = 0
    step_count: int = 0
    agent_count: int = 8
    is_sampled: bool = False
    seed: int = 0
    metadata: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """Of the host program."""
        return [
            *self.world.arguments,
            *("--agents", str(self.agent_count), "--seed", str(self.seed)),
            *(("--record", str(self.file)) if self.file is not None else ("--rollouts",)),
            *self.actor,
            *("--n-episodes", str(self.episode_count), "--n-timesteps", str(self.step_count)),
            *(("--sampled",) if self.is_sampled else ()),
            *(part for text in self.metadata for part in ("--metadata", text)),
        ]


@dataclass(frozen=True)
class RolloutSummary:
    """What came of it.

    Attributes:
        actor: who played.
        statistics: as `RolloutStatistics.figures`.
        is_complete: whether there were as many episodes and steps as asked for.
    """

    actor: str
    statistics: Mapping[str, float | int] = field(default_factory=dict)
    is_complete: bool = True


def run_rollouts(request: RolloutRequest, display: ProgressDisplay, title: str = "") -> RolloutSummary:
    """Plays, and shows how far it is.

    Args:
        request: what is to be played.
        display: begun.
        title: beside the bar; the world's name unless given.

    Raises:
        RolloutError: the program failed; what it said is shown.
    """
    summary: dict[str, object] = {}
    with HostProgram(request.world.module, request.arguments()) as program:
        try:
            for event in program.events():
                if isinstance(event, str):
                    display.say(event)
                elif isinstance(found := event.get("summary"), dict):
                    summary = found
                else:
                    display.show(_progress(event, request, title or request.world.name))
        except KeyboardInterrupt:
            display.say("interrupted; what was played so far is kept")
        exit_code = program.wait()
    statistics = summary.get("statistics")
    if not isinstance(statistics, dict) or "failure" in summary:
        reason = summary.get("failure") or f"{request.world.module} ended with exit code {exit_code}"
        raise RolloutError(f"{request.world.name}: no episodes could be played: {reason}")
    return RolloutSummary(str(summary.get("actor", "")), statistics, is_complete=summary.get("is_complete") is True)


def _progress(event: Mapping[str, object], request: RolloutRequest, title: str) -> CountedProgress:
    episodes, steps = (value if isinstance(value := event.get(name), int) else 0 for name in ("episodes", "steps"))
    # of two minima, the one that is further away
    is_by_steps = request.step_count * max(episodes, 1) > request.episode_count * max(steps, 1)
    if is_by_steps:
        return CountedProgress(title, steps, request.step_count, "steps", f"{episodes:,} episodes")
    return CountedProgress(title, episodes, request.episode_count, "episodes", f"{steps:,} steps")


def actor_arguments(policy_file: Path | None, *, is_scripted: bool = False) -> tuple[str, ...]:
    """Who plays: a policy, the world's own expert, or anything at random."""
    if policy_file is not None:
        return ("--policy", str(policy_file))
    return ("--expert",) if is_scripted else ("--random",)


def unused_file(folder: Path, stem: str, suffix: str) -> Path:
    """`folder/stem.suffix`, with a number behind the stem where that is there already; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{stem}{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path


def require_minimum(episode_count: int | None, step_count: int | None, names: Sequence[str]) -> tuple[int, int]:
    """Both numbers, 0 for what isn't asked for.

    Raises:
        RolloutError: neither is; `names` are what the options are called.
    """
    if not episode_count and not step_count:
        raise RolloutError(f"expected at least one of {' and '.join(names)}, got neither")
    return episode_count or 0, step_count or 0
