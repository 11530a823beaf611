"""`python -m host_sdk.mock_engine.imitation_demo`: a script plays, is recorded and cloned, and the clone learns on."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from host_sdk.communicator import Communicator
from host_sdk.evaluation import Evaluation, EvaluationSummary
from host_sdk.host_program.training_loop import INTERRUPTED
from host_sdk.host_program.training_report import ReportFormat, TrainingReport
from host_sdk.imitation_trainer import ImitationTrainer
from host_sdk.imitation_training_settings import ImitationTrainingSettings
from host_sdk.mock_engine.__main__ import ARENA_SETTINGS, FRAME_PAUSE_S
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.mock_engine.expert import ArenaExpert
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.recorder import Recorder
from host_sdk.recording import Recording
from host_sdk.settings import RecorderSettings, TrainerProcessSettings
from host_sdk.trainer import Trainer
from protocol.completion import Completion

EVALUATION_TICKS = 1000
FINE_TUNING = PPOTrainingSettings(
    steps_per_update=8192,
    minibatch_size=512,
    epochs=8,
    learning_rate=3e-4,
    learning_rate_schedule="linear",
    discount_factor=0.98,
    gae_lambda=0.95,
    critic_warmup_updates=4,
)


class ImitationDemo:
    """One engine and what plays in it, stage after stage."""

    def __init__(self, options: argparse.Namespace, report: TrainingReport) -> None:
        self._options = options
        self._report = report
        self.folder = Path(options.results_directory) / (options.run_id or time.strftime("imitation-%Y%m%d-%H%M%S"))
        policy = replace(ARENA_SETTINGS.policy, seed=options.seed)
        self.engine = MockEngine(MockEngineSettings(agent_count=options.agents, seed=options.seed, policy=policy))
        self.expert = ArenaExpert.make_controller(self.engine.manager, self.engine.interactor, arena=self.engine.arena)
        self.returns: dict[str, float] = {}

    def run(self) -> bool:
        """All stages; whether every one came to its end."""
        policy = self.engine.policy
        self._evaluate("untrained", lambda: policy.run_inference(0.0))
        self._evaluate("expert", self.expert.run_controller)
        recording = self._record()
        if not self._clone(recording):
            return False
        self._evaluate("clone", lambda: policy.run_inference(0.0))
        if not self._fine_tune():
            return False
        self._evaluate("fine-tuned", lambda: policy.run_inference(0.0))
        return True

    # ---- the stages

    def _record(self) -> Recording:
        """The expert plays, and whole episodes of it go to a file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        engine, path = self.engine, self.folder / "expert.lbr"
        recorder = Recorder.make_recorder(
            engine.manager,
            engine.interactor,
            engine.environment,
            path,
            settings=RecorderSettings(metadata={"world": "arena", "actor": "expert", "seed": str(self._options.seed)}),
        )
        recorder.begin_recording(reset_agents_on_begin=True)
        while recorder.is_recording and recorder.episode_count < self._options.episodes:
            engine.tick(lambda: recorder.run_recording(self.expert))
        recorder.end_recording()
        recording = recorder.get_recording()
        self._report.event(
            "recorded",
            {"file": str(path), "episodes": recording.record_count, "steps": recording.step_count},
        )
        return recording

    def _clone(self, recording: Recording) -> bool:
        """The trainer process learns from the recording, while the game plays on by whatever it has learnt."""
        engine = self.engine
        trainer = ImitationTrainer.make_imitation_trainer(
            engine.manager, engine.interactor, engine.policy, self._communicator("clone")
        )
        self._report.event("stage", {"name": "cloning", "total_steps": 0})

        settings = ImitationTrainingSettings(epochs=self._options.epochs, minibatch_size=256)

        def run_learning() -> None:
            trainer.run_training(recording, settings)
            engine.play()

        return self._train(trainer, run_learning)

    def _fine_tune(self) -> bool:
        """PPO goes on from the clone: first the critic learns what the clone is worth, then both."""
        engine = self.engine
        trainer = PPOTrainer.make_ppo_trainer(
            engine.manager,
            engine.interactor,
            engine.environment,
            engine.policy,
            communicator=self._communicator("fine-tuned"),
            critic_settings=ARENA_SETTINGS.critic,
        )
        settings = replace(FINE_TUNING, total_steps=self._options.total_steps)
        self._report.event("stage", {"name": "fine-tuning", "total_steps": self._options.total_steps})
        return self._train(trainer, lambda: trainer.run_training(settings))

    def _train(self, trainer: Trainer, run_learning: Callable[[], None]) -> bool:
        """Plays until training is over; the trainer is ended in any case."""
        progress = TrainingReport(ReportFormat(self._options.report))
        try:
            self.engine.tick(run_learning)
            while trainer.is_training:
                self.engine.tick(run_learning)
                progress.progress(trainer.iteration, self.engine.policy.version, trainer.metrics)
                time.sleep(FRAME_PAUSE_S)
        finally:
            trainer.end_training()
            trainer.communicator.close()
        failure = trainer.training_failure
        if failure is not None:
            self._report.event(
                "failure", {"code": str(failure.code), "reason": failure.reason, "remedy": failure.remedy}
            )
        return failure is None

    def _evaluate(self, who: str, act: Callable[[], None]) -> EvaluationSummary:
        """Plays whole episodes of everybody for some time, and tells what they came to."""
        engine = self.engine
        ticks: int = self._options.evaluation_ticks
        evaluation = Evaluation(engine.manager.max_agent_count, ticks, engine.policy.version)
        engine.manager.reset_all_agents()
        engine.tick(act)
        while not evaluation.is_over:
            engine.tick(lambda: self._tallied(evaluation, act))
        summary = evaluation.summary()
        self.returns[who] = summary.return_mean
        self._report.event("played", {"who": who, "return_mean": summary.return_mean, "return_std": summary.return_std})
        return summary

    def _tallied(self, evaluation: Evaluation, act: Callable[[], None]) -> None:
        environment, manager = self.engine.environment, self.engine.manager
        environment.gather_completions()
        environment.gather_rewards()
        agent_ids, rewards, completions = environment.collect_outcomes()
        evaluation.tally(agent_ids, rewards, completions)
        ended = agent_ids[completions != Completion.RUNNING]
        if ended.size:
            evaluation.forget(ended)
            manager.reset_agents(ended)
        act()

    def _communicator(self, run_id: str) -> Communicator:
        return Communicator.make_launched(TrainerProcessSettings(results_directory=self.folder, run_id=run_id))


