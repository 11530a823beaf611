"""Training a policy by PPO: collect, hand off, swap weights, and never hold up the game."""

from __future__ import annotations

import logging

import numpy as np

from host_sdk.collection.iteration_seed import IterationSeeds
from host_sdk.communicator import Communicator
from host_sdk.critic import Critic
from host_sdk.errors import CallOrderError, CollectionError
from host_sdk.evaluation import Evaluation, EvaluationSummary
from host_sdk.evaluation_schedule import EvaluationSchedule
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.policy_recording import PolicyRecording
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.settings import PPOTrainerSettings
from host_sdk.trainer import Trainer
from host_sdk.training_environment import TrainingEnvironment
from host_sdk.trajectory_recorder import TrajectoryRecorder
from protocol.collection_contract import CollectionContract
from protocol.completion import Completion
from protocol.errors import SharedMemoryError
from protocol.experience import ByteArray, FloatArray
from protocol.experience_wire import experience_to_message
from protocol.messages import EvaluationResult, Ready
from protocol.policy_settings import CriticSettings

logger = logging.getLogger(__name__)


class PPOTrainer(Trainer):
    """Trains a policy by PPO in an external process.

    One call a tick does everything:

        trainer.run_training()

    It is the same as, in this order, `gather_completions` and `gather_rewards` of the training environment,
    `process_experience`, and `run_inference` of the policy, which a game may also call by itself.

    Asynchronous by default: the game plays on with the weights that it has, and no call waits for the trainer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment: TrainingEnvironment | None = None
        self._settings = PPOTrainerSettings()
        self._recording: PolicyRecording | None = None
        self._schedule = EvaluationSchedule()
        self._evaluation: Evaluation | None = None
        self._evaluation_result: EvaluationSummary | None = None
        self._unreported: EvaluationResult | None = None
        self._is_synchronous = False
        self._seeds: IterationSeeds | None = None
        self._is_iteration_due = False
        self._has_begun = False
        self._next_batch_id = 1
        self._batches_sent = 0
        self._unrecorded_before = 0
        self._restart_count = 0

    # ---- making

    @classmethod
    def make_ppo_trainer(
        cls,
        manager: Manager,
        interactor: Interactor,
        training_environment: TrainingEnvironment,
        policy: Policy,
        critic: Critic | None = None,
        communicator: Communicator | None = None,
        *,
        settings: PPOTrainerSettings | None = None,
        critic_settings: CriticSettings | None = None,
    ) -> PPOTrainer:
        """Constructs a trainer and sets it up.

        Args:
            manager: whose agents learn.
            interactor: how they see and act.
            training_environment: what they are rewarded for.
            policy: what is trained.
            critic: a critic whose weights the host wants too; None leaves the critic in the trainer.
            communicator: the line to a trainer process. None: to the one that launched this host (it left its
                endpoint in the environment), else to one that this host launches.
            settings: how to collect.
            critic_settings: the size of the critic's network where no `critic` is given.
        """
        trainer = cls()
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

    def _set_up_ppo(
        self,
        manager: Manager,
        interactor: Interactor,
        training_environment: TrainingEnvironment,
        policy: Policy,
        critic: Critic | None,
        communicator: Communicator | None,
        *,
        settings: PPOTrainerSettings | None,
        critic_settings: CriticSettings | None,
    ) -> None:
        self._environment = training_environment
        self._settings = settings or PPOTrainerSettings()
        self._schedule = EvaluationSchedule.of(self._settings)
        self._behavior = self._settings.behavior
        self._checkpoint = self._settings.checkpoint
        line = communicator or Communicator.from_environment()
        self._set_up(manager, interactor, policy, critic, critic_settings or CriticSettings(), line)
        line.environment_parameters.lead(training_environment.environment_parameters)
        policy.after_inference = self._begin_step

    # ---- what a game asks

    @property
    def trainer_type(self) -> str:
        """The algorithm's name on the wire."""
        return "ppo"

    @property
    def training_environment(self) -> TrainingEnvironment:
        """The training environment."""
        assert self._environment is not None
        return self._environment

    @property
    def batches_sent(self) -> int:
        """Batches handed to the trainer since training began."""
        return self._batches_sent

    @property
    def unrecorded_steps(self) -> int:
        """Agent-steps that were played and not recorded since training began, since the trainer was behind."""
        recorded = self._recorder.unrecorded_steps if self._recorder is not None else 0
        return self._unrecorded_before + recorded

    @property
    def is_recording(self) -> bool:
        """Whether what agents do now reaches the trainer; false before it has answered, and while it is behind."""
        return self._recorder is not None and self._recorder.is_recording

    @property
    def is_evaluating(self) -> bool:
        """Whether an evaluation is being played."""
        return self._evaluation is not None

    @property
    def evaluation_result(self) -> EvaluationSummary | None:
        """What the last evaluation gave."""
        return self._evaluation_result

    def get_episode_step_count(self, agent_id: int) -> int:
        """Steps of the agent's present episode; 0 before experience counts."""
        self.manager.get_agent(agent_id)
        return self._recorder.tally.step_count(agent_id) if self._recorder is not None else 0

    # ---- training

    def begin_training(
        self, training_settings: PPOTrainingSettings | None = None, *, reset_agents_on_begin: bool = True
    ) -> None:
        """Begins training, or begins it anew after its end or failure, from the weights at hand.

        Returns at once, except in synchronous mode, where it waits until the trainer has answered.

        Args:
            training_settings: what to ask of the trainer; None leaves all to it.
            reset_agents_on_begin: whether every agent begins a new episode.
        """
        if self.is_training:
            logger.warning("begin_training: training is under way already; call end_training first to begin anew")
            return
        settings = training_settings or PPOTrainingSettings()
        self._has_begun = True
        self._is_synchronous = bool(settings.synchronous)
        self._next_batch_id = 1
        self._batches_sent = 0
        self._unrecorded_before = 0
        self._run_directory = ""
        self._open(settings.to_wire())
        if self._is_synchronous:
            self._wait_until(self._may_play)
        self._begin_iteration(resets_agents=reset_agents_on_begin)

    def run_training(
        self,
        training_settings: PPOTrainingSettings | None = None,
        *,
        reset_agents_on_begin: bool = True,
        reset_agents_on_update: bool = False,
    ) -> None:
        """One tick of a game that trains: everything from the rewards of the last action to the next action.

        Begins training at the first call. After a failure, or the end of training, agents go on acting and being
        reset, with the weights at hand and unrecorded; `has_training_failed` tells.

        Args:
            training_settings: as for `begin_training`.
            reset_agents_on_begin: as for `begin_training`.
            reset_agents_on_update: whether every agent begins a new episode when new weights come. Unreal does so by
                default; here it is off, since it throws away the episodes under way and makes long ones rare.
        """
        if not self._has_begun:
            self.begin_training(training_settings, reset_agents_on_begin=reset_agents_on_begin)
        if self.policy.has_acted:
            self.training_environment.gather_completions()
            self.training_environment.gather_rewards()
            self.process_experience(reset_agents_on_update=reset_agents_on_update)
        self.policy.run_inference(0.0 if self.is_evaluating else self._settings.action_noise_scale)

    def process_experience(self, *, reset_agents_on_update: bool = False) -> None:
        """Records the step that the last rewards complete, ends episodes, hands off batches, and swaps weights.

        To be called after `gather_completions` and `gather_rewards`, and before the next inference. In synchronous
        mode it waits for the update that a batch leads to; else it never waits.

        Args:
            reset_agents_on_update: as for `run_training`.

        Raises:
            MissingCallError: the rewards or completions of this step were not gathered.
        """
        version = self.policy.version
        agent_ids, rewards, completions = self.training_environment.collect_outcomes()
        self._poll()
        self._end_step(agent_ids, rewards, completions)
        self._hand_off()
        if self._is_iteration_due:  # the trainer waits, and this host didn't ask for that
            self._wait_until(self._may_play)
        if self._is_iteration_due or self.policy.version != version:
            self._begin_iteration(resets_agents=reset_agents_on_update)
        self.training_environment.reset_agents_where_required()
        if self._schedule.interval_steps and self._is_evaluation_due():
            self.begin_evaluation()

    def wait_until_recording(self, timeout_s: float) -> bool:
        """Waits for a trainer that is behind; for worlds that can stand still, such as simulators, never for a game.

        Args:
            timeout_s: the longest to wait for a word of the trainer; call again to wait on.

        Returns:
            Whether a tick would be recorded now. False for good once `is_training` is false.
        """
        if self.is_recording:
            return True
        self._poll()
        if self.is_training and not self.is_recording:
            self.communicator.wait(timeout_s)
            self._poll()
        return self.is_recording

    def begin_evaluation(self, step_count: int | None = None, *, episode_count: int | None = None) -> None:
        """From now on, for so many ticks or episodes, agents act by the policy's mode, and nothing is recorded.

        All agents begin new episodes, now and at the end; in simulators that can be seeded the same ones each time. The
        result stands in `evaluation_result` when `is_evaluating` has turned false, and goes to the trainer's metrics.

        Args:
            step_count: ticks; None: the setting `evaluation_step_count`.
            episode_count: whole episodes in place of ticks; None: the settings, unless ticks are given.

        Raises:
            CallOrderError: an evaluation is under way.
        """
        if self._evaluation is not None:
            remedy = "begin_evaluation: an evaluation is under way; wait until is_evaluating is false"
            raise CallOrderError(remedy, "begin_evaluation", ())
        ticks = self._settings.evaluation_step_count if step_count is None else step_count
        if episode_count is None:
            episode_count = self._schedule.episode_count if step_count is None else 0
        if self._seeds is not None:
            self._seed_episodes(self._seeds.evaluation)
        self.manager.reset_all_agents()
        slots = self.manager.max_agent_count
        self._evaluation = Evaluation(slots, ticks, self.policy.version, episode_count=episode_count)

    # ---- agents that come and go

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Their next step is the first of an episode."""
        if self._recorder is not None:
            self._recorder.begin_agents(agent_ids)

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """Their trajectories are cut at the last whole transition."""
        if self._recorder is not None:
            self._recorder.end_agents(agent_ids)
        if self._evaluation is not None:
            self._evaluation.withdraw(agent_ids)

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """As above, and their next step is the first of an episode."""
        if self._recorder is not None:
            self._recorder.begin_agents(agent_ids)
        if self._evaluation is not None:
            self._evaluation.forget(agent_ids)

    # ---- the parts of a tick

    def _is_evaluation_due(self) -> bool:
        return self.is_collecting and not self.is_evaluating and self._schedule.is_due(self._metrics.get("steps", 0.0))

    def _begin_step(self, agent_ids: AgentIds, action_noise_scale: float) -> None:
        """What the policy calls after each inference."""
        if self._recording is not None and self._evaluation is None:
            self._recording.begin_step(agent_ids, action_noise_scale)

    @property
    def _recorder(self) -> TrajectoryRecorder | None:
        return self._recording.recorder if self._recording is not None else None

    def _end_step(self, agent_ids: AgentIds, rewards: FloatArray, completions: ByteArray) -> None:
        has_ended = bool(np.count_nonzero(completions))  # any but RUNNING
        if self._evaluation is not None:
            self._evaluation.tally(agent_ids, rewards, completions)
        elif self._recording is not None:
            self._recording.end_step(agent_ids, rewards, completions)
        if has_ended:
            self.manager.reset_agents(agent_ids[completions != Completion.RUNNING])
        if self._evaluation is not None and self._evaluation.is_over:
            self._end_evaluation()

    def _end_evaluation(self) -> None:
        assert self._evaluation is not None
        summary = self._evaluation_result = self._evaluation.summary()
        self._evaluation = None
        if (seeds := self._seeds) is not None:  # training goes on as if there had been no evaluation
            version = summary.policy_version
            self._seed_episodes(seeds.episodes if self._is_synchronous else seeds.episodes_after_evaluation(version))
        self.manager.reset_all_agents()
        if summary.episode_count:
            self._unreported = summary.to_message(self._behavior)

    def _may_play(self) -> bool:
        """Whether what is played from here on is what a trainer that waits shall learn from."""
        return self._recorder is not None and self._has_granted_weights

    def _begin_iteration(self, *, resets_agents: bool) -> None:
        """New weights are in place; where training waits for them, all that is random follows from the iteration."""
        self._is_iteration_due = False
        if self._is_synchronous and self._seeds is not None:
            self._seeds.begin(self._iteration)
            self.policy.seed(*self._seeds.noise)
            if resets_agents:
                self._seed_episodes(self._seeds.episodes)
        if resets_agents:
            self.manager.reset_all_agents()

    def _seed_episodes(self, seed: int) -> None:
        self.training_environment.environment_parameters.seed_episodes(seed)
        self.training_environment.seed_episodes(seed)

    def _hand_off(self) -> None:
        recording, link = self._recording, self._link
        if recording is None or link is None or not recording.recorder.is_full:
            return
        batch = recording.take()
        if batch is None:
            return
        self._batches_sent += 1
        link.hand_over(experience_to_message(self._behavior, batch))
        self.communicator.unrecorded_steps = self.unrecorded_steps
        self._poll()  # sends the batch
        if self._is_synchronous:
            self._wait_until(lambda: link.in_flight_count == 0 and self._has_granted_weights)

    def _poll(self) -> None:
        super()._poll()
        link = self._link
        if link is None:
            return
        if self._recording is None and link.ready is not None:
            self._begin_collecting(link.ready)
        if self._unreported is not None and link.ready is not None:  # before, the trainer knows no such behavior
            self.communicator.report_evaluation(self._unreported)
            self._unreported = None
        if (recorder := self._recorder) is not None:
            if link.restart_count != self._restart_count:
                self._restart_count = link.restart_count
                recorder.retire_in_flight()
            self._release(recorder, link.take_released())

    def _release(self, recorder: TrajectoryRecorder, batch_ids: list[int]) -> None:
        try:
            for batch_id in batch_ids:
                recorder.release(batch_id)
        except SharedMemoryError as error:  # a retired buffer wants another in its place
            remedy = "make room, or set shared_memory to None, and call begin_training again"
            self._fail(TrainingFailure(FailureCode.INVALID_SETTINGS, str(error), remedy))

    @property
    def _keeps_weights(self) -> bool:
        return self._evaluation is not None

    def _begin_collecting(self, ready: Ready) -> None:
        contract = CollectionContract(
            steps_per_hand_off=ready.steps_per_hand_off,
            horizon=ready.horizon,
            buffer_count=ready.buffer_count,
            required_fields=ready.required_fields,
            synchronous=ready.synchronous,
        )
        self._is_synchronous = ready.synchronous
        self._restart_count = self._link.restart_count if self._link is not None else 0
        try:
            self._recording = PolicyRecording(
                self.policy,
                contract,
                max_episode_step_count=self._settings.max_episode_step_count or 0,
                allocate=self.communicator.make_floats,
            )
        except (CollectionError, SharedMemoryError) as error:
            remedy = "lower steps_per_update in the training settings, and call begin_training again"
            self._fail(TrainingFailure(FailureCode.INVALID_SETTINGS, str(error), remedy))
            return
        welcome = self.communicator.welcome
        if welcome is not None:
            self.policy.seed(welcome.random_seed)
            self._seeds = IterationSeeds(welcome.random_seed)
            self._is_iteration_due = ready.synchronous

    def _on_left(self) -> None:
        if self._recording is not None:
            self._unrecorded_before += self._recording.recorder.unrecorded_steps
            self._recording = None
        self._seeds = None
        self._is_iteration_due = False
