"""Hosts as children of the trainer: started with the endpoint in their environment, listened to, ended."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from protocol.endpoint import ENDPOINT_VARIABLE, HOST_INDEX_VARIABLE, TOKEN_VARIABLE
from trainer_process.world_program import ARENA, WorldProgram

host_log = logging.getLogger("trainer_process.host")

STOP_TIMEOUT_S = 6.0
"""The guard takes up to four seconds for its TERM and its KILL."""

_UNSET_FOR_HOSTS = ("PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT")


@dataclass(frozen=True)
class HostCommand:
    """What to run as a host.

    Attributes:
        environment: `gymnasium:ID`, `arena`, or an executable with its arguments as one would type them.
        agent_count: agents of a world in each host.
        seed: of the first agent of a world; each further one, over all hosts, adds one.
        assignments: settings of the networks for hosts of worlds, as `policy.hidden_sizes=[64,64]`.
        world_arguments: further arguments for hosts of worlds, as `("--method", "gail")`.
    """

    environment: str
    agent_count: int = 8
    seed: int = 1234
    assignments: tuple[str, ...] = ()
    world_arguments: tuple[str, ...] = ()

    def arguments(self, host_number: int) -> list[str]:
        """The command line of one host.

        Raises:
            ValueError: the environment names nothing.
            UnknownWorldError: it is to be one of Gymnasium's, and names none.
        """
        world = WorldProgram.find(self.environment)
        if world is None:
            return self._program_arguments()
        return [
            *(sys.executable, "-m", world.module),
            *world.arguments,
            *("--agents", str(self.agent_count)),
            *("--seed", str(self.seed + host_number * self.agent_count)),
            *("--report", "none"),
            *(("--evaluation-ticks", "0") if world.name == ARENA else ()),
            *self.world_arguments,
            *(part for assignment in self.assignments for part in ("--set", assignment)),
        ]

    def _program_arguments(self) -> list[str]:
        command = shlex.split(self.environment, posix=sys.platform != "win32")
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


class HostProcess:
    """One host under its guard. Nothing here waits."""

    def __init__(self, number: int, command: list[str], environment: Mapping[str, str]) -> None:
        self.number = number
        self.command = command
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainer_process.host_guard", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if sys.platform == "win32" else 0,
            process_group=None if sys.platform == "win32" else 0,
        )
        self._was_reported = False
        self._reader = threading.Thread(target=self._read, name=f"host {number} output", daemon=True)
        self._reader.start()

    @property
    def process_id(self) -> int:
        """The guard's process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The host's exit code, or None while it runs."""
        return self._process.poll()

    def has_newly_exited(self) -> bool:
        """True once, at the first look after the host's end."""
        if self._was_reported or self._process.poll() is None:
            return False
        self._was_reported = True
        self._reader.join(timeout=0.2)
        return True

    def request_stop(self) -> None:
        """Lets the guard end the host; it gives the host two seconds to leave by itself."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def wait(self, timeout_s: float) -> bool:
        """Whether the host is gone within so long."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(timeout=0.2)
        return True

    def kill(self) -> None:
        """Ends the guard without a word; its host may outlive it."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        pipe: IO[bytes] | None = self._process.stdout
        assert pipe is not None
        with contextlib.suppress(ValueError, OSError), pipe:
            for raw in pipe:
                host_log.info("host %d: %s", self.number, raw.decode(errors="replace").rstrip())


class HostProcesses:
    """All hosts that a trainer started."""

    def __init__(self, command: HostCommand, count: int, *, endpoint: str, token: str) -> None:
        """Starts them.

        Args:
            command: what to run.
            count: how many.
            endpoint: where the trainer listens.
            token: what the hosts must say.

        Raises:
            ValueError: the command names nothing.
        """
        self._hosts: list[HostProcess] = []
        try:
            for number in range(count):
                arguments = command.arguments(number)
                environment = _host_environment(endpoint, token, number)
                host_log.info("host %d: starting %s", number, shlex.join(arguments))
                self._hosts.append(HostProcess(number, arguments, environment))
        except BaseException:
            self.stop()
            raise

    @property
    def live_count(self) -> int:
        """Hosts that still run."""
        return sum(host.exit_code() is None for host in self._hosts)

    @property
    def worst_exit_code(self) -> int:
        """The largest exit code of the hosts that ended; 0 while none did."""
        return max((host.exit_code() or 0 for host in self._hosts), default=0)

    def report_exits(self) -> None:
        """Writes a log line for each host that ended since the last look."""
        for host in self._hosts:
            if host.has_newly_exited():
                level = logging.INFO if host.exit_code() == 0 else logging.ERROR
                command = shlex.join(host.command)
                host_log.log(level, "host %d ended with exit code %s: %s", host.number, host.exit_code(), command)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Ends them all, politely first, and waits until they are gone."""
        for host in self._hosts:
            host.request_stop()
        deadline_s = time.monotonic() + timeout_s
        for host in self._hosts:
            if not host.wait(max(0.0, deadline_s - time.monotonic())):
                host_log.error("host %d did not leave; killed", host.number)
                host.kill()
        self.report_exits()


def _host_environment(endpoint: str, token: str, number: int) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET_FOR_HOSTS}
    environment["PYTHONUNBUFFERED"] = "1"
    environment[ENDPOINT_VARIABLE] = endpoint
    environment[TOKEN_VARIABLE] = token
    environment[HOST_INDEX_VARIABLE] = str(number)
    return environment
