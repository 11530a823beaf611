"""Hosts as children of the trainer: started, told where to connect, listened to, started again, ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from protocol.endpoint import ENDPOINT_VARIABLE, HOST_INDEX_VARIABLE, RUN_SETTINGS_VARIABLE, TOKEN_VARIABLE
from protocol.restart_quota import RestartQuota
from trainer_process.host_command import HostCommand
from trainer_process.host_log import HostLog, host_log

STOP_TIMEOUT_S = 6.0
"""The guard takes up to four seconds for its TERM and its KILL."""

_UNSET_FOR_HOSTS = ("PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", RUN_SETTINGS_VARIABLE)


class HostProcess:
    """One host under its guard. Nothing here waits."""

    def __init__(self, log: HostLog, command: list[str], environment: Mapping[str, str]) -> None:
        self.number = log.number
        self.command = command
        self.log = log
        log.note(f"host {self.number}: {shlex.join(command)}")
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
        self._reader = threading.Thread(target=self._read, name=f"host {self.number} output", daemon=True)
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

    def clear_away(self) -> None:
        """After its end: frees what belongs to it, once its last words are heard."""
        self.request_stop()
        self._reader.join(timeout=0.2)

    def kill(self) -> None:
        """Ends the guard without a word; its host may outlive it."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        pipe: IO[bytes] | None = self._process.stdout
        assert pipe is not None
        with contextlib.suppress(ValueError, OSError), pipe:
            for raw in pipe:
                self.log.write(raw.decode(errors="replace").rstrip())


@dataclass(frozen=True)
class RestartLimits:
    """How often each host may be started again; see `RestartQuota`.

    Attributes:
        max_lifetime: in the run.
        rate_limit_n: within the period.
        rate_limit_period_s: of the period.
    """

    max_lifetime: int = 10
    rate_limit_n: int = 1
    rate_limit_period_s: float = 60.0

    def quota(self) -> RestartQuota:
        """One host's. Raises ValueError for limits that can't be."""
        return RestartQuota(self.max_lifetime, self.rate_limit_n, self.rate_limit_period_s)


class HostProcesses:
    """All hosts that a trainer started."""

    def __init__(
        self,
        command: HostCommand,
        count: int,
        *,
        endpoint: str,
        token: str,
        limits: RestartLimits | None = None,
        run_folder: Path | None = None,
    ) -> None:
        """Starts them.

        Args:
            command: what to run.
            count: how many.
            endpoint: where the trainer listens.
            token: what the hosts must say.
            limits: of `restart_crashed`.
            run_folder: where their output is written once the folder is there.

        Raises:
            ValueError: the command names nothing.
        """
        self._command = command
        self._endpoint, self._token = endpoint, token
        self._quotas = [(limits or RestartLimits()).quota() for _ in range(count)]
        self._hosts: list[HostProcess] = []
        try:
            for number in range(count):
                self._hosts.append(self._start(HostLog(number, run_folder)))
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

    def report_exits(self) -> int:
        """Writes a log line for each host that ended since the last look; how many did."""
        ended = [host for host in self._hosts if host.has_newly_exited()]
        for host in ended:
            level = logging.INFO if host.exit_code() == 0 else logging.ERROR
            command = shlex.join(host.command)
            host_log.log(level, "host %d ended with exit code %s: %s", host.number, host.exit_code(), command)
        return len(ended)

    def restart_crashed(self, now_s: float) -> str:
        """Starts hosts again that ended with another exit code than 0, under their numbers.

        Args:
            now_s: seconds that only rise.

        Returns:
            Why one can't be started again: a text for people; empty where none is lost.
        """
        for place, host in enumerate(self._hosts):
            exit_code = host.exit_code()
            if not exit_code:
                continue
            host.clear_away()
            quota = self._quotas[place]
            if not self._command.may_start_again(exit_code):
                return _describe_loss(host, "to start it again would change nothing")
            if not quota.try_take(now_s):
                return _describe_loss(
                    host, f"it is not started again: {quota.reason(now_s)}; see --max-lifetime-restarts"
                )
            limit = "" if quota.max_lifetime < 0 else f" of {quota.max_lifetime}"
            host_log.warning("host %d is started again (restart %d%s)", host.number, quota.used, limit)
            self._hosts[place] = self._start(host.log)
        return ""

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Ends them all, politely first, and waits until they are gone."""
        for host in self._hosts:
            host.request_stop()
        deadline_s = time.monotonic() + timeout_s
        for host in self._hosts:
            if not host.wait(max(0.0, deadline_s - time.monotonic())):
                host_log.error("host %d did not leave; killed", host.number)
                host.kill()
            host.log.flush()
        self.report_exits()

    def _start(self, log: HostLog) -> HostProcess:
        arguments = self._command.arguments(log.number)
        environment = _host_environment(self._endpoint, self._token, log.number)
        if self._command.run_settings:
            environment[RUN_SETTINGS_VARIABLE] = json.dumps(dict(self._command.run_settings))
        host_log.info("host %d: starting %s", log.number, shlex.join(arguments))
        return HostProcess(log, arguments, environment)


def _describe_loss(host: HostProcess, why: str) -> str:
    words = "".join(f"\n    {line}" for line in host.log.last_lines) or "\n    none"
    return f"host {host.number} ended with exit code {host.exit_code()}, and {why}\nits last words:{words}"


def _host_environment(endpoint: str, token: str, number: int) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in _UNSET_FOR_HOSTS}
    environment["PYTHONUNBUFFERED"] = "1"
    environment[ENDPOINT_VARIABLE] = endpoint
    environment[TOKEN_VARIABLE] = token
    environment[HOST_INDEX_VARIABLE] = str(number)
    return environment
