"""What is run as a host."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trainer_process.host_guard import LAUNCH_FAILED_EXIT_CODE
from trainer_process.world_program import ARENA, WorldProgram

WRONG_SETTINGS_EXIT_CODE = 2
"""Of a world's program: its options, or what it asked the trainer for, can't be; starting it again changes nothing."""


@dataclass(frozen=True)
class HostCommand:
    """What to run as a host.

    Attributes:
        environment: `gymnasium:ID`, `arena`, or an executable with its arguments as one would type them.
        agent_count: agents of a world in each host.
        seed: of the first agent of a world; each further one, over all hosts, adds one.
        assignments: settings of the networks for hosts of worlds, as `policy.hidden_sizes=[64,64]`.
        world_arguments: further arguments for hosts of worlds, as `("--method", "gail")`.
        behavior: the name that hosts of worlds give their policy; empty leaves it to them.
        env_args: put behind whatever is run.
        run_settings: what the run's configuration says to hosts; into their environment.
    """

    environment: str
    agent_count: int = 8
    seed: int = 1234
    assignments: tuple[str, ...] = ()
    world_arguments: tuple[str, ...] = ()
    behavior: str = ""
    env_args: tuple[str, ...] = ()
    run_settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_world(self) -> bool:
        """Whether it is a world that the command line knows, and no program. Raises UnknownWorldError."""
        return WorldProgram.find(self.environment) is not None

    def arguments(self, host_number: int) -> list[str]:
        """The command line of one host.

        Raises:
            ValueError: the environment names nothing.
            UnknownWorldError: it is to be one of Gymnasium's, and names none.
        """
        world = WorldProgram.find(self.environment)
        if world is None:
            return [*self._program_arguments(), *self.env_args]
        return [
            *(sys.executable, "-m", world.module),
            *world.arguments,
            *("--agents", str(self.agent_count)),
            *("--seed", str(self.seed + host_number * self.agent_count)),
            *("--report", "none"),
            *(("--evaluation-ticks", "0") if world.name == ARENA else ()),
            *(("--behavior", self.behavior) if self.behavior else ()),
            *self.world_arguments,
            *(part for assignment in self.assignments for part in ("--set", assignment)),
            *self.env_args,
        ]

    def may_start_again(self, exit_code: int) -> bool:
        """Whether a host that ended so may do better the next time."""
        if exit_code == LAUNCH_FAILED_EXIT_CODE:
            return False
        return not (self.is_world and exit_code == WRONG_SETTINGS_EXIT_CODE)

    def _program_arguments(self) -> list[str]:
        is_file = Path(self.environment).is_file()  # a path may have spaces
        command = [self.environment] if is_file else shlex.split(self.environment, posix=sys.platform != "win32")
        if not command:
            raise ValueError("environment: expected gymnasium:ID, arena or the path of a host program, got nothing")
        if self.assignments:
            raise ValueError(
                f"settings: a host program builds its networks itself, so {self.assignments[0]} can't be set for it"
            )
        if self.world_arguments:
            raise ValueError(
                f"{self.world_arguments[0]}: a host program makes its trainer itself, so this can't be chosen for it"
            )
        return command
