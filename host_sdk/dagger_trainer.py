"""Training a policy by correction (DAgger): the learner acts, and an expert says what it would have done.

Ross, Gordon and Bagnell 2011, arXiv:1011.0686.
"""

from __future__ import annotations

import logging
import os

import numpy as np

from host_sdk.collection.demonstration_stream import DemonstrationStream
from host_sdk.collection.mixing_schedule import MixingSchedule
from host_sdk.communicator import Communicator
from host_sdk.connection.arriving_weights import ArrivingWeights
from host_sdk.controller import Controller
from host_sdk.dagger_training_settings import DAggerTrainingSettings
from host_sdk.errors import InvalidSettingsError
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.recorder import Recorder
from host_sdk.recording import Recording
from host_sdk.settings import DAggerTrainerSettings, RecorderSettings
from host_sdk.trainer import Trainer
from host_sdk.training_environment import TrainingEnvironment
from protocol.errors import RecordingError
from protocol.experience import FloatArray
from protocol.messages import Ready
from protocol.policy_settings import CriticSettings

logger = logging.getLogger(__name__)

_MIXING_STREAM = 0x0DA66E12
"""Tells the random numbers of who acts from those of what the policy does."""


class DAggerTrainer(Trainer):
    """Trains a policy in rounds: agents act, an expert labels every step of theirs, all rounds are learnt from.

    One call a tick does everything:

        trainer.run_training()

    It is the same as, in this order, `gather_completions` and `gather_rewards` of the training environment,
    `process_experience` and `run_inference`, which a game may also call by itself.

    In a round, step by step and agent by agent, the expert's action is performed with probability beta, else the
    learner's; what is recorded is always the expert's label. Beta falls from round to round, so that the learner is
    corrected where it gets to by itself.

    By default the game plays on with the weights at hand and collects the next round while the trainer learns from the
    last one; where that takes longer than a round, agents go on unrecorded, and without the expert. No call waits then.
    Several hosts label each round together: it is learnt from once every host has sent its part.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: TrainingEnvironment | None = None
        self._controller: Controller | None = None
        self._labelling: Recorder | None = None
        self._settings = DAggerTrainerSettings()
        self._schedule = MixingSchedule()
        self._mixing = np.random.default_rng(0)
        self._has_begun = False
        self._reset_agents_on_begin = True
        self._unrecorded_steps = 0
        self._begin_rounds()

    # ---- making

    @classmethod
    def make_dagger_trainer(
        cls,
        manager: Manager,
        interactor: Interactor,
        training_environment: TrainingEnvironment,
        policy: Policy,
        controller: Controller,
        communicator: Communicator | None = None,
        recording: Recording | str | os.PathLike[str] | None = None,
        *,
        settings: DAggerTrainerSettings | None = None,
    ) -> DAggerTrainer:
        """Constructs a trainer and sets it up.

        Args:
            manager: whose agents learn.
            interactor: how they see and act.
            training_environment: what ends their episodes, and how they are reset; rewards are recorded, and not
                learnt from.
            policy: what is trained.
            controller: the expert. Its `label_actions` is asked once a tick while a round is collected.
            communicator: the line to a trainer process. None: to the one that launched this host (it left its
                endpoint in the environment), else to one that this host launches.
            recording: gets all labelled episodes, or the file that does; what is in it already is learnt from with the
                first round. A new recording in memory where it is left away.
            settings: how to collect.

        Raises:
            RecordingError: the recording is of other schemas; names the element.
        """
        trainer = cls()
        trainer._environment, trainer._controller = training_environment, controller
        trainer._settings = settings = settings or DAggerTrainerSettings()
        trainer._behavior = settings.behavior
        trainer._checkpoint = settings.checkpoint
        recorder_settings = RecorderSettings(settings.max_episode_step_count, is_appending=True)
        recorder = trainer._labelling = Recorder.make_recorder(
            manager, interactor, training_environment, recording, settings=recorder_settings, name=cls.__name__
        )
        size = manager.max_agent_count, interactor.get_action_vector_size()
        recorder.labels = np.zeros(size, dtype=np.float32)
        line = communicator or Communicator.from_environment()
        trainer._set_up(manager, interactor, policy, None, CriticSettings(), line)
        line.environment_parameters.lead(training_environment.environment_parameters)
        return trainer

    # ---- what a game asks

    @property
    def trainer_type(self) -> str:
        """The algorithm's name on the wire."""
        return "dagger"

    @property
    def training_environment(self) -> TrainingEnvironment:
        """The training environment."""
        assert self._environment is not None
        return self._environment

    @property
    def controller(self) -> Controller:
        """The expert."""
        assert self._controller is not None
        return self._controller

    @property
    def recording(self) -> Recording:
        """All episodes that were labelled, with the expert's actions.

        Raises:
            RecordingError: it is a file, into which nothing was recorded yet.
        """
        return self._recorder.get_recording()

    @property
    def is_recording(self) -> bool:
        """Whether the expert labels what agents do; false before the trainer has answered, and while it is behind."""
        return self._recorder.is_recording

    @property
    def round_index(self) -> int:
        """The round that is collected now, from 0."""
        return max(self._rounds_sent, self._iteration)

    @property
    def expert_probability(self) -> float:
        """Beta of this round: how likely it is that the expert acts."""
        return self._schedule.expert_probability(self.round_index)

    @property
    def unrecorded_steps(self) -> int:
        """Agent-steps that were played without the expert since training began, since the trainer was behind."""
        return self._unrecorded_steps

    # ---- training

    def begin_training(
        self, training_settings: DAggerTrainingSettings | None = None, *, reset_agents_on_begin: bool = True
    ) -> None:
        """Begins training, or begins it anew after its end or failure, from the weights and with the labels at hand.

        Returns at once, except in synchronous mode, where it waits until the trainer has answered.

        Args:
            training_settings: what to ask of the trainer; None leaves all to it.
            reset_agents_on_begin: whether every agent begins a new episode when the first round begins.
        """
        if self.is_training:
            logger.warning("begin_training: training is under way already; call end_training first to begin anew")
            return
        self._has_begun = True
        self._reset_agents_on_begin = reset_agents_on_begin
        self._run_directory = ""
        self._iteration = self._unrecorded_steps = 0
        self._begin_rounds()
        self._open((training_settings or DAggerTrainingSettings()).to_wire())
        if self._settings.is_synchronous:
            self._wait_until(lambda: self._is_collecting_due)

    def run_training(
        self, training_settings: DAggerTrainingSettings | None = None, *, reset_agents_on_begin: bool = True
    ) -> None:
        """One tick of a game that trains: everything from the outcomes of the last action to the next action.

        Begins training at the first call. After a failure, or the end of training, agents go on acting and being
        reset, with the weights at hand and without the expert; `has_training_failed` tells.

        Args:
            training_settings: as for `begin_training`.
            reset_agents_on_begin: likewise.
        """
        if not self._has_begun:
            self.begin_training(training_settings, reset_agents_on_begin=reset_agents_on_begin)
        if self.policy.has_acted:
            self.training_environment.gather_completions()
            self.training_environment.gather_rewards()
            self.process_experience()
        self.run_inference()

    def process_experience(self) -> None:
        """Records the step whose outcome was gathered, ends episodes, sends a round that is over, and swaps weights.

        To be called after `gather_completions` and `gather_rewards`, and before the next inference. In synchronous
        mode it waits for the weights that a round leads to; else it never waits.

        Raises:
            MissingCallError: the rewards or completions of this step were not gathered.
        """
        self._recorder.add_experience()
        self._poll()
        self.training_environment.reset_agents_where_required()
        if self._link is None or self._restart_count < 0 or self._is_collecting_due or self._has_final_weights:
            return
        if (error := self._recorder.recording_failure) is not None:
            self._refuse(error)
        elif not self._recorder.is_recording or self._is_round_over:
            self._end_round()

    def run_inference(self) -> None:
        """Agents observe, learner and expert decide, and what beta chooses is performed.

        Raises:
            CallOrderError: the last step isn't through.
            ValueMismatchError: an observation, or an action of the expert's, doesn't fit the schema.
        """
        interactor, policy = self.interactor, self.policy
        if self._is_collecting_due:
            self._begin_recording()
        if not self._recorder.is_recording:
            policy.run_inference(self._settings.action_noise_scale)
            if self.is_collecting and not self._has_final_weights:
                self._unrecorded_steps += self.manager.agent_count
                self.communicator.unrecorded_steps = self._unrecorded_steps
            return
        interactor.gather_observations()
        buffer = interactor.buffer
        if not buffer.agent_ids.size:
            return
        if buffer.modifier_size:
            interactor.make_action_modifiers()
        policy.encode_observations()
        policy.evaluate_policy()
        policy.decode_and_sample_actions(self._settings.action_noise_scale)
        agent_ids = buffer.performance_due_agents("run_inference")
        labels = self.controller.label_actions(agent_ids)
        self._labels[agent_ids] = labels
        is_expert = self._mixing.random(len(agent_ids)) < self.expert_probability
        if np.count_nonzero(is_expert):
            buffer.set_actions(agent_ids[is_expert], labels[is_expert])
        interactor.perform_actions()
        self._round_step_count += len(agent_ids)

    # ---- rounds

    def _begin_rounds(self) -> None:
        """Nothing was sent to this trainer."""
        self._stream: DemonstrationStream | None = None
        self._sent_count = self._rounds_sent = self._round_step_count = 0
        self._steps_per_round = 1
        self._is_awaiting_weights = self._is_collecting_due = self._has_final_weights = False
        self._restart_count = -1

    @property
    def _recorder(self) -> Recorder:
        assert self._labelling is not None
        return self._labelling

    @property
    def _labels(self) -> FloatArray:
        assert self._recorder.labels is not None
        return self._recorder.labels

    @property
    def _cuts_episodes(self) -> bool:
        """Whether a round ends in the middle of episodes; a learner that remembers learns from their beginnings on."""
        return self.policy.get_memory_state_size() == 0

    @property
    def _is_round_over(self) -> bool:
        if self._round_step_count < self._steps_per_round:
            return False
        return self._cuts_episodes or self._recorder.get_recording().record_count > self._sent_count

    def _end_round(self) -> None:
        """Sends what was collected, and begins the next round; or pauses while the trainer is still at the last one."""
        recorder, was_paused = self._recorder, not self._recorder.is_recording
        is_behind = self._is_awaiting_weights or self._stream is not None
        try:
            if is_behind or self._cuts_episodes:
                recorder.end_recording()
            if is_behind:
                return
            if not recorder.is_recording:
                recorder.begin_recording(reset_agents_on_begin=was_paused)
            self._send_round()
        except RecordingError as error:
            self._refuse(error)
            return
        self._poll()
        if self._settings.is_synchronous:
            self._wait_until(lambda: not self._is_awaiting_weights)

    def _send_round(self) -> None:
        recording = self._recorder.get_recording()
        self._round_step_count = 0
        if recording.record_count > self._sent_count:
            indices = range(self._sent_count, recording.record_count)
            self._stream = DemonstrationStream(self._behavior, recording, indices=indices)
            self._sent_count = recording.record_count
            self._rounds_sent += 1
            self._is_awaiting_weights = True

    # ---- the parts of a tick

    def _poll(self) -> None:
        super()._poll()
        link = self._link
        if link is None or link.ready is None:
            return
        link.take_released()
        try:
            if self._restart_count < 0:
                self._begin_collecting(link.ready)
            elif link.restart_count != self._restart_count and self._sent_count:  # a trainer that has no labels yet
                known = range(self._sent_count)
                self._stream = DemonstrationStream(self._behavior, self._recorder.get_recording(), indices=known)
                self._is_awaiting_weights = True
            self._restart_count = link.restart_count
            if self._stream is not None and self._stream.advance(link):
                self.communicator.poll()  # sends it
        except RecordingError as error:
            self._refuse(error)
        if self._stream is not None and self._stream.is_delivered:
            self._stream = None

    def _begin_collecting(self, ready: Ready) -> None:
        self._steps_per_round = ready.steps_per_hand_off
        settings = ready.settings
        try:
            self._schedule = MixingSchedule(
                str(settings.get("beta_schedule", "linear")),
                beta=float(str(settings.get("beta", 1.0))),
                rounds=int(str(settings.get("beta_rounds", 1))),
            )
        except (InvalidSettingsError, ValueError) as error:
            remedy = "update host and trainer to the same release"
            self._fail(TrainingFailure(FailureCode.PROTOCOL_ERROR, f"the trainer's settings: {error}", remedy))
            return
        seed = self.policy.settings.seed
        if (welcome := self.communicator.welcome) is not None:
            seed = welcome.random_seed
            self.policy.seed(seed)
        self._mixing = np.random.default_rng((seed, _MIXING_STREAM))
        self._is_collecting_due = True

    def _begin_recording(self) -> None:
        """Between two steps, so that no step is recorded that nobody labelled."""
        self._is_collecting_due = False
        try:
            self._recorder.begin_recording(reset_agents_on_begin=self._reset_agents_on_begin)
        except RecordingError as error:
            self._refuse(error)

    def _apply(self, arrived: ArrivingWeights) -> None:
        super()._apply(arrived)
        self._is_awaiting_weights = False
        if arrived.update.is_final:  # the last word will come; there is nothing left to label
            self._has_final_weights = True
            self._recorder.end_recording()

    def _refuse(self, error: RecordingError) -> None:
        remedy = "make room, or mend the recording, and call begin_training again; what was labelled is kept"
        self._fail(TrainingFailure(FailureCode.INVALID_SETTINGS, str(error), remedy))

    def _on_left(self) -> None:
        self._is_collecting_due = False
        self._recorder.end_recording()
