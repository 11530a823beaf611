"""Whole episodes, played without training: recorded and summed up."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from host_sdk.controller import Controller
from host_sdk.host_program.episode_quota import EpisodeQuota
from host_sdk.host_program.rollout_options import MakeExpert, RolloutOptions
from host_sdk.host_program.simulator import Simulator
from host_sdk.host_program.training_loop import INTERRUPTED
from host_sdk.policy import Policy
from host_sdk.recorder import Recorder
from host_sdk.settings import RecorderSettings
from protocol.recording import RecordingReader, RolloutStatistics

PROGRESS_INTERVAL_S = 0.5
COMPLETE, FAILED = 0, 1


def play_rollouts(
    simulator: Simulator,
    world: str,
    options: RolloutOptions,
    *,
    make_expert: MakeExpert | None = None,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Plays, records, and prints how far it is and at last the statistics, as lines of JSON.

    Args:
        simulator: with agents at the beginning of their episodes, and a policy with the settings of `options`.
        world: for the recording's metadata.
        options: what is asked for.
        make_expert: makes the world's own expert, where it has one.
        advance: moves the world on after agents have acted; nothing where acting moves it.

    Returns:
        The program's exit code: 0 complete, 1 failed, 130 interrupted.

    Raises:
        BridgeError: who plays can't be had, or the file can't be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "rollouts.lbr"
        actor, name = options.make_actor(simulator, make_expert)
        recorder = Recorder.make_recorder(
            simulator.manager,
            simulator.interactor,
            simulator.environment,
            path,
            settings=RecorderSettings(metadata=options.describe(world, name)),
        )
        exit_code = _Play(simulator, recorder, actor, options, advance).run()
        with RecordingReader(path) as reader:
            figures = RolloutStatistics.of(reader).figures()
            summary = {"steps": reader.step_count, "recording": options.file and str(options.file), "actor": name}
    failure = recorder.recording_failure
    if failure is not None:
        summary["failure"] = str(failure)
        exit_code = FAILED
    print(json.dumps({"summary": {**summary, "is_complete": exit_code == COMPLETE, "statistics": figures}}), flush=True)
    return exit_code


class _Play:
    """The playing itself."""

    def __init__(
        self,
        simulator: Simulator,
        recorder: Recorder,
        actor: Policy | Controller,
        options: RolloutOptions,
        advance: Callable[[], None],
    ) -> None:
        self._simulator = simulator
        self._recorder = recorder
        self._actor = actor
        self._noise_scale = 0.0 if options.is_deterministic else 1.0
        self._options = options
        self._advance = advance
        self._told_s = time.monotonic()

    def run(self) -> int:
        """Plays until there is enough; the exit code."""
        options, recorder = self._options, self._recorder
        recorder.begin_recording()
        quota = EpisodeQuota(
            self._simulator.manager, episode_count=options.episode_count, step_count=options.step_count
        )
        try:
            while recorder.is_recording:
                self._finish_step()
                if quota.retire(recorder.step_count):
                    return COMPLETE
                self._act()
                self._tell()
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            recorder.end_recording()
        return FAILED

    def _finish_step(self) -> None:
        manager, environment = self._simulator.manager, self._simulator.environment
        if np.count_nonzero(manager.action_counts[manager.agent_ids]):
            environment.gather_completions()
            environment.gather_rewards()
            self._recorder.add_experience()

    def _act(self) -> None:
        if isinstance(self._actor, Policy):
            self._actor.run_inference(self._noise_scale)
        else:
            self._actor.run_controller()
        self._advance()

    def _tell(self) -> None:
        if time.monotonic() - self._told_s >= PROGRESS_INTERVAL_S:
            self._told_s = time.monotonic()
            recorder = self._recorder
            print(json.dumps({"episodes": recorder.episode_count, "steps": recorder.step_count}), flush=True)
