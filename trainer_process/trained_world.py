"""The world that a run's policy was trained in, as far as it can be played from here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from protocol.errors import BridgeError
from trainer_process.configuration import load_configuration
from trainer_process.errors import RunFolderError
from trainer_process.run_folder import CONFIGURATION_FILE_NAME
from trainer_process.world_program import KNOWN_WORLDS, WorldProgram


@dataclass(frozen=True)
class TrainedWorld:
    """A world as a run's configuration has it.

    Attributes:
        program: that plays it, with the run's `env_args`.
        drawn_parameters: names of the run's environment parameters, which only a trainer gives to a world.
    """

    program: WorldProgram
    drawn_parameters: tuple[str, ...] = ()


def find_trained_world(policy_file: Path) -> TrainedWorld:
    """The world that a policy was trained in.

    Args:
        policy_file: of a behavior in a run, whose configuration names the world.

    Raises:
        RunFolderError: there is no configuration, or it names no world that the command line can play.
        ConfigurationError: the run's configuration can't be read.
    """
    # The policy lies in the behavior's folder, or one deeper, among the policies that were kept.
    for folder in policy_file.absolute().parents[1:4]:
        path = folder / CONFIGURATION_FILE_NAME
        if path.is_file():
            return _world_of(path)
    why = f"{policy_file} is of no run with a {CONFIGURATION_FILE_NAME}"
    raise RunFolderError(f"--env: expected a world, since {why}; name {KNOWN_WORLDS}")


def _world_of(path: Path) -> TrainedWorld:
    configuration = load_configuration(path)
    name, arguments = configuration.env_settings.env_path, configuration.env_settings.env_args or ()
    if name is None:
        raise RunFolderError(
            f"--env: expected a world, since {path} names none (the game was started by itself); name {KNOWN_WORLDS}"
        )
    try:
        found = WorldProgram.require(name)
    except BridgeError as error:
        raise RunFolderError(
            f"--env: {path} names {name!r}, a program that can't be played from here; name {KNOWN_WORLDS}"
        ) from error
    program = replace(found, arguments=(*found.arguments, *arguments))
    return TrainedWorld(program, tuple(configuration.environment_parameters or ()))