def make_parser() -> argparse.ArgumentParser:
    """The options of the program."""
    parser = argparse.ArgumentParser(
        prog="python -m host_sdk.mock_engine.imitation_demo",
        description="A script plays in the arena; it is recorded and cloned, and PPO goes on from the clone.",
    )
    parser.add_argument("--agents", type=int, default=64, help="agents in the arena, 1 to 4096")
    parser.add_argument("--episodes", type=int, default=1000, help="episodes of the expert to record")
    parser.add_argument("--epochs", type=int, default=40, help="of cloning them, at most")
    parser.add_argument("--total-steps", type=int, default=250_000, help="agent-steps of fine-tuning")
    parser.add_argument("--evaluation-ticks", type=int, default=EVALUATION_TICKS, help="of each who plays")
    parser.add_argument("--seed", type=int, default=0, help="of the world, the first weights and the actions")
    parser.add_argument("--results-directory", default="results", metavar="DIR", help="where the run folder is made")
    parser.add_argument("--run-id", metavar="NAME", help="of the run folder (default: one with the time in it)")
    parser.add_argument(
        "--report", choices=[form.value for form in ReportFormat], default=ReportFormat.PLAIN.value, help="to say it"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 complete, 1 failed, 2 wrong options, 130 interrupted."""
    options = make_parser().parse_args(arguments)
    report = TrainingReport(ReportFormat(options.report))
    demo = ImitationDemo(options, report)
    started_s = time.monotonic()
    try:
        is_whole = demo.run()
    except KeyboardInterrupt:
        return INTERRUPTED
    returns = {f"return_{who.replace('-', '_')}": value for who, value in demo.returns.items()}
    seconds = round(time.monotonic() - started_s, 2)
    report.event("summary", {**returns, "seconds": seconds, "run_directory": str(demo.folder), "is_complete": is_whole})
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
