"""What a training keeps beside its newest policy, and where it starts from: the options of one that makes experts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_ROLLOUT_STEPS = 2000


@dataclass(frozen=True)
class ArtifactOptions:
    """What the options say.

    Attributes:
        policy_save_interval: agent-steps between policies that are kept; none where it isn't above 0.
        policy_save_final: keep the last policy among them.
        rollout_save_final: keep rollouts of the last policy.
        rollout_steps: at least so many of them; 0 where only episodes count.
        rollout_episodes: at least so many; 0 where only steps count.
        agent_path: a policy file to start from.
    """

    policy_save_interval: int = 0
    policy_save_final: bool = True
    rollout_save_final: bool = True
    rollout_steps: int = DEFAULT_ROLLOUT_STEPS
    rollout_episodes: int = 0
    agent_path: Path | None = None

    @property
    def has_rollouts(self) -> bool:
        """Whether the last policy is played at all."""
        return bool(self.rollout_steps or self.rollout_episodes)


def artifact_options(function: Function) -> Function:
    """Adds the options whose values make `ArtifactOptions`."""
    options = (
        click.option(
            "--policy-save-interval",
            type=int,
            default=0,
            show_default=True,
            help="Agent-steps between policies kept as policies/STEPS/policy.lbp; 0 keeps none.",
        ),
        click.option(
            "--policy-save-final/--no-policy-save-final",
            default=True,
            help="Keep the last policy as policies/final/policy.lbp.  [default: keep]",
        ),
        click.option(
            "--rollout-save-final/--no-rollout-save-final",
            default=True,
            help="Keep rollouts of the last policy as rollouts/final.lbr.  [default: keep]",
        ),
        click.option(
            "--rollout-save-n-timesteps",
            type=click.IntRange(min=0),
            default=None,
            help=f"At least so many steps of rollouts.  [default: {DEFAULT_ROLLOUT_STEPS}, without episodes]",
        ),
        click.option(
            "--rollout-save-n-episodes",
            type=click.IntRange(min=0),
            default=None,
            help="At least so many episodes of rollouts; with both, both are minima.",
        ),
        click.option(
            "--agent-path",
            type=click.Path(path_type=Path, exists=True),
            help="Start from the weights of this policy file, or of the run that has one.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def take_artifact_options(values: dict[str, Any]) -> ArtifactOptions:
    """The options out of a command's keyword arguments, which keep the rest.

    Raises:
        click.UsageError: rollouts shall be kept, and be none.
        RunFolderError: there is no policy to start from.
    """
    from trainer_process.run_folder import find_policy_file

    steps: int | None = values.pop("rollout_save_n_timesteps")
    episodes: int | None = values.pop("rollout_save_n_episodes")
    agent_path: Path | None = values.pop("agent_path")
    if steps is None:
        steps = DEFAULT_ROLLOUT_STEPS if episodes is None else 0
    found = ArtifactOptions(
        policy_save_interval=values.pop("policy_save_interval"),
        policy_save_final=values.pop("policy_save_final"),
        rollout_save_final=values.pop("rollout_save_final"),
        rollout_steps=steps,
        rollout_episodes=episodes or 0,
        agent_path=None if agent_path is None else find_policy_file(agent_path),
    )
    if found.rollout_save_final and not found.has_rollouts:
        raise click.UsageError(
            "--rollout-save-final: expected --rollout-save-n-timesteps or --rollout-save-n-episodes above 0, got none"
        )
    return found
