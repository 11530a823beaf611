"""`python -m host_sdk.mock_engine`: agents of the arena learn to reach their goals.

Of a run's configuration it takes the networks, the number of training areas, as agents, and whether to act by the mode.
Nothing of `engine_settings` means anything here: nothing is drawn, and ticks follow each other as fast as the machine
can play them, whatever the `time_scale`.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace

from host_sdk.errors import InvalidSettingsError
from host_sdk.evaluation import EvaluationSummary
from host_sdk.host_program.command_line import (
    HostSettings,
    add_training_options,
    agent_count,
    make_communicator,
    read_settings,
    trainer_settings,
)
from host_sdk.host_program.episode_evaluation import add_playing_options, print_evaluation
from host_sdk.host_program.rollout_options import (
    MakeExpert,
    RolloutOptions,
    add_rollout_options,
    read_rollout_options,
)
from host_sdk.host_program.rollouts import play_rollouts
from host_sdk.host_program.simulator_training import train_simulator
from host_sdk.host_program.training_loop import INTERRUPTED, exit_code_of, train_until_over
from host_sdk.host_program.training_method import TrainingMethod, add_method_options, method_settings
from host_sdk.host_program.training_report import ReportFormat, TrainingReport
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.mock_engine.expert import ArenaExpert
from host_sdk.mock_engine.misbehaviour import Misbehaviour
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.ppo_training_settings import PPOTrainingSettings
from protocol.errors import BridgeError
from protocol.policy_file import load_policy
from protocol.policy_settings import CriticSettings, PolicySettings

WORLD = "arena"
DEFAULT_AGENTS = 64
EVALUATION_TICKS = 1000
# An engine that is ahead of its trainer draws a frame meanwhile; here it leaves the processor to the trainer.
FRAME_PAUSE_S = 0.001

ARENA_SETTINGS = HostSettings(
    training=PPOTrainingSettings(
        total_steps=250_000,
        steps_per_update=8192,
        minibatch_size=512,
        epochs=8,
        learning_rate=1e-3,
        learning_rate_schedule="linear",
        discount_factor=0.98,
        gae_lambda=0.95,
        entropy_coefficient=0.002,
    ),
    policy=PolicySettings(hidden_sizes=(64, 64)),
    critic=CriticSettings(hidden_sizes=(64, 64)),
)


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        summary: for the report.
        exit_code: of the program.
    """

    summary: dict[str, object]
    exit_code: int


def make_parser() -> argparse.ArgumentParser:
    """The options of the program."""
    parser = argparse.ArgumentParser(
        prog="python -m host_sdk.mock_engine",
        description="A small 2-D physics world whose agents are trained by PPO in an external trainer process.",
    )
    parser.add_argument(
        "--agents",
        type=int,
        help=f"agents in the arena, 1 to 4096 (default: the run's num_areas, else {DEFAULT_AGENTS})",
    )
    parser.add_argument("--iterations", type=int, metavar="N", help="updates of training, instead of --total-steps")
    parser.add_argument(
        "--misbehave",
        action="append",
        default=[],
        type=_misbehaviour,
        metavar="KIND@TICK:VALUE",
        help="a fault: stall@100:2.5 (seconds), nan-observation@50:3, nan-reward@50:3 (agent), burst@200:16 (agents); "
        "repeatable",
    )
    parser.add_argument("--evaluation-ticks", type=int, default=EVALUATION_TICKS, help="before and after; 0: none")
    parser.add_argument("--demo", action="store_true", help="end with a word on what to try next")
    add_playing_options(parser)
    add_training_options(parser)
    add_rollout_options(parser)
    add_method_options(parser)
    return parser


def _misbehaviour(text: str) -> Misbehaviour:
    try:
        return Misbehaviour.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def arena_settings(options: argparse.Namespace) -> HostSettings:
    """The arena's own settings, with what was asked for over them. Raises InvalidSettingsError."""
    settings = read_settings(options, method_settings(options, ARENA_SETTINGS))
    if options.iterations is None:
        return settings
    if options.total_steps is not None:
        raise InvalidSettingsError("--iterations: expected it, or --total-steps, got both")
    training = settings.training
    if not isinstance(training, PPOTrainingSettings):
        raise InvalidSettingsError(f"--iterations: expected a method that collects updates, got {options.method}")
    steps = options.iterations * (training.steps_per_update or 0)
    return replace(settings, training=replace(training, total_steps=steps))


def play(options: argparse.Namespace, rollouts: RolloutOptions) -> int:
    """Play whole episodes, record them where a file is given, and print lines of JSON."""
    policy = rollouts.policy_settings() or ARENA_SETTINGS.policy
    engine = MockEngine(MockEngineSettings(agent_count=options.agents, seed=options.seed, policy=policy))

    return play_rollouts(engine, WORLD, rollouts, make_expert=expert_maker(engine), advance=engine.advance)


