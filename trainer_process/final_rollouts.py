"""What comes after a training: its last policy is kept, played, and summed up."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import click

from protocol.errors import BridgeError
from protocol.recording.statistics import describe_figures
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.progress_display import ProgressDisplay
from trainer_process.rollout_program import RolloutRequest, actor_arguments, run_rollouts, unused_file
from trainer_process.run_folder import BehaviorFolder
from trainer_process.world_program import WorldProgram

ROLLOUTS_FOLDER = "rollouts"


def finish_behavior(name: str, folder: Path, environment: str, artifacts: ArtifactOptions, *, seed: int) -> None:
    """Keeps a behavior's last policy, plays it where its world can be played here, and prints the statistics.

    A failure of this is told, and no failure of the training.

    Args:
        name: of the behavior.
        folder: of the behavior.
        environment: as for `learning-bridge train --env`.
        artifacts: what is wanted.
        seed: of the world's first agent.
    """
    place = BehaviorFolder(folder)
    if not place.policy_file.is_file():
        return
    try:
        if artifacts.policy_save_final:
            final = place.policy_file_at("final")
            final.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place.policy_file, final)
        if artifacts.has_rollouts:
            _show(name, _play(place, environment, artifacts, seed))
    except (BridgeError, OSError) as error:
        click.echo(f"{name}: {error}", err=True)


def _play(
    place: BehaviorFolder, environment: str, artifacts: ArtifactOptions, seed: int
) -> Mapping[str, float | int] | None:
    world = WorldProgram.find(environment)
    if world is None:
        return None
    file = unused_file(place.path / ROLLOUTS_FOLDER, "final", ".lbr") if artifacts.rollout_save_final else None
    request = RolloutRequest(
        world=world,
        file=file,
        actor=actor_arguments(place.policy_file),
        episode_count=artifacts.rollout_episodes,
        step_count=artifacts.rollout_steps,
        seed=seed,
    )
    with ProgressDisplay() as display:
        summary = run_rollouts(request, display, f"rollouts of {world.name}")
    if file is not None:
        click.echo(f"rollouts of the last policy: {file}")
    return summary.statistics


def _show(name: str, statistics: Mapping[str, float | int] | None) -> None:
    if statistics is None:
        click.echo(f"{name}: rollout statistics are not available, since only a world of gymnasium: or arena can be")
        click.echo("played from here; play the policy in your program, and record it with a Recorder")
        return
    click.echo("\n".join(describe_figures(statistics)))
