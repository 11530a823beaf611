"""Imitation of a recording's file without any game: the run folder that comes of it is the same as with one.

Importing this module imports torch, which takes seconds.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from protocol.errors import RecordingError
from protocol.messages import Configure
from protocol.network_builder import build_policy_spec
from protocol.policy_file import load_policy
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.recording import RecordingHeader, RecordingReader, SelectedEpisodes, select_whole
from protocol.schema import action_to_wire, observation_to_wire
from protocol.schema_hash import action_hash, observation_hash
from protocol.weights import WeightsSnapshot
from trainer_process.behavior_start import start_behavior
from trainer_process.learned_update import LearnedUpdate
from trainer_process.run_folder import RunFolder
from trainer_process.run_presence import RunPresence
from trainer_process.start_settings import StartSettings, same_for_all
from trainer_process.started_behavior import StartedBehavior
from trainer_process.timers import RunTimers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImitationProgress:
    """Where imitation stands after an update, which with bc is an epoch.

    Attributes:
        behavior: what is learnt.
        iteration: updates so far.
        steps: steps of demonstrations that were learnt from, each as often as it was.
        total_steps: how many that will be, at most.
        metrics: of the update.
        is_complete: whether it was the last one.
    """

    behavior: str
    iteration: int
    steps: int
    total_steps: int
    metrics: Mapping[str, float]
    is_complete: bool


@dataclass(frozen=True)
class Imitation:
    """What came of it.

    Attributes:
        folder: of the behavior, in the run's folder.
        policy_file: the clone.
        progress: where it ended.
    """

    folder: Path
    policy_file: Path
    progress: ImitationProgress


@dataclass(frozen=True)
class ImitationOptions:
    """How a recording is imitated, beside the algorithm's own settings.

    Attributes:
        run_id: the run's name; empty takes the date, the time and the process id.
        resume: go on with an earlier run of that name, from its newest checkpoint.
        force: begin anew, and move an earlier run of that name aside.
        behavior: what the policy is called; by default what the recording's metadata calls its "behavior", or the
            name of its file.
        policy_settings: of the network; those of `start_from` where that is given.
        start_from: a policy file to go on from.
        checkpoint_interval: updates between checkpoints; 0 writes one only at the end.
        kept_checkpoints: how many are kept.
        tensorboard: whether metrics are written for TensorBoard too.
        torch_threads: threads of torch.
    """

    run_id: str = ""
    resume: bool = False
    force: bool = False
    behavior: str = ""
    policy_settings: PolicySettings = field(default_factory=PolicySettings)
    start_from: Path | None = None
    checkpoint_interval: int = 10
    kept_checkpoints: int = 3
    tensorboard: bool = True
    torch_threads: int = 1


def imitate(
    recording: str | os.PathLike[str],
    results_directory: str | os.PathLike[str],
    *,
    settings: Mapping[str, object] | None = None,
    options: ImitationOptions | None = None,
    on_update: Callable[[ImitationProgress], None] | None = None,
    report_progress: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Imitation:
    """Clones what is in a recording; episodes that are damaged are passed over with a warning.

    Whatever ends it, an interrupt from the keyboard too, the newest policy and a checkpoint are written before.

    Args:
        recording: a recording's file; it is mapped, and need not fit into memory.
        results_directory: holds all runs.
        settings: of `bc`, by name; see `BCSettings`.
        options: all else.
        on_update: called after each update.
        report_progress: called once per minibatch.
        should_stop: asked after each update.

    Raises:
        RecordingError: the recording can't be read, or has no whole episode.
        RunFolderError: the run's folder can't be made, or is used.
        ConfigurationRefusedError: a setting is wrong, or a checkpoint or a policy can't be gone on with.
        PolicyFileError: the policy to start from can't be read.
        DivergedError: the weights left the finite numbers; the last good ones are kept.
    """
    options = options or ImitationOptions()
    report = report_progress or _nothing
    with RecordingReader(recording) as reader:
        episodes = _whole_episodes(reader)
        configure = _configuration(reader.header, options, settings or {}, Path(recording))
        run = RunFolder.claim(Path(results_directory), options.run_id, resume=options.resume, force=options.force)
        started = start_behavior(
            configure, report, folder=run.behavior(configure.behavior), start_of=same_for_all(_start_settings(options))
        )
        try:
            with _watched(run):
                started.show(episodes, is_last=True)
                last = _learn(started, report, on_update or _ignore, should_stop or _never)
        finally:
            started.close()
    return Imitation(started.folder.path, started.folder.policy_file, last)


@contextmanager
def _watched(run: RunFolder) -> Iterator[None]:
    """Whoever looks sees that somebody works on the run, and afterwards where the time went."""
    presence, timers = RunPresence(run.path), RunTimers(run.path)
    presence.announce()
    try:
        with timers.follow("learner"):
            yield
    finally:
        timers.write()
        presence.end()


def _whole_episodes(reader: RecordingReader) -> SelectedEpisodes:
    """Those that are as they were written. Raises RecordingError where there is none."""
    episodes = select_whole(reader, lambda error: logger.warning("passing over an episode: %s", error))
    if not len(episodes):
        raise RecordingError(
            f"the recording {reader.path}: expected at least one whole episode, got {len(reader)} that are damaged"
            if len(reader)
            else f"the recording {reader.path}: expected at least one episode, got none; record some first"
        )
    return episodes


def _learn(
    started: StartedBehavior,
    report_progress: Callable[[], None],
    on_update: Callable[[ImitationProgress], None],
    should_stop: Callable[[], bool],
) -> ImitationProgress:
    """Update after update, until there is nothing left to learn or somebody stops it."""
    update = started.first
    try:
        while not update.is_complete and started.is_ready([]):
            update = started.learn(report_progress, seconds_in_transport=0.0)
            on_update(_progress(started, update))
            if not update.is_complete and started.keeper.is_due(update):
                started.keeper.save(update)
            if should_stop():
                break
    finally:
        started.keeper.save(update)
    return _progress(started, update)


def _progress(started: StartedBehavior, update: LearnedUpdate) -> ImitationProgress:
    return ImitationProgress(
        behavior=started.plan.spec.name,
        iteration=update.iteration,
        steps=update.steps,
        total_steps=started.total_steps,
        metrics=update.metrics,
        is_complete=update.is_complete,
    )


def _configuration(
    header: RecordingHeader, options: ImitationOptions, settings: Mapping[str, object], path: Path
) -> Configure:
    """What a host would say that brought this recording."""
    observation, action, policy_settings = header.observation, header.action, options.policy_settings
    snapshot: WeightsSnapshot | None = None
    if options.start_from is not None:
        policy = load_policy(options.start_from)
        header.check_schemas(policy.observation, policy.action, str(path))
        observation, action = policy.observation, policy.action
        policy_settings, snapshot = policy.policy_settings, policy.snapshot
    return Configure(
        behavior=options.behavior or header.metadata.get("behavior", "") or path.stem,
        observation_schema=observation_to_wire(observation),
        action_schema=action_to_wire(action),
        observation_hash=observation_hash(observation),
        action_hash=action_hash(action),
        network_hash=build_policy_spec(observation, action, policy_settings).hash,
        critic_network_hash=0,
        policy_settings=policy_settings.to_wire(),
        critic_settings=CriticSettings().to_wire(),
        trainer_type="bc",
        settings=dict(settings),
        agent_count=1,
        start="fresh" if snapshot is None else "weights",
        checkpoint="",
        version=0 if snapshot is None else snapshot.version,
        wants_critic=False,
        weights=None if snapshot is None else snapshot.values,
    )


def _start_settings(options: ImitationOptions) -> StartSettings:
    return StartSettings(
        resume=options.resume,
        checkpoint_interval=options.checkpoint_interval,
        kept_checkpoints=options.kept_checkpoints,
        metrics_writers=("csv", "tensorboard") if options.tensorboard else ("csv",),
        torch_threads=options.torch_threads,
    )


def _nothing() -> None:
    """Where nobody watches."""


def _ignore(progress: ImitationProgress) -> None:
    """Where nobody watches."""


def _never() -> bool:
    return False
