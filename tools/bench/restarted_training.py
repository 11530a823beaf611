"""A training in the arena whose trainer is killed now and then, with all that was played and sent counted."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from host_sdk import Communicator, PPOTrainer, TrainerProcessSettings
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.mock_engine.__main__ import ARENA_SETTINGS
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.ppo_training_settings import PPOTrainingSettings
from tools.bench.learnt_line import LearntLine, follow, read_notes

AGENT_COUNT = 64
STEPS_PER_SECOND = 2500
"""Of all agents together; the arena could play ten times as many, and would be done with in half a minute."""

STEPS_PER_UPDATE = 4096
CHECKPOINT_INTERVAL = 3
"""Updates; with every one kept, a kill would hardly ever undo what was learnt."""

EVALUATION_TICKS = 1000


@dataclass(frozen=True)
class Play:
    """What a host's agents have played since experience counted, by what became of it.

    Attributes:
        played: agent-steps.
        handed_over: of each batch in order, by id from 1.
        unrecorded: played while no buffer was free.
        dropped: whose reward never came.
        open: in the buffer that was being written at the end.
    """

    played: int
    handed_over: tuple[int, ...]
    unrecorded: int
    dropped: int
    open: int

    @property
    def unexplained(self) -> int:
        """Steps that are nowhere; the agents' last actions, whose rewards nobody waited for, are among them."""
        return self.played - sum(self.handed_over) - self.unrecorded - self.dropped - self.open


class CountedTrainer(PPOTrainer):
    """A trainer object of a host, which counts.

    Attributes:
        play: what it counted, once training is over.
    """

    play: Play | None = None

    def __init__(self) -> None:
        super().__init__()
        self._played = 0
        self._handed_over: list[int] = []

    def _begin_step(self, agent_ids: AgentIds, action_noise_scale: float) -> None:
        if self._recording is not None and self._evaluation is None:
            self._played += len(agent_ids)
        super()._begin_step(agent_ids, action_noise_scale)

    def _hand_off(self) -> None:
        step_count = self._recorder.step_count if self._recorder is not None else 0
        sent = self.batches_sent
        super()._hand_off()
        if self.batches_sent > sent:
            self._handed_over.append(step_count)

    def _on_left(self) -> None:
        if (recorder := self._recorder) is not None:
            counts = recorder.counts
            dropped = counts.dropped_actions + counts.non_finite_steps
            open_steps = recorder.step_count if recorder.is_recording else 0
            self.play = Play(self._played, tuple(self._handed_over), counts.unrecorded_steps, dropped, open_steps)
        super()._on_left()


@dataclass(frozen=True)
class Training:
    """How one is played.

    Attributes:
        seed: of the world and the trainer.
        total_steps: after which it is complete.
        period_s: seconds between two kills; None: nobody kills the trainer.
        steps_per_update: of PPO.
    """

    seed: int
    total_steps: int
    period_s: float | None = None
    steps_per_update: int = STEPS_PER_UPDATE


@dataclass(frozen=True)
class TrainingOutcome:
    """What came of it.

    Attributes:
        seconds: from the first batch's first step to the end.
        kills: how often the trainer was killed.
        restarts: how often the host started it again.
        return_mean: of a deterministic evaluation at the end.
        play: what became of all steps.
        line: what was learnt from.
    """

    seconds: float
    kills: int
    restarts: int
    return_mean: float
    play: Play
    line: LearntLine


class Killer:
    """Kills a trainer whenever the period is over, and it has come past a checkpoint since it was started last.

    On a machine where a trainer takes longer to start than the period, training would never go on otherwise.
    """

    def __init__(self, trainer: PPOTrainer, period_s: float | None) -> None:
        self._trainer = trainer
        self._period_s = period_s
        self._due_s = 0.0
        self._restarts = 0
        self._iteration = 0
        self.kills = 0

    def tick(self, now_s: float) -> None:
        """Kills if it is time to.

        Args:
            now_s: seconds since experience counts.
        """
        trainer = self._trainer
        if self._period_s is None:
            return
        if trainer.restart_count != self._restarts:
            self._restarts, self._iteration = trainer.restart_count, trainer.iteration
        self._iteration = min(self._iteration, trainer.iteration)  # which goes back when the next trainer is ready
        self._due_s = self._due_s or self._period_s
        process_id = trainer.communicator.trainer_process_id
        has_learnt = trainer.is_collecting and trainer.iteration > self._iteration + CHECKPOINT_INTERVAL
        if now_s >= self._due_s and has_learnt and process_id is not None:
            os.kill(process_id, signal.SIGKILL)
            self.kills += 1
            self._due_s = now_s + self._period_s


def train(training: Training, folder: Path) -> TrainingOutcome:
    """Plays one training to its end, with a frame rate at which it takes its time.

    Raises:
        RuntimeError: it failed.
    """
    notes = folder / f"notes-{training.seed}"
    process = TrainerProcessSettings(
        command=(sys.executable, "-m", "tools.bench.noted_trainer", str(notes)),
        results_directory=folder,
        low_priority=False,
        arguments=(
            "--checkpoint-interval",
            str(CHECKPOINT_INTERVAL),
            "--seed",
            str(training.seed),
            "--log-level",
            "warning",
        ),
        max_lifetime_restarts=-1,
        restarts_rate_limit_n=-1,
    )
    engine = MockEngine(MockEngineSettings(agent_count=AGENT_COUNT, seed=training.seed, policy=ARENA_SETTINGS.policy))
    trainer = CountedTrainer.make_ppo_trainer(
        engine.manager,
        engine.interactor,
        engine.environment,
        engine.policy,
        communicator=Communicator.make_launched(process),
        critic_settings=ARENA_SETTINGS.critic,
    )
    assert isinstance(trainer, CountedTrainer)
    try:
        return _play(training, engine, trainer, notes)
    finally:
        trainer.end_training()
        trainer.communicator.close()


def _play(training: Training, engine: MockEngine, trainer: CountedTrainer, notes: Path) -> TrainingOutcome:
    assert isinstance(ARENA_SETTINGS.training, PPOTrainingSettings)
    settings = replace(
        ARENA_SETTINGS.training, total_steps=training.total_steps, steps_per_update=training.steps_per_update
    )
    killer = Killer(trainer, training.period_s)
    frame_s = AGENT_COUNT / STEPS_PER_SECOND
    began_s: float | None = None
    engine.tick(lambda: trainer.run_training(settings))
    while trainer.is_training:
        tick_s = time.monotonic()
        engine.tick(lambda: trainer.run_training(settings))
        if began_s is None and trainer.is_recording:
            began_s = tick_s
        if began_s is not None:
            killer.tick(tick_s - began_s)
        time.sleep(max(0.0, frame_s - (time.monotonic() - tick_s)))
    if trainer.play is None or began_s is None or trainer.has_training_failed:
        raise RuntimeError(f"the arena, seed {training.seed}: {trainer.training_failure}")
    seconds = time.monotonic() - began_s
    return TrainingOutcome(
        seconds=seconds,
        kills=killer.kills,
        restarts=trainer.restart_count,
        return_mean=_evaluate(engine, trainer),
        play=trainer.play,
        line=follow(read_notes(notes)),
    )


def _evaluate(engine: MockEngine, trainer: PPOTrainer) -> float:
    """The mean return of whole episodes, played by the policy's mode; the trainer is gone."""
    trainer.begin_evaluation(EVALUATION_TICKS)
    while trainer.is_evaluating:
        engine.tick(trainer.run_training)
    summary = trainer.evaluation_result
    return summary.return_mean if summary is not None else float(np.nan)
