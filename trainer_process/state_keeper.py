"""What a behavior keeps on disk of the states that it learns through: checkpoints, policies, how far it is.

An evaluation belongs to the update that made the policy which was evaluated. Where that update is on disk, its
checkpoint says so from then on; where it is one of the last ones and better than all that were evaluated before, it
gets a checkpoint of its own; else it is only among the metrics.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from protocol.errors import PolicyFileError
from protocol.policy_file import PolicyFile, save_policy
from protocol.weights import WeightsSnapshot
from trainer_process.behavior_plan import BehaviorPlan
from trainer_process.checkpoint import Checkpoint, load_checkpoint, write_context
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_folder import (
    CheckpointEntry,
    best_entry,
    list_checkpoints,
    remove_surplus,
    save_checkpoint,
)
from trainer_process.learned_update import LearnedUpdate
from trainer_process.recent_updates import Moment, RecentUpdates
from trainer_process.run_folder import BehaviorFolder
from trainer_process.run_status import BehaviorStatus, CheckpointStatus
from trainer_process.start_settings import StartSettings
from trainer_process.timers import write_timers

logger = logging.getLogger(__name__)

POLICY_WEIGHTS = "policy"
"""What algorithms call their policy's weights in a checkpoint."""


class StateKeeper:
    """The records of one behavior. `remember` and `is_due` are for the main thread, the rest for one at a time."""

    def __init__(
        self, plan: BehaviorPlan, folder: BehaviorFolder, settings: StartSettings, first: LearnedUpdate
    ) -> None:
        """
        Args:
            plan: what is learnt.
            folder: made already.
            settings: what is kept, and when.
            first: where learning stands at the start.
        """
        self._plan = plan
        self._folder = folder
        self._settings = settings
        self._recent = RecentUpdates()
        self._saved_iteration = -1
        self._steps_seen = first.steps
        self._total_steps = first.total_steps
        self._is_complete = first.is_complete
        self._best_written: tuple[int, CheckpointContext] | None = None

    def remember(
        self,
        update: LearnedUpdate,
        consumed: Mapping[int, int] | None = None,
        run: Mapping[str, object] | None = None,
    ) -> None:
        """Notes where the run stands at an update, at the moment when it was made.

        Args:
            update: the newest.
            consumed: for each session, the highest batch id up to which it has been learnt from.
            run: the state of what belongs to the whole run.
        """
        context = CheckpointContext(
            steps=update.steps,
            version=update.policy.version,
            created=time.time(),
            return_mean=update.metrics.get("return_mean"),
            consumed=consumed or {},
            run=run or {},
        )
        self._recent.add(Moment(update, context))

    def is_due(self, update: LearnedUpdate) -> bool:
        """Whether this update should be kept on disk; to be asked once for each."""
        steps_before, self._steps_seen = self._steps_seen, update.steps
        if not self._settings.learns:
            return False
        if (every := self._settings.checkpoint_steps) > 0:
            return update.is_complete or update.steps // every != steps_before // every
        interval = self._settings.checkpoint_interval
        return update.is_complete or (interval > 0 and update.iteration % interval == 0)

    @property
    def keeps_the_start(self) -> bool:
        """Whether a training that begins is kept before its first update, so that one that dies before its next
        checkpoint goes back to that, and not to weights that have learnt from what its hosts still hold."""
        has_interval = self._settings.checkpoint_steps > 0 or self._settings.checkpoint_interval > 0
        return self._settings.learns and has_interval

    def save(self, update: LearnedUpdate) -> None:
        """Writes a checkpoint and the policy file, unless this update has them already.

        Raises:
            CheckpointError: the checkpoint can't be written.
            PolicyFileError: a policy file can't be.
            RunFolderError: a file beside it can't be.
        """
        if update.iteration == self._saved_iteration or not self._settings.learns:
            return
        moment = self._recent.find(update.policy.version)
        if moment is None:
            self.remember(update)
            moment = self._recent.find(update.policy.version)
        assert moment is not None
        self._write_checkpoint(moment)
        self._write_policy(update.policy, self._folder.policy_file, moment.context, update.iteration)
        for name, content in update.files.items():
            self._folder.write_file(name, content)
        self._saved_iteration = update.iteration
        self._total_steps, self._is_complete = update.total_steps, update.is_complete
        self._settle()
        write_timers()

    def take_evaluation(self, policy_version: int, return_mean: float) -> None:
        """Takes in what a policy's evaluation came to, once its metrics are written.

        Raises:
            CheckpointError: a checkpoint can't be written.
            PolicyFileError: the best policy can't be.
        """
        if not self._settings.learns:
            return
        moment = self._recent.rate(policy_version, return_mean)
        entries = list_checkpoints(self._folder.checkpoints)
        iteration = -1 if moment is None else moment.update.iteration
        known = [each for each in entries if each.context.version == policy_version or each.iteration == iteration]
        if known:
            write_context(known[0].path, replace(known[0].context, evaluation_return_mean=return_mean))
            remove_surplus(self._folder.checkpoints, self._settings.kept_checkpoints)
        elif moment is not None and _is_best_evaluated(return_mean, entries):
            self._write_checkpoint(moment)
        else:
            logger.info("version %d was evaluated, and isn't kept", policy_version)
            return
        self._settle()

    def keep_policy(self, update: LearnedUpdate, steps_before: int) -> None:
        """Keeps the policy at intervals; a disk that is full ends the keeping of this one, and not the training."""
        interval = self._settings.policy_save_interval
        if interval <= 0 or not self._settings.learns or update.steps // interval == steps_before // interval:
            return
        path = self._folder.policy_file_at(update.steps)
        context = CheckpointContext(steps=update.steps)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write_policy(update.policy, path, context, update.iteration)
        except (OSError, PolicyFileError) as error:
            name = self._plan.spec.name
            logger.error("behavior %r: the policy of step %d isn't kept: %s", name, update.steps, error)

    def _write_checkpoint(self, moment: Moment) -> None:
        checkpoint = Checkpoint(moment.update.iteration, moment.update.state, moment.context)
        save_checkpoint(self._folder.checkpoints, checkpoint, self._settings.kept_checkpoints)

    def _settle(self) -> None:
        """What follows from the checkpoints that are there now."""
        entries = list_checkpoints(self._folder.checkpoints)
        best = best_entry(entries)
        if best is not None and (best.iteration, best.context) != self._best_written:
            self._write_best(best)
        self._report(entries, best)

    def _write_best(self, best: CheckpointEntry) -> None:
        moment = self._recent.find(best.context.version)
        if moment is not None and moment.update.iteration == best.iteration:
            policy = moment.update.policy
        else:
            weights = load_checkpoint(best.path).state.arrays.get(POLICY_WEIGHTS)
            if weights is None:
                return
            policy = WeightsSnapshot(self._plan.spec.policy_spec.hash, best.context.version, weights.astype("f4"))
        self._folder.best_policy_file.parent.mkdir(parents=True, exist_ok=True)
        self._write_policy(policy, self._folder.best_policy_file, best.context, best.iteration)
        self._best_written = best.iteration, best.context

    def _report(self, entries: list[CheckpointEntry], best: CheckpointEntry | None) -> None:
        if self._folder.status is None or not entries:
            return
        newest = entries[-1]
        status = BehaviorStatus(
            folder=self._folder.path.name,
            trainer_type=self._plan.trainer_type,
            iteration=newest.iteration,
            steps=newest.context.steps,
            total_steps=self._total_steps,
            version=newest.context.version,
            return_mean=newest.context.return_mean,
            is_complete=self._is_complete,
            best=None if best is None else self._seen_from_run(best.path),
            final=self._seen_from_run(self._folder.policy_file) if self._is_complete else None,
            checkpoints=tuple(self._described(entry) for entry in entries),
        )
        self._folder.status.report(self._plan.spec.name, status, newest.context.run)

    def _described(self, entry: CheckpointEntry) -> CheckpointStatus:
        context = entry.context
        return CheckpointStatus(
            iteration=entry.iteration,
            steps=context.steps,
            version=context.version,
            created=context.created,
            path=self._seen_from_run(entry.path),
            return_mean=context.return_mean,
            evaluation_return_mean=context.evaluation_return_mean,
        )

    def _seen_from_run(self, path: Path) -> str:
        return path.relative_to(self._folder.path.parent).as_posix()

    def _write_policy(self, policy: WeightsSnapshot, path: Path, context: CheckpointContext, iteration: int) -> None:
        spec = self._plan.spec
        measured = {"return_mean": context.return_mean, "evaluation_return_mean": context.evaluation_return_mean}
        save_policy(
            path,
            PolicyFile(
                behavior=spec.name,
                observation=spec.observation,
                action=spec.action,
                policy_settings=spec.policy_settings,
                snapshot=policy,
                metadata={
                    "iteration": str(iteration),
                    "steps": str(context.steps),
                    "trainer_type": self._plan.trainer_type,
                    **{name: repr(value) for name, value in measured.items() if value is not None},
                },
            ),
        )


def _is_best_evaluated(return_mean: float, entries: list[CheckpointEntry]) -> bool:
    earlier = [entry.context.evaluation_return_mean for entry in entries]
    return all(mean is None or return_mean > mean for mean in earlier)
