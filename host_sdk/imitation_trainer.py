"""Training a policy by imitation: send a recording, and swap weights as they come; the game never waits."""

from __future__ import annotations

import logging

from host_sdk.collection.demonstration_stream import DemonstrationStream, RecordedEpisodes, check_recording
from host_sdk.communicator import Communicator
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.imitation_training_settings import ImitationTrainingSettings
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.settings import ImitationTrainerSettings
from host_sdk.trainer import Trainer
from protocol.errors import RecordingError
from protocol.policy_settings import CriticSettings

logger = logging.getLogger(__name__)

USE_ANOTHER_RECORDING = "mend the recording, or use another, and call begin_training again"


class ImitationTrainer(Trainer):
    """Trains a policy to do as a recording's agents did (behavioural cloning), in an external process.

    In a game, one call a tick does everything:

        trainer.run_training(recording)

    and in a program without one, a loop:

        trainer.begin_training(recording)
        while trainer.is_training:
            trainer.wait_for_trainer(0.1)
            trainer.iterate_training()

    No call but `wait_for_trainer` waits. Agents need not act meanwhile, and there need be none; where they do, they act
    by the weights of the newest epoch. At the end the policy has the best weights that the trainer found.

    A failure is not raised, but kept in `training_failure`, as with every trainer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stream: DemonstrationStream | None = None
        self._has_begun = False

    # ---- making

    @classmethod
    def make_imitation_trainer(
        cls,
        manager: Manager,
        interactor: Interactor,
        policy: Policy,
        communicator: Communicator | None = None,
        *,
        settings: ImitationTrainerSettings | None = None,
    ) -> ImitationTrainer:
        """Constructs a trainer and sets it up.

        Args:
            manager: whose agents learn.
            interactor: how they see and act.
            policy: what is trained.
            communicator: the line to a trainer process. None: to the one that launched this host (it left its
                endpoint in the environment), else to one that this host launches.
            settings: the behavior's name, and where training starts.
        """
        trainer = cls()
        settings = settings or ImitationTrainerSettings()
        trainer._behavior = settings.behavior
        trainer._checkpoint = settings.checkpoint
        line = communicator or Communicator.from_environment()
        trainer._set_up(manager, interactor, policy, None, CriticSettings(), line)
        return trainer

    # ---- what a game asks

    @property
    def trainer_type(self) -> str:
        """The algorithm's name on the wire."""
        return "bc"

    @property
    def sent_fraction(self) -> float:
        """0 to 1: how much of the recording is on its way to the trainer, or there."""
        return self._stream.sent_fraction if self._stream is not None else 0.0

    @property
    def has_delivered_recording(self) -> bool:
        """Whether the trainer has all of the recording, so that it learns."""
        return self._stream is not None and self._stream.is_delivered

    # ---- training

    def begin_training(
        self, recording: RecordedEpisodes, training_settings: ImitationTrainingSettings | None = None
    ) -> None:
        """Begins training, or begins it anew after its end or failure, from the weights at hand. Returns at once.

        A recording without episodes, or of another schema than the interactor's, is a training failure
        (INVALID_SETTINGS, which names the element): nothing is launched, and nothing sent.

        Args:
            recording: what to imitate: a `Recording`, or a `protocol.recording.RecordingReader`. Episodes that it gets
                later are not sent.
            training_settings: what to ask of the trainer; None leaves all to it.
        """
        if self.is_training:
            logger.warning("begin_training: training is under way already; call end_training first to begin anew")
            return
        self._has_begun = True
        self._run_directory = ""
        self._stream = None
        try:
            check_recording(recording, self.interactor)
        except RecordingError as error:
            self._refuse(error)
            return
        self._stream = DemonstrationStream(self._behavior, recording)
        self._open((training_settings or ImitationTrainingSettings()).to_wire())

    def iterate_training(self) -> None:
        """Sends what may go of the recording, takes new weights in, and notices failure and the end. Never waits."""
        self._poll()

    def run_training(
        self, recording: RecordedEpisodes, training_settings: ImitationTrainingSettings | None = None
    ) -> None:
        """Begins training at the first call, and is `iterate_training` afterwards. Never waits.

        Args:
            recording: as for `begin_training`.
            training_settings: likewise.
        """
        if not self._has_begun:
            self.begin_training(recording, training_settings)
        self.iterate_training()

    def wait_for_trainer(self, timeout_s: float) -> None:
        """Sleeps until the trainer says something, at most `timeout_s`; for programs without a game, never for one."""
        link, stream = self._link, self._stream
        if link is not None and stream is not None and not stream.may_advance(link):
            self.communicator.wait(timeout_s)

    # ---- the parts of a tick

    def _poll(self) -> None:
        link, stream = self._link, self._stream
        super()._poll()
        if link is None or stream is None:
            return
        link.take_released()
        may_advance = stream.may_advance(link)  # looks at the credit that came, also with the last word
        try:
            if may_advance and self._link is link and stream.advance(link):
                self.communicator.poll()  # sends it
        except RecordingError as error:
            self._refuse(error)

    def _refuse(self, error: RecordingError) -> None:
        self._fail(TrainingFailure(FailureCode.INVALID_SETTINGS, str(error), USE_ANOTHER_RECORDING))
