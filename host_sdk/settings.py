"""Settings of the host side: value objects, checked at birth, never changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from host_sdk.errors import InvalidSettingsError
from protocol.restart_quota import RestartQuota


def _require_positive(owner: str, name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InvalidSettingsError(f"{owner}.{name}: expected a positive finite number, got {value!r}")


def _require_noise_scale(owner: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise InvalidSettingsError(f"{owner}.action_noise_scale: expected a finite number of at least 0, got {value!r}")


def _require_behavior(owner: str, name: str) -> None:
    if not name or len(name) > 64:
        raise InvalidSettingsError(f"{owner}.behavior: expected a name of 1 to 64 characters, got {name!r}")


@dataclass(frozen=True)
class TrainerProcessSettings:
    """How a host starts its own trainer.

    Attributes:
        command: what to run in place of `python -P -m trainer_process`: a trainer of your own that speaks the
            protocol. The launcher's arguments follow it.
        interpreter: the Python that has `learning-bridge[trainer]` installed. None: the environment variable
            LEARNING_BRIDGE_PYTHON, then the running interpreter if it is a Python (inside an editor it may not be).
        results_directory: where run folders are made; None: `results` in the working directory.
        run_id: name of the run folder; None: one with the time in it.
        low_priority: run the trainer below the game's priority.
        thread_count: threads that the trainer's arithmetic may use.
        stop_timeout_s: seconds between asking the trainer to leave, telling it (TERM) and making it (KILL).
        environment: variables added to the trainer's environment.
        arguments: further command-line arguments for the trainer.
        stderr_tail_lines: how many last lines a failure carries.
        max_lifetime_restarts: how often a trainer that crashed, fell silent or got stuck is started again, to resume
            its run, before training fails. 0: never; -1: without limit.
        restarts_rate_limit_n: how often within a period; -1: without limit.
        restarts_rate_limit_period_s: seconds of that period; -1: no limit of the pace.
    """

    command: tuple[str, ...] = ()
    interpreter: str | None = None
    results_directory: str | Path | None = None
    run_id: str | None = None
    low_priority: bool = True
    thread_count: int = 1
    stop_timeout_s: float = 3.0
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    arguments: tuple[str, ...] = ()
    stderr_tail_lines: int = 20
    max_lifetime_restarts: int = 0
    restarts_rate_limit_n: int = 1
    restarts_rate_limit_period_s: float = 60.0

    def __post_init__(self) -> None:
        _require_positive("TrainerProcessSettings", "thread_count", self.thread_count)
        _require_positive("TrainerProcessSettings", "stop_timeout_s", self.stop_timeout_s)
        try:
            RestartQuota(self.max_lifetime_restarts, self.restarts_rate_limit_n, self.restarts_rate_limit_period_s)
        except ValueError as error:
            raise InvalidSettingsError(f"TrainerProcessSettings.{error}") from error


@dataclass(frozen=True)
class CommunicatorSettings:
    """How long a host waits, and for what.

    Attributes:
        connect_timeout_s: from the start to the trainer's Welcome; a launched trainer's start included.
        heartbeat_interval_s: seconds between signs of life.
        dead_after_s: silence on the wire after which the trainer counts as dead.
        learner_progress_timeout_s: how long the learner may stand still in the middle of work.
        shared_memory: whether arrays lie in memory that host and trainer share. None: where both are on one machine
            and may; True: or else training fails; False: never. The endpoint "shm" means True.
    """

    connect_timeout_s: float = 60.0
    heartbeat_interval_s: float = 1.0
    dead_after_s: float = 10.0
    learner_progress_timeout_s: float = 120.0
    shared_memory: bool | None = None

    def __post_init__(self) -> None:
        for name in ("connect_timeout_s", "heartbeat_interval_s", "dead_after_s", "learner_progress_timeout_s"):
            _require_positive("CommunicatorSettings", name, getattr(self, name))
        if self.dead_after_s < 2 * self.heartbeat_interval_s:
            raise InvalidSettingsError(
                f"CommunicatorSettings.dead_after_s: expected at least two heartbeats "
                f"({2 * self.heartbeat_interval_s} s), got {self.dead_after_s}"
            )


@dataclass(frozen=True)
class RecorderSettings:
    """How a recorder records.

    Attributes:
        max_episode_step_count: a record is closed as a truncation after so many steps; the agent itself plays on, in
            the next record. None: only where a file's limits ask for it.
        is_appending: whether a recording that is in the file already goes on; else there must be no such file.
        metadata: free strings by name, which a new recording begins with: the game, the player, the level.
    """

    max_episode_step_count: int | None = None
    is_appending: bool = False
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.max_episode_step_count is not None:
            _require_positive("RecorderSettings", "max_episode_step_count", self.max_episode_step_count)


@dataclass(frozen=True)
class PPOTrainerSettings:
    """How a host collects.

    Attributes:
        behavior: the name under which the trainer keeps this policy; hosts that share it train it together.
        max_episode_step_count: the record of an episode is closed as a truncation after so many steps; the agent
            itself plays on and is not reset. None: never.
        checkpoint: name of a checkpoint in the trainer's run folder to start from; empty: from the policy's weights.
        evaluation_step_count: ticks of an evaluation, deterministic and not recorded, where no episodes are asked for.
        evaluation_episode_count: whole episodes of an evaluation; 0: ticks count. None: what the configuration of the
            run says that launched this host, with its interval, else 0.
        evaluation_interval_steps: agent-steps of training, over all hosts, after each of which the trainer evaluates
            the policy by itself; 0: never. None: what the configuration of the run says that launched this host, to the
            first of its hosts, else never.
        action_noise_scale: of what agents do in `run_training`, as for `Policy.run_inference`. Steps with another one
            than 1 are counted and not learnt from.
    """

    behavior: str = "default"
    max_episode_step_count: int | None = None
    checkpoint: str = ""
    evaluation_step_count: int = 1000
    evaluation_episode_count: int | None = None
    evaluation_interval_steps: int | None = None
    action_noise_scale: float = 1.0

    def __post_init__(self) -> None:
        _require_behavior("PPOTrainerSettings", self.behavior)
        if self.max_episode_step_count is not None:
            _require_positive("PPOTrainerSettings", "max_episode_step_count", self.max_episode_step_count)
        _require_positive("PPOTrainerSettings", "evaluation_step_count", self.evaluation_step_count)
        for name in ("evaluation_episode_count", "evaluation_interval_steps"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 0):
                raise InvalidSettingsError(
                    f"PPOTrainerSettings.{name}: expected an integer of at least 0, got {value!r}"
                )
        _require_noise_scale("PPOTrainerSettings", self.action_noise_scale)


@dataclass(frozen=True)
class ImitationTrainerSettings:
    """Where a policy is trained by imitation.

    Attributes:
        behavior: the name under which the trainer keeps this policy; hosts that share it train it together.
        checkpoint: name of a checkpoint in the trainer's run folder to start from; empty: from the policy's weights.
    """

    behavior: str = "default"
    checkpoint: str = ""

    def __post_init__(self) -> None:
        _require_behavior("ImitationTrainerSettings", self.behavior)


@dataclass(frozen=True)
class DAggerTrainerSettings:
    """How a host collects what an expert labels.

    Attributes:
        behavior: the name under which the trainer keeps this policy; hosts that share it train it together.
        checkpoint: name of a checkpoint in the trainer's run folder to start from; empty: from the policy's weights.
        is_synchronous: whether each round waits for the weights that the one before led to. For simulators; a game
            that waits stands still.
        action_noise_scale: of what the learner does, as for `Policy.run_inference`.
        max_episode_step_count: a record is closed as a truncation after so many steps; the agent itself plays on, in
            the next record. To be set where episodes don't end and the policy remembers, since rounds end with
            episodes then. None: never.
    """

    behavior: str = "default"
    checkpoint: str = ""
    is_synchronous: bool = False
    action_noise_scale: float = 1.0
    max_episode_step_count: int | None = None

    def __post_init__(self) -> None:
        _require_behavior("DAggerTrainerSettings", self.behavior)
        _require_noise_scale("DAggerTrainerSettings", self.action_noise_scale)
        if self.max_episode_step_count is not None:
            _require_positive("DAggerTrainerSettings", "max_episode_step_count", self.max_episode_step_count)
