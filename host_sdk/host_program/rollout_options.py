"""Options of host programs that play without training: who plays, how much, and where it is kept."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from host_sdk.controller import Controller
from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.random_controller import RandomController
from host_sdk.host_program.simulator import Simulator
from host_sdk.policy import Policy
from protocol.policy_file import load_policy
from protocol.policy_settings import PolicySettings

SCRIPTED = "scripted"
"""The expert of a world that has one of its own."""

MakeExpert = Callable[[], Controller]


@dataclass(frozen=True)
class RolloutOptions:
    """What is asked for.

    Attributes:
        file: the recording to write; None where only the statistics are wanted.
        policy_file: of the policy that plays; None for another actor.
        is_scripted: whether the world's own expert plays.
        episode_count: at least so many episodes; 0 where only steps count.
        step_count: at least so many steps; 0 where only episodes count.
        is_deterministic: whether a policy plays by its mode, else as it samples.
        seed: of the random numbers of who plays.
        metadata: for the recording.
    """

    file: Path | None
    policy_file: Path | None = None
    is_scripted: bool = False
    episode_count: int = 0
    step_count: int = 0
    is_deterministic: bool = True
    seed: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)

    def policy_settings(self) -> PolicySettings | None:
        """Those of the policy that plays; None for another actor. Raises PolicyFileError."""
        return None if self.policy_file is None else load_policy(self.policy_file).policy_settings

    def make_actor(
        self, simulator: Simulator, make_expert: MakeExpert | None = None
    ) -> tuple[Policy | Controller, str]:
        """Who plays, and what it is called.

        Args:
            simulator: the world, its policy built with `policy_settings`.
            make_expert: makes the world's own expert, where it has one.

        Raises:
            PolicyFileError: the policy's file can't be used.
            InvalidSettingsError: the world has no expert.
        """
        if self.policy_file is not None:
            simulator.policy.load_policy(self.policy_file)
            simulator.policy.seed(self.seed)
            return simulator.policy, f"policy version {simulator.policy.version}"
        if not self.is_scripted:
            manager, interactor = simulator.manager, simulator.interactor
            return RandomController.make_controller(manager, interactor, seed=self.seed), "random"
        if make_expert is None:
            raise InvalidSettingsError("--expert: expected a world with an expert of its own, got one without")
        return make_expert(), "expert"

    def describe(self, world: str, actor: str) -> dict[str, str]:
        """The recording's metadata."""
        texts = {
            "world": world,
            "actor": actor,
            "seed": str(self.seed),
            "date": datetime.now(UTC).isoformat("T", "seconds"),
        }
        if self.policy_file is not None:
            file = load_policy(self.policy_file)
            texts |= {"actions": "deterministic" if self.is_deterministic else "sampled", "behavior": file.behavior}
        return {**texts, **self.metadata}


def add_rollout_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `read_rollout_options` reads."""
    group = parser.add_argument_group("playing without training")
    group.add_argument("--record", type=Path, metavar="FILE.lbr", help="play whole episodes and keep them here")
    group.add_argument("--rollouts", action="store_true", help="play whole episodes and print their statistics")
    group.add_argument("--policy", type=Path, metavar="POLICY.lbp", help="who plays: this policy (default: anything)")
    group.add_argument(
        "--expert", nargs="?", const=SCRIPTED, metavar="EXPERT", help="who plays: the world's own expert"
    )
    group.add_argument("--random", action="store_true", help="who plays: whatever can be done, alike")
    group.add_argument("--n-episodes", type=int, default=0, metavar="N", help="at least so many episodes")
    group.add_argument("--n-timesteps", type=int, default=0, metavar="N", help="at least so many steps")
    group.add_argument(
        "--sampled", action="store_true", help="the policy samples its actions (default: the most likely ones)"
    )
    group.add_argument("--metadata", action="append", default=[], metavar="NAME=TEXT", help="for the recording")


def read_rollout_options(options: argparse.Namespace) -> RolloutOptions | None:
    """The options of `add_rollout_options`; None where nothing shall be played without training.

    Raises:
        InvalidSettingsError: they contradict each other, or say too little.
    """
    if options.record is None and not options.rollouts:
        return None
    named = [name for name in ("policy", "expert", "random") if getattr(options, name)]
    if len(named) > 1:
        raise InvalidSettingsError(f"--{named[1]}: expected one who plays, got --{named[0]} too")
    if options.expert not in (None, SCRIPTED):
        raise InvalidSettingsError(
            f"--expert: expected nothing behind it, got {options.expert!r}; use --policy for a file"
        )
    if options.n_episodes < 1 and options.n_timesteps < 1:
        raise InvalidSettingsError("--n-episodes, --n-timesteps: expected at least one of them, above 0")
    if options.record is not None and options.record.exists():
        raise InvalidSettingsError(f"--record: expected no such file, got {options.record}; choose another name")
    return RolloutOptions(
        file=options.record,
        policy_file=options.policy,
        is_scripted=options.expert == SCRIPTED,
        episode_count=max(0, options.n_episodes),
        step_count=max(0, options.n_timesteps),
        is_deterministic=not options.sampled,
        seed=options.seed,
        metadata=dict(_named_text(text) for text in options.metadata),
    )


def _named_text(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise InvalidSettingsError(f"--metadata: expected NAME=TEXT, got {text!r}")
    return name, value
