"""Training a policy to do as a recording's agents did, by playing: GAIL and AIRL."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.collection.demonstration_stream import DemonstrationStream, RecordedEpisodes, check_recording
from host_sdk.communicator import Communicator
from host_sdk.critic import Critic
from host_sdk.errors import InvalidSettingsError
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.settings import PPOTrainerSettings
from host_sdk.training_environment import TrainingEnvironment
from protocol.errors import RecordingError
from protocol.messages import Ready
from protocol.policy_settings import CriticSettings

AdversarialMethod: TypeAlias = Literal["gail", "airl"]
METHODS: tuple[AdversarialMethod, ...] = ("airl", "gail")

USE_ANOTHER_RECORDING = "mend the recording, or use another, and call begin_training again"


class AdversarialTrainer(PPOTrainer):
    """Trains a policy by adversarial imitation in an external process: the recording first, then as by PPO.

    A game plays it like a `PPOTrainer`, by one call a tick:

        trainer.run_training()

    The rewards that the training environment gives are not learnt from; they go into the statistics of episodes, so
    that one can see what imitation is worth. They may all be 0. Episodes need one length, and must not terminate,
    unless the trainer is told otherwise (`allow_variable_horizon`).

    Until the recording is on its way agents act unrecorded.
    """

    def __init__(self) -> None:
        super().__init__()
        self._method: AdversarialMethod = "gail"
        self._demonstrated: RecordedEpisodes | None = None
        self._stream: DemonstrationStream | None = None
        self._resets_agents = True

    # ---- making

    @classmethod
    def make_adversarial_trainer(
        cls,
        manager: Manager,
        interactor: Interactor,
        training_environment: TrainingEnvironment,
        policy: Policy,
        recording: RecordedEpisodes,
        method: AdversarialMethod = "gail",
        critic: Critic | None = None,
        communicator: Communicator | None = None,
        *,
        settings: PPOTrainerSettings | None = None,
        critic_settings: CriticSettings | None = None,
    ) -> Self:
        """Constructs a trainer and sets it up.

        Args:
            manager: whose agents learn.
            interactor: how they see and act.
            training_environment: when their episodes end, and what they are rewarded for as far as anybody knows.
            policy: what is trained.
            recording: what to imitate: a `Recording`, or a `protocol.recording.RecordingReader`.
            method: "gail", or "airl", whose reward can be learnt from again.
            critic: as for `PPOTrainer`, like the others.
            communicator: likewise.
            settings: likewise.
            critic_settings: likewise.

        Raises:
            InvalidSettingsError: there is no such method.
        """
        if method not in METHODS:
            raise InvalidSettingsError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
        trainer = cls()
        trainer._method = method
        trainer._demonstrated = recording
        trainer._set_up_ppo(
            manager,
            interactor,
            training_environment,
            policy,
            critic,
            communicator,
            settings=settings,
            critic_settings=critic_settings,
        )
        return trainer

    # ---- what a game asks

    @property
    def trainer_type(self) -> str:
        """The algorithm's name on the wire."""
        return self._method

    @property
    def sent_fraction(self) -> float:
        """0 to 1: how much of the recording is on its way to the trainer, or there."""
        return self._stream.sent_fraction if self._stream is not None else 0.0

    # ---- training

    def begin_training(
        self, training_settings: PPOTrainingSettings | None = None, *, reset_agents_on_begin: bool = True
    ) -> None:
        """Begins training, or begins it anew after its end or failure, from the weights at hand.

        A recording without episodes, or of another schema than the interactor's, is a training failure
        (INVALID_SETTINGS, which names the element): nothing is launched, and nothing sent.

        Args:
            training_settings: `AdversarialTrainingSettings`, or PPO's where the others' defaults will do.
            reset_agents_on_begin: whether every agent begins a new episode, now and when collecting begins. Where not,
                an episode that was under way counts from there, and the trainer may find it too short.
        """
        if not self.is_training:
            self._resets_agents = reset_agents_on_begin
            assert self._demonstrated is not None
            self._has_begun = True
            try:
                check_recording(self._demonstrated, self.interactor)
            except RecordingError as error:
                self._refuse(error)
                return
            self._stream = DemonstrationStream(self._behavior, self._demonstrated)
        settings = training_settings or AdversarialTrainingSettings()
        super().begin_training(settings, reset_agents_on_begin=reset_agents_on_begin)

    # ---- the parts of a tick

    def _poll(self) -> None:
        super()._poll()
        link, stream = self._link, self._stream
        if link is None or stream is None:
            return
        try:
            if stream.advance(link):
                self.communicator.poll()  # sends it
                if self._recorder is not None:  # a trainer that took the place of another gets them in between
                    self._recorder.number_batches_from(link.next_batch_id)
        except RecordingError as error:
            self._refuse(error)

    def _begin_collecting(self, ready: Ready) -> None:
        """Not before all demonstrations were handed over, so that batches are numbered after them."""
        if self._stream is None or not self._stream.is_sent:
            return
        super()._begin_collecting(ready)
        if self._recorder is None or self._link is None:
            return
        self._recorder.number_batches_from(self._link.next_batch_id)
        if self._resets_agents:  # or else the first episodes would seem shorter than they are
            self.manager.reset_all_agents()

    def _refuse(self, error: RecordingError) -> None:
        self._fail(TrainingFailure(FailureCode.INVALID_SETTINGS, str(error), USE_ANOTHER_RECORDING))
