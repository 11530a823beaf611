"""One behavior: the hosts that train it together, and what goes back to them.

Everything here runs on the main thread; what is handed to the learner belongs to `StartedBehavior`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from protocol.demonstrations_wire import demonstrations_from_message, validate_demonstrations
from protocol.errors import RecordingError
from protocol.experience_wire import experience_from_message, validate_batch
from protocol.messages import Configure, Credit, Demonstrations, EvaluationResult, Experience, Message, PolicyUpdate
from protocol.statistic import StatisticEntry
from trainer_process.batch_ledger import Arrival
from trainer_process.behavior_answer import complete, policy_update, ready, refusal, verdict
from trainer_process.consumption_record import ConsumptionRecord
from trainer_process.errors import ConfigurationRefusedError
from trainer_process.learner import Learner, Phase, ReportProgress
from trainer_process.run_watch import RunWatch
from trainer_process.session import Session, SessionState
from trainer_process.stopwatch import Stopwatch

if TYPE_CHECKING:  # it imports torch
    from trainer_process.learned_update import LearnedUpdate, RelabelledPolicy
    from trainer_process.started_behavior import StartedBehavior

    StartBehavior: TypeAlias = Callable[[Configure, ReportProgress], StartedBehavior]

logger = logging.getLogger(__name__)


class BehaviorState(Enum):
    """How far a behavior is."""

    EMPTY = "empty"
    LOADING = "loading"
    LEARNING = "learning"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True)
class BehaviorProgress:
    """What people are shown after an update.

    `is_summary` says whether the metrics are those of a row that sums up several updates; None where a run has none.
    """

    behavior: str
    iteration: int
    steps: int
    total_steps: int
    version: int
    metrics: Mapping[str, float]
    is_summary: bool | None = None


class Behavior:
    """A named policy in training.

    Attributes:
        name: as the hosts call it.
        state: how far it is.
    """

    def __init__(
        self,
        name: str,
        learner: Learner,
        start: StartBehavior,
        on_progress: Callable[[BehaviorProgress], None],
        run: RunWatch,
    ) -> None:
        """
        Args:
            name: as the hosts call it.
            learner: the process's learner.
            start: makes the algorithm out of the first Configure; runs on the learner's thread.
            on_progress: told after every update.
            run: what belongs to the whole run.
        """
        self.name = name
        self.state = BehaviorState.EMPTY
        self._learner = learner
        self._start = start
        self._on_progress = on_progress
        self._run = run
        self._waiting: list[tuple[Session, Configure]] = []
        self._hosts: dict[int, Session] = {}
        self._started: StartedBehavior | None = None
        self._latest: LearnedUpdate | None = None
        self._is_updating = False
        self._transport = Stopwatch()
        self._consumption = ConsumptionRecord()

    @property
    def iteration(self) -> int:
        """Updates so far."""
        return self._latest.iteration if self._latest is not None else 0

    @property
    def is_updating(self) -> bool:
        """Whether the learner works on it, or is about to."""
        return self._is_updating

    @property
    def pending_batches(self) -> int:
        """Batches taken in and not trained on."""
        return sum(session.ledgers[self.name].pending_count for session in self._hosts.values())

    @property
    def directory(self) -> Path | None:
        """Where its records are; None before it was started."""
        return self._started.folder.path if self._started is not None else None

    def configure(self, session: Session, message: Configure) -> None:
        """A host wants to train this behavior; it is answered with Ready or Refused, now or once all is loaded."""
        match self.state:
            case BehaviorState.LOADING:
                self._let_wait(session, message)
            case BehaviorState.EMPTY | BehaviorState.FAILED:
                self._waiting.append((session, message))
                self._load()
            case _:
                self._admit(session, message)

    def rejoin(self, session: Session) -> None:
        """A host took its session up again; it gets the newest weights, since some may have been lost."""
        if self._started is None or self.name not in session.ledgers:
            return
        self._hosts[session.host_index] = session
        session.send(self._policy_update(session))
        if self.state is BehaviorState.COMPLETE:
            session.send(complete(self.name, self._newest))

    def leave(self, session: Session) -> None:
        """A session ended; what the host sent before is still trained on."""
        self._waiting = [(waiting, message) for waiting, message in self._waiting if waiting is not session]
        if self._started is not None:
            self._started.forget_host(session.host_index)
        self._forget_the_settled()

    def accept(self, session: Session, message: Experience | Demonstrations, seconds: float) -> None:
        """Takes in a batch, unless it was taken before.

        Demonstrations are written down and get their credit at once; experience gets it when it was trained on.

        Args:
            session: of a host that was made Ready.
            message: the batch.
            seconds: how long it took to receive.

        Raises:
            RemoteProtocolError: it is not one that the codec's rules and the behavior's sizes allow.
            ExperienceError: the algorithm can't use it.
        """
        ledger = session.ledgers[self.name]
        arrival = ledger.look_up(message.batch_id)
        if arrival is Arrival.CONSUMED or (arrival is Arrival.NEW and self.state is not BehaviorState.LEARNING):
            session.send(Credit(self.name, message.batch_id))
        elif arrival is Arrival.NEW and self._started is not None:
            self._transport.add(seconds)
            with self._transport:
                if isinstance(message, Experience):
                    self._take_experience(self._started, session, message)
                else:
                    self._take_demonstrations(self._started, session, message)

    def _take_experience(self, started: StartedBehavior, session: Session, message: Experience) -> None:
        batch = experience_from_message(message)
        validate_batch(batch, started.vector_sizes)
        started.accept(batch, session.host_index)
        session.ledgers[self.name].accept(message.batch_id)

    def _take_demonstrations(self, started: StartedBehavior, session: Session, message: Demonstrations) -> None:
        episodes = demonstrations_from_message(message)
        validate_demonstrations(episodes, started.episode_sizes)
        try:
            started.accept_demonstrations(episodes, session.host_index, is_last=message.is_last)
        except RecordingError as error:  # the disk's fault, and no host's; said once the update under way has ended
            self._learner.submit(Phase.LEARNING, partial(_raise, error), _nothing, self._fail)
            return
        session.ledgers[self.name].accept(message.batch_id)
        session.ledgers[self.name].consume(message.batch_id)
        session.send(Credit(self.name, message.batch_id))

    def consider_update(self) -> None:
        """Gives the learner work, where it has none and there is enough experience."""
        if self.state is not BehaviorState.LEARNING or self._is_updating or self._started is None:
            return
        if self._started.is_ready(self._live_indices()):
            self._is_updating = True
            seconds, run_metrics = self._transport.take(), self._run.metrics()
            work = partial(self._started.learn, seconds_in_transport=seconds, run_metrics=run_metrics)
            self._learner.submit(Phase.LEARNING, work, self._publish, self._fail)

    def record_evaluation(self, result: EvaluationResult) -> None:
        """Keeps what a host measured while it played without recording."""
        if (started := self._started) is None:
            return
        newest = self._newest
        failed = partial(logger.error, "behavior %r: an evaluation could not be written down: %s", self.name)
        self._learner.submit(Phase.SAVING, lambda _: started.record_evaluation(result, newest), _nothing, failed)

    def record_statistics(self, session: Session, entries: Mapping[str, StatisticEntry]) -> None:
        """Takes numbers of the game's own in, for the metrics; those that come before it was started are lost."""
        if self._started is not None:
            self._started.record_statistics(session.host_index, entries)

    def close(self, *, is_saving: bool) -> None:
        """Writes the newest state and ends the records; on the main thread, since the learner may be stuck.

        Args:
            is_saving: the learner is writing a checkpoint at this moment, so there is nothing to add.
        """
        if self._started is not None:
            if not is_saving:
                self._save_now(self._started)
            self._started.close()

    # Loading

    def _load(self) -> None:
        self.state = BehaviorState.LOADING
        loader, configure = self._waiting.pop(0)
        logger.info("behavior %r: loading %s for %s", self.name, configure.trainer_type, loader)

        def begin(started: StartedBehavior) -> None:
            if self._started is not None:
                self._started.close()
            self._started, self._latest = started, started.first
            self._consumption = ConsumptionRecord(started.consumed_before)
            self._remember(started)
            if started.is_new and started.keeper.keeps_the_start:
                self._save(started, started.first)
            self.state = BehaviorState.COMPLETE if started.first.is_complete else BehaviorState.LEARNING
            waiting = self._take_waiting()
            if all(session is not loader for session, _ in waiting):  # else it has asked again meanwhile
                self._admit(loader, configure, is_checked=True)
            for session, message in waiting:
                self._admit(session, message)

        def refuse(error: Exception) -> None:
            self.state = BehaviorState.EMPTY
            self._answer_refused(loader, configure, error)
            if self._waiting:
                self._load()

        self._learner.submit(Phase.LOADING, partial(self._start, configure), begin, refuse)

    def _let_wait(self, session: Session, configure: Configure) -> None:
        self._waiting = [(other, kept) for other, kept in self._waiting if other is not session]
        self._waiting.append((session, configure))

    def _take_waiting(self) -> list[tuple[Session, Configure]]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _admit(self, session: Session, configure: Configure, *, is_checked: bool = False) -> None:
        assert self._started is not None
        if session.state is SessionState.CLOSED:
            return
        try:
            if not is_checked:
                self._started.check_later_host(configure)
        except ConfigurationRefusedError as error:
            self._answer_refused(session, configure, error)
            return
        if self._started.may_have_undone_weights(configure, self._newest.policy):
            self._let_wait(session, configure)
            self._raise_version(self._started, configure.version + 1)
            return
        session.open_ledger(self.name, self._consumption.of(session.session_id))
        self._started.begin_host(session.host_index)
        if configure.wants_critic:
            session.wants_critic.add(self.name)
        self._hosts[session.host_index] = session
        logger.info("behavior %r: %s joined", self.name, session)
        last_consumed = session.ledgers[self.name].last_consumed
        session.send(ready(self._started, self._newest, len(self._live_indices()), last_consumed=last_consumed))
        if not self._started.has_weights_of(configure, self._newest.policy):
            session.send(self._policy_update(session))
        if self.state is BehaviorState.COMPLETE:
            session.send(complete(self.name, self._newest))

    def _raise_version(self, started: StartedBehavior, version: int) -> None:
        """Gives the weights a version that no host has seen, between two updates; whoever waits is admitted then."""

        def raised(relabelled: RelabelledPolicy) -> None:
            if self.state is BehaviorState.FAILED and self._waiting:
                self._load()
            if self.state not in (BehaviorState.LEARNING, BehaviorState.COMPLETE):
                return
            if relabelled.policy.version != self._newest.policy.version:
                self._latest = replace(self._newest, **vars(relabelled))
                self._remember(started)
                for session in self._hosts.values():
                    session.send(self._policy_update(session))
            for session, message in self._take_waiting():
                self._admit(session, message)

        logger.info("behavior %r: a host has weights of a time that is undone; they go on as %d", self.name, version)
        self._learner.submit(Phase.LOADING, lambda _: started.raise_version(version), raised, self._fail)

    def _answer_refused(self, session: Session, configure: Configure, error: Exception) -> None:
        if isinstance(error, ConfigurationRefusedError):
            logger.warning("%s refused: %s", session, error)
        else:
            logger.error("behavior %r could not be started", self.name, exc_info=error)
        session.send(refusal(self.name, error))

    # Learning

    @property
    def _newest(self) -> LearnedUpdate:
        assert self._latest is not None
        return self._latest

    def _live_indices(self) -> list[int]:
        return [index for index, session in self._hosts.items() if session.state is not SessionState.CLOSED]

    def _publish(self, update: LearnedUpdate) -> None:
        """New weights to every host, then credit for what they came of."""
        self._is_updating = False
        self._latest = update
        assert self._started is not None
        self._tell_run(update)
        with self._transport:
            for session in self._hosts.values():
                session.send(self._policy_update(session))
            for host_index, batch_id in update.consumed:
                if (consumed_from := self._hosts.get(host_index)) is not None:
                    consumed_from.ledgers[self.name].consume(batch_id)
                    consumed_from.send(Credit(self.name, batch_id))
        self._forget_the_settled()
        self._tell_people(update)
        if update.is_complete:
            self.state = BehaviorState.COMPLETE
        self._remember(self._started)
        if self._started.keeper.is_due(update):
            self._save(self._started, update)

    def _remember(self, started: StartedBehavior) -> None:
        """What a checkpoint of this moment says beside the algorithm's state."""
        hosts = self._hosts.values()
        self._consumption.note({session.session_id: session.ledgers[self.name].last_consumed for session in hosts})
        started.keeper.remember(self._newest, self._consumption.to_plain(), self._run.state())

    def _save(self, started: StartedBehavior, update: LearnedUpdate) -> None:
        def saved(result: None) -> None:
            if update.is_complete:
                folder = started.folder.path
                logger.info("behavior %r: complete after %d steps, kept in %s", self.name, update.steps, folder)
                self._send_to_all(complete(self.name, self._newest))

        def failed(error: Exception) -> None:
            logger.error("behavior %r: a checkpoint could not be written", self.name, exc_info=error)
            saved(None)

        self._learner.submit(Phase.SAVING, lambda _: started.keeper.save(update), saved, failed)

    def _fail(self, error: Exception) -> None:
        """The update raised; hosts play on with the weights they have, and may start anew."""
        self._is_updating = False
        self.state = BehaviorState.FAILED
        logger.error("behavior %r: the update failed", self.name, exc_info=error)
        if self._started is not None:
            self._save_now(self._started)
        self._send_to_all(verdict(self.name, error))
        for session in self._hosts.values():
            session.ledgers.pop(self.name, None)
        self._hosts.clear()

    def _save_now(self, started: StartedBehavior) -> None:
        try:
            started.keeper.save(self._newest)
        except Exception:
            logger.exception("behavior %r: the last checkpoint could not be written", self.name)

    def _forget_the_settled(self) -> None:
        """Hosts that left are kept until their last batch was trained on, since its credit is noted with them."""
        for index, session in list(self._hosts.items()):
            if session.state is SessionState.CLOSED and session.ledgers[self.name].pending_count == 0:
                self._consumption.note({session.session_id: session.ledgers[self.name].last_consumed})
                del self._hosts[index]

    def _tell_run(self, update: LearnedUpdate) -> None:
        """Episodes count once what they belong to was learnt from, so that they and the weights are of one moment."""
        assert self._started is not None
        total = self._started.total_steps
        progress = min(1.0, update.steps / total) if total else 0.0
        self._run.hear_learnt(self.name, update.episode_returns, progress)

    def _tell_people(self, update: LearnedUpdate) -> None:
        assert self._started is not None
        self._on_progress(
            BehaviorProgress(
                behavior=self.name,
                iteration=update.iteration,
                steps=update.steps,
                total_steps=self._started.total_steps,
                version=update.policy.version,
                metrics=update.metrics if update.row is None else update.row.metrics,
                is_summary=update.row is not None if self._started.sums_up else None,
            )
        )

    def _send_to_all(self, message: Message) -> None:
        for session in self._hosts.values():
            session.send(message)

    def _policy_update(self, session: Session) -> PolicyUpdate:
        return policy_update(self.name, self._newest, with_critic=self.name in session.wants_critic)


def _nothing(result: None) -> None:
    """For jobs whose end concerns nobody."""


def _raise(error: Exception, report_progress: ReportProgress) -> None:
    """For faults that the main thread found, and the learner's queue shall tell in their turn."""
    raise error