def evaluate(options: argparse.Namespace) -> int:
    """Play whole episodes of a policy file, and print the figures as one line of JSON."""
    policy = load_policy(options.evaluate).policy_settings
    engine = MockEngine(MockEngineSettings(agent_count=options.agents, seed=options.seed, policy=policy))
    return print_evaluation(engine, WORLD, options, advance=engine.advance)


def imitate(options: argparse.Namespace, settings: HostSettings) -> int:
    """Train by the correction of an expert or by a recording; the engine waits for its trainer."""
    engine = MockEngine(MockEngineSettings(agent_count=options.agents, seed=options.seed, policy=settings.policy))
    return train_simulator(engine, WORLD, options, settings, make_expert=expert_maker(engine), advance=engine.advance)


def expert_maker(engine: MockEngine) -> MakeExpert:
    """What makes the expert of an engine's arena."""
    return lambda: ArenaExpert.make_controller(engine.manager, engine.interactor, arena=engine.arena)


class ArenaRun:
    """One engine, one trainer, from the first evaluation to the last."""

    def __init__(self, options: argparse.Namespace, settings: HostSettings, report: TrainingReport) -> None:
        engine_settings = MockEngineSettings(
            agent_count=options.agents,
            seed=options.seed,
            policy=settings.policy,
            misbehaviours=tuple(options.misbehave),
        )
        self.engine = MockEngine(engine_settings)
        self.communicator = make_communicator(options)
        self.trainer = PPOTrainer.make_ppo_trainer(
            self.engine.manager,
            self.engine.interactor,
            self.engine.environment,
            self.engine.policy,
            communicator=self.communicator,
            settings=trainer_settings(options, settings.action_noise_scale),
            critic_settings=settings.critic,
        )
        if options.start_from is not None:
            self.engine.policy.load_policy(options.start_from)
        assert isinstance(settings.training, PPOTrainingSettings)
        self._training = settings.training
        self._evaluation_ticks: int = options.evaluation_ticks
        self._resets_on_update: bool = options.reset_on_update
        self._report = report

    def run(self) -> Outcome:
        """Evaluate, train, evaluate again; the trainer is ended in any case."""
        started_s = time.monotonic()
        before = after = None
        is_whole, exit_code = False, INTERRUPTED
        try:
            before = self._evaluate()
            is_whole = train_until_over(self.trainer, self._tick, self._report)
            exit_code = exit_code_of(self.trainer, is_whole=is_whole)
            after = self._evaluate() if is_whole else None
        except KeyboardInterrupt:
            is_whole, exit_code = False, INTERRUPTED
        finally:
            self.trainer.end_training()
            self.communicator.close()
        summary: dict[str, object] = {
            "return_before": None if before is None else before.return_mean,
            "return_after": None if after is None else after.return_mean,
            "seconds": round(time.monotonic() - started_s, 2),
            "steps": round(self.trainer.metrics.get("steps", 0.0)),
            "iterations": self.trainer.iteration,
            "policy_version": self.engine.policy.version,
            "unrecorded_steps": self.trainer.unrecorded_steps,
            "run_directory": self.trainer.run_directory,
            "is_complete": is_whole,
        }
        return Outcome(summary, exit_code)

    def _tick(self) -> None:
        unrecorded = self.trainer.unrecorded_steps
        self.engine.tick(self._run_training)
        is_behind = not self.trainer.is_collecting or self.trainer.unrecorded_steps != unrecorded
        if is_behind and not self.trainer.is_evaluating:
            time.sleep(FRAME_PAUSE_S)

    def _run_training(self) -> None:
        self.trainer.run_training(self._training, reset_agents_on_update=self._resets_on_update)

    def _evaluate(self) -> EvaluationSummary | None:
        if not self._evaluation_ticks:
            return None
        self.trainer.begin_evaluation(self._evaluation_ticks)
        while self.trainer.is_evaluating:
            self._tick()
        return self.trainer.evaluation_result


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 complete, 1 failed, 2 wrong or declined settings, 130 interrupted."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        options.agents = agent_count(options, DEFAULT_AGENTS)
        if options.evaluate is not None:
            return evaluate(options)
        if (rollouts := read_rollout_options(options)) is not None:
            return play(options, rollouts)
        settings = arena_settings(options)
        if options.method != TrainingMethod.PPO:
            return imitate(options, settings)
    except InvalidSettingsError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BridgeError, ValueError) as error:
        print(f"{WORLD}: {error}", file=sys.stderr)
        return 1
    report = TrainingReport(ReportFormat(options.report))
    try:
        outcome = ArenaRun(options, settings, report).run()
    except KeyboardInterrupt:
        # a second one, while the trainer is being ended; it leaves by itself once this process is gone
        return INTERRUPTED
    report.event("summary", outcome.summary)
    if options.demo and outcome.exit_code == 0 and options.report == ReportFormat.PLAIN:
        print(f"curves: tensorboard --logdir {outcome.summary['run_directory']}")
        print("next: python -m host_sdk.mock_engine --agents 256 --set learning_rate=5e-4 --sync")
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())
