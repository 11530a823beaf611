"""What every trainer of the host has: a behavior on a communicator, and a policy whose weights it swaps."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeVar

from host_sdk.communicator import Communicator
from host_sdk.connection.arriving_weights import ArrivingWeights
from host_sdk.connection.behavior_link import BehaviorLink
from host_sdk.critic import Critic
from host_sdk.errors import NotSetUpError
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from host_sdk.policy import Policy
from host_sdk.stats_recorder import StatsRecorder
from protocol.errors import BridgeError, WeightsError
from protocol.limits import MAX_PARAMETERS
from protocol.messages import Configure, Ready
from protocol.network_builder import build_critic_spec
from protocol.policy_settings import CriticSettings
from protocol.schema import action_to_wire, observation_to_wire
from protocol.weights import WeightsSnapshot

logger = logging.getLogger(__name__)

WAIT_SLICE_S = 0.05

_T = TypeVar("_T")


class Trainer(ManagerListener):
    """Trains one policy by an external process. Abstract: a subclass says what it sends there."""

    def __init__(self) -> None:
        super().__init__()
        self._interactor: Interactor | None = None
        self._policy: Policy | None = None
        self._critic: Critic | None = None
        self._critic_settings = CriticSettings()
        self._communicator: Communicator | None = None
        self._behavior = ""
        self._checkpoint = ""
        self._link: BehaviorLink | None = None
        self._training_settings: Mapping[str, object] = {}
        self._failure: TrainingFailure | None = None
        self._arriving: ArrivingWeights | None = None
        self._is_waiting = False
        self._metrics: dict[str, float] = {}
        self._iteration = 0
        self._run_directory = ""
        self._known_ready: Ready | None = None
        self._has_trained = False

    # ---- what a game asks

    @property
    @abstractmethod
    def trainer_type(self) -> str:
        """The algorithm's name on the wire."""

    @property
    def interactor(self) -> Interactor:
        """The interactor being trained. Raises NotSetUpError before the setup."""
        return _set_up(self._interactor, self)

    @property
    def policy(self) -> Policy:
        """The policy being trained. Raises NotSetUpError before the setup."""
        return _set_up(self._policy, self)

    @property
    def communicator(self) -> Communicator:
        """The line to the trainer process. Raises NotSetUpError before the setup."""
        return _set_up(self._communicator, self)

    @property
    def is_training(self) -> bool:
        """Whether training is under way; it begins with the launch, before the first weights come."""
        return self._link is not None

    @property
    def has_training_failed(self) -> bool:
        """Whether training ended by an error. The game plays on with the last good weights."""
        return self._failure is not None

    @property
    def training_failure(self) -> TrainingFailure | None:
        """Why training failed, with the code, the trainer's last words and a remedy."""
        return self._failure

    @property
    def is_collecting(self) -> bool:
        """Whether the trainer has answered, so that experience counts."""
        return self._link is not None and self._link.ready is not None

    @property
    def metrics(self) -> Mapping[str, float]:
        """What the learner measured at the last update, by name; empty before."""
        return self._metrics

    @property
    def stats(self) -> StatsRecorder:
        """Takes numbers of the game's own for this behavior's metrics: `trainer.stats.add("Player/Jumps", 3)`.

        Raises NotSetUpError before the setup.
        """
        return self.communicator.stats_of(self._behavior)

    @property
    def iteration(self) -> int:
        """The update that the weights in use came of; those of before a resumed run began here count too."""
        return self._iteration

    @property
    def restart_count(self) -> int:
        """How often the trainer was lost and started again since training began; see `TrainerProcessSettings`."""
        return self.communicator.restart_count

    @property
    def restart_failure(self) -> TrainingFailure | None:
        """What led to the last of these restarts; None before the first."""
        return self.communicator.restart_failure

    @property
    def run_directory(self) -> str:
        """The run's folder, as the trainer names it; empty until it has answered."""
        return self._run_directory

    def end_training(self) -> None:
        """Leaves the trainer, and ends it if this host launched it. A second call does nothing. Returns at once."""
        self._leave("the host ended training")

    # ---- what subclasses build on

    def _set_up(
        self,
        manager: Manager,
        interactor: Interactor,
        policy: Policy,
        critic: Critic | None,
        critic_settings: CriticSettings,
        communicator: Communicator,
    ) -> None:
        self._interactor = interactor
        self._policy = policy
        self._critic = critic
        self._critic_settings = critic.settings if critic is not None else critic_settings
        self._communicator = communicator
        self._listen_to(manager)

    def _open(self, training_settings: Mapping[str, object]) -> None:
        self._failure = None
        self._training_settings = training_settings
        self._known_ready = None
        self._has_trained = False
        self._link = BehaviorLink(self._make_configure)
        self.communicator.open_behavior(self._link)

    def _leave(self, reason: str) -> None:
        link, self._link = self._link, None
        if self._arriving is not None:
            self.communicator.give_back(self._arriving.update)
            self._arriving = None
        if link is not None:
            self.communicator.close_behavior(link, reason)
            self._on_left()

    def _poll(self) -> None:
        """Takes in what the trainer sent, swaps weights, and notices failure and completion. Never waits."""
        communicator, link = self.communicator, self._link
        communicator.poll()
        if link is None:
            return
        if link.ready is not None and link.ready is not self._known_ready:
            self._known_ready = link.ready
            self._run_directory = link.ready.run_directory
            self._iteration = link.ready.iteration
        self._receive_weights(link)
        if (failure := communicator.failure) is not None:
            self._fail(failure)
        elif link.complete is not None and self._arriving is None and not link.has_update:
            logger.info("training is complete: %s", link.complete.reason)
            self._leave("training is complete")

    def _receive_weights(self, link: BehaviorLink) -> None:
        if self._arriving is None and not self._keeps_weights and (update := link.take_update()) is not None:
            self._arriving = ArrivingWeights(update)
        if self._arriving is None:
            return
        has_all = self._arriving.look(MAX_PARAMETERS) if self._is_waiting else self._arriving.look()
        if has_all or not self._arriving.is_finite:
            arrived, self._arriving = self._arriving, None
            self._apply(arrived)
            self.communicator.give_back(arrived.update)

    @property
    def _keeps_weights(self) -> bool:
        """Whether new weights have to wait."""
        return False

    @property
    def _has_granted_weights(self) -> bool:
        """Whether the weights that the trainer's Ready speaks of have come, as far as they may now."""
        link = self._link
        if link is None or link.ready is None:
            return False
        return self._keeps_weights or link.has_heard_update or self.policy.version == link.ready.policy_version

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Synchronous mode only: polls until the condition holds or training is over, however it ends."""
        self._is_waiting = True
        while self._link is not None and not (condition() and self._arriving is None):
            self.communicator.wait(WAIT_SLICE_S)
            self._poll()
        self._is_waiting = False

    def _apply(self, arrived: ArrivingWeights) -> None:
        update = arrived.update
        try:
            if not arrived.is_finite:
                raise WeightsError(f"the weights of version {update.version} are not finite")
            snapshot = WeightsSnapshot(update.network_hash, update.version, arrived.policy)
            self.policy.apply_snapshot(snapshot, is_known_finite=True)
            if self._critic is not None and arrived.critic is not None:
                snapshot = WeightsSnapshot(self._critic.network_hash, update.version, arrived.critic)
                self._critic.apply_snapshot(snapshot, is_known_finite=True)
        except WeightsError as error:
            remedy = "lower the learning rate or clip gradients; the last good weights are kept"
            self._fail(TrainingFailure(FailureCode.DIVERGED, str(error), remedy))
        except BridgeError as error:
            remedy = "update host and trainer to the same release; the last good weights are kept"
            self._fail(TrainingFailure(FailureCode.PROTOCOL_ERROR, str(error), remedy))
        else:
            self._metrics = dict(update.metrics)
            self._iteration = update.iteration
            self._has_trained = True

    def _fail(self, failure: TrainingFailure) -> None:
        self._failure = failure
        logger.error("training failed: %s", failure)
        self._leave(failure.code.value)

    def _on_left(self) -> None:
        """Hears that the line is gone."""

    def _make_configure(self) -> Configure:
        self._arriving = None  # of a trainer that is gone; half of it can't be told of, and none of it may come later
        interactor, policy = self.interactor, self.policy
        snapshot = policy.snapshot()
        observation = interactor.observation_schema_element
        critic_spec = build_critic_spec(observation, policy.settings, self._critic_settings)
        start = "weights" if policy.has_learned else "fresh"
        if self._checkpoint and not self._has_trained:
            start = "checkpoint"
        return Configure(
            behavior=self._behavior,
            observation_schema=observation_to_wire(observation),
            action_schema=action_to_wire(interactor.action_schema_element),
            observation_hash=interactor.observation_hash,
            action_hash=interactor.action_hash,
            network_hash=snapshot.network_hash,
            critic_network_hash=critic_spec.hash,
            policy_settings=policy.settings.to_wire(),
            critic_settings=self._critic_settings.to_wire(),
            trainer_type=self.trainer_type,
            settings=self._training_settings,
            agent_count=self.manager.max_agent_count,
            start=start,
            checkpoint=self._checkpoint if start == "checkpoint" else "",
            version=snapshot.version,
            wants_critic=self._critic is not None,
            weights=snapshot.values if start == "weights" else None,
        )


def _set_up(value: _T | None, owner: object) -> _T:
    if value is None:
        raise NotSetUpError(f"{type(owner).__name__} is not set up: make it with its make_… class method")
    return value
