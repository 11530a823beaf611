"""The parts of a configuration that belong to the whole run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictStr, model_validator

from trainer_process.configuration.value import Flag, Number, Text, TextList, Whole
from trainer_process.settings import Settings


class CheckpointSettings(Settings):
    """Where a run is kept, and what it goes on from.

    Attributes:
        run_id: name of the run's folder.
        initialize_from: the run whose weights this one starts from.
        load_model: ML-Agents' old name of `resume`.
        resume: go on with the run of that name.
        force: begin anew where there is a run of that name.
        train_model: of no effect, as in ML-Agents; training is what happens unless `inference` is set.
        inference: play with what was learnt, and learn nothing.
        results_dir: run folders are made in it.
    """

    run_id: Text = "ppo"
    initialize_from: Text | None = None
    load_model: Flag = False
    resume: Flag = False
    force: Flag = False
    train_model: Flag = False
    inference: Flag = False
    results_dir: Text = "results"


class EnvSettings(Settings):
    """Which hosts the trainer starts, and how it looks after them.

    Attributes:
        env_path: the program; None waits for hosts that start by themselves.
        env_args: its arguments.
        base_port: of ML-Agents' sockets; of no meaning here, where ports are found.
        num_envs: how many processes.
        num_areas: copies of the training area in each.
        timeout_wait: seconds of a host's silence until it is given up.
        seed: of everything random; -1 leaves it to the default.
        max_lifetime_restarts: of hosts that ended, in a run; -1 for any number.
        restarts_rate_limit_n: of them within a period; -1 for any number.
        restarts_rate_limit_period_s: that period in seconds.
    """

    env_path: Text | None = None
    env_args: TextList | None = None
    base_port: Annotated[Whole, Field(ge=1, le=65_535)] = 5005
    num_envs: Annotated[Whole, Field(ge=1, le=64)] = 1
    num_areas: Annotated[Whole, Field(ge=1)] = 1
    timeout_wait: Annotated[Number, Field(ge=1)] = 60.0
    seed: Annotated[Whole, Field(ge=-1, lt=2**63)] = -1
    max_lifetime_restarts: Annotated[Whole, Field(ge=-1)] = 10
    restarts_rate_limit_n: Annotated[Whole, Field(ge=-1)] = 1
    restarts_rate_limit_period_s: Annotated[Number, Field(gt=0)] = 60.0

    @model_validator(mode="after")
    def _several_processes_have_a_program(self) -> Self:
        if self.num_envs > 1 and self.env_path is None:
            raise ValueError("num_envs of 1 without env_path (--env), since there is nothing to start several times")
        return self


class EngineSettings(Settings):
    """What hosts are told of how their engine shall run; what it means is theirs.

    Attributes:
        width: of the window, in pixels.
        height: of the window, in pixels.
        quality_level: of the graphics.
        time_scale: how many times faster than the clock the game's time passes.
        target_frame_rate: frames a second that are aimed at; -1 leaves it to the engine.
        capture_frame_rate: frames a second of game time; 0 lets time pass as it does.
        no_graphics: without a graphics device.
        no_graphics_monitor: without a monitor.
    """

    width: Annotated[Whole, Field(ge=1)] = 84
    height: Annotated[Whole, Field(ge=1)] = 84
    quality_level: Annotated[Whole, Field(ge=0)] = 5
    time_scale: Annotated[Number, Field(gt=0)] = 20.0
    target_frame_rate: Annotated[Whole, Field(ge=-1)] = -1
    capture_frame_rate: Annotated[Whole, Field(ge=0)] = 60
    no_graphics: Flag = False
    no_graphics_monitor: Flag = False


class TorchSettings(Settings):
    """Where torch computes.

    Attributes:
        device: "cpu", "cuda" or "cuda:1"; None leaves it to what hosts ask for, else the CPU.
    """

    device: Annotated[StrictStr, Field(pattern=r"^(cpu|cuda(:\d+)?)$")] | None = None


class MetricsSettings(Settings):
    """Our own part: where metrics go.

    Attributes:
        writers: beside `metrics.jsonl`.
    """

    writers: tuple[Literal["csv", "mlflow", "tensorboard", "wandb"], ...] = ("csv", "tensorboard")


class EvaluationSettings(Settings):
    """Our own part: how well the policy does without noise, again and again while it learns.

    Attributes:
        interval_steps: agent-steps between evaluations; 0 makes none.
        episodes: of each.
    """

    interval_steps: Annotated[Whole, Field(ge=0)] = 0
    episodes: Annotated[Whole, Field(ge=1)] = 10
