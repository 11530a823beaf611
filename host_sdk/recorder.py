"""Recording what agents do: a person's, a script's or a trained policy's demonstrations.

A game that records, with an environment that rewards and ends episodes, and a controller that acts:

    recorder = Recorder.make_recorder(manager, interactor, environment, "moves.lbr")
    recorder.begin_recording()

    # each tick, once the game has moved on:
    recorder.run_recording(controller)

    recorder.end_recording()
    recording = recorder.get_recording()

`run_recording` is all of these calls in one:

    environment.gather_completions()  # these three: not before agents have acted
    environment.gather_rewards()
    recorder.add_experience()         # records the last step, and resets agents whose episodes ended
    controller.run_controller()       # or policy.run_inference()

A game without an environment leaves it away: nobody gives rewards then, and an episode ends when its agent is reset or
removed, or the recording ends.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from host_sdk.collection.episode_collector import EpisodeCollector
from host_sdk.collection.recording_sink import FileSink, MemorySink, RecordingSink
from host_sdk.collection.reward_report import RewardReporter
from host_sdk.controller import Controller
from host_sdk.errors import DoubledCallError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from host_sdk.policy import Policy
from host_sdk.recording import Recording, header_of
from host_sdk.settings import RecorderSettings
from host_sdk.training_environment import TrainingEnvironment
from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.experience import ByteArray, FloatArray
from protocol.limits import MAX_BATCH_BYTES, MAX_BATCH_STEPS
from protocol.recording import Episode

_logger = logging.getLogger(__name__)


class Recorder(ManagerListener):
    """Keeps what agents see, do and get for it, episode by episode, in memory or in a file.

    With a file, an episode is in it as soon as it has ended, whatever happens to the game after that. A disk that is
    full, or any other failure to keep an episode, ends the recording and not the game: `is_recording` turns false, and
    `recording_failure` says why.

    An agent that the game itself resets or removes has its episode cut at the last observation, since nobody saw what
    came of the last action; one whose observation or reward is not finite, before it.
    """

    labels: FloatArray | None = None
    """float32[max, A], recorded of each agent in the place of what it did, from the next `begin_recording` on: what an
    expert would have done. Written by its owner between two calls of `add_experience`."""

    # --- Making ----------------------------------------------------------------------------------------------------

    @classmethod
    def make_recorder(
        cls,
        manager: Manager,
        interactor: Interactor,
        training_environment: TrainingEnvironment | None = None,
        recording: Recording | str | os.PathLike[str] | None = None,
        *,
        settings: RecorderSettings | None = None,
        name: str = "Recorder",
    ) -> Recorder:
        """Constructs a recorder and sets it up.

        Args:
            manager: whose agents it records.
            interactor: how they see and act.
            training_environment: what rewards them and ends their episodes, where there is one.
            recording: the recording that gets the records, or the file; a new recording in memory where it is left
                away.
            settings: how it records.
            name: for people.

        Raises:
            RecordingError: the recording is of other schemas; names the element.
        """
        recorder = cls()
        recorder.name = name
        recorder.setup_recorder(manager, interactor, training_environment, recording, settings=settings)
        return recorder

    def setup_recorder(
        self,
        manager: Manager,
        interactor: Interactor,
        training_environment: TrainingEnvironment | None = None,
        recording: Recording | str | os.PathLike[str] | None = None,
        *,
        settings: RecorderSettings | None = None,
    ) -> None:
        """See `make_recorder`. Raises NotSetUpError when done twice."""
        self.name = getattr(self, "name", type(self).__name__)
        self._settings = settings or RecorderSettings()
        self._interactor = interactor
        self._environment = training_environment
        self._header = header_of(interactor, self._settings.metadata)
        self._path: Path | None = None
        self._recording = Recording(self._header)
        if isinstance(recording, Recording):
            recording.header.check_schemas(self._header.observation, self._header.action, "the recorder's recording")
            self._recording = recording
        elif recording is not None:
            self._path = Path(recording)
        self._has_begun = False
        self._has_written = False
        self._failure: RecordingError | None = None
        self._sink: RecordingSink | None = None
        self._collector: EpisodeCollector | None = None
        self._reward_reporter = RewardReporter()
        self._episode_count = self._step_count = 0
        self._listen_to(manager)
        interactor.buffer.before_beginning.append(self._before_beginning)

    # --- Beginning and ending --------------------------------------------------------------------------------------

    def begin_recording(self, *, reset_agents_on_begin: bool = False) -> None:
        """Records from the step on whose outcome comes next; a second session goes on where the first one ended.

        Args:
            reset_agents_on_begin: whether every agent begins a new episode, so that no record begins in the middle.

        Raises:
            RecordingError: the file is there already and not to be appended to, has other schemas, or can't be written.
        """
        if self._sink is not None:
            _logger.warning("begin_recording: a recording is under way already; call end_recording first")
            return
        self._has_begun = True
        try:
            self._sink = self._opened_sink()
        except RecordingError as error:
            self._failure = error
            raise
        self._failure = None
        sizes = self._header.sizes
        limit = min(MAX_BATCH_STEPS, MAX_BATCH_BYTES // sizes.bytes_of_step)
        wanted = self._settings.max_episode_step_count or limit
        self._collector = EpisodeCollector(
            self._interactor.buffer, sizes, min(wanted, limit), self._keep, actions=self.labels
        )
        if reset_agents_on_begin:
            self.manager.reset_all_agents()

    def end_recording(self) -> None:
        """Ends open episodes where they are, as truncations, and closes the file. Without a recording, does nothing.

        What goes wrong in it is told by `recording_failure`.
        """
        if self._collector is not None:
            self._cut_open(self._collector)
        self._close(lambda sink: sink.close())

    def end_recording_and_discard(self) -> None:
        """Ends the recording, and takes back all that was recorded since it began. Without a recording, does nothing.

        What goes wrong in it is told by `recording_failure`.
        """
        self._close(lambda sink: sink.discard())

    # --- The calls of a step ---------------------------------------------------------------------------------------

    def run_recording(self, actor: Controller | Policy, *, action_noise_scale: float = 1.0) -> None:
        """One tick of a game that records: from the rewards of the last action to the next action.

        Begins recording at the first call. After its end, or a failure, agents go on acting and being reset,
        unrecorded.

        Args:
            actor: who acts.
            action_noise_scale: of a policy, as for `Policy.run_inference`.
        """
        if not self._has_begun:
            self.begin_recording()
        manager = self.manager
        if np.count_nonzero(manager.action_counts[manager.agent_ids]):
            if self._environment is not None:
                self._environment.gather_completions()
                self._environment.gather_rewards()
            self.add_experience()
        if isinstance(actor, Policy):
            actor.run_inference(action_noise_scale)
        else:
            actor.run_controller()

    def add_experience(self) -> None:
        """Records the step that agents made last, and ends and resets the episodes that are over.

        To be called once after each step, when the game has moved on: after `gather_completions` and `gather_rewards`,
        where there is an environment, and before the next observation. Where nothing is being recorded, it resets
        agents all the same.

        Raises:
            MissingCallError: the rewards or completions of this step were not gathered.
            DoubledCallError: no agent has acted since the last call.
        """
        agent_ids, rewards, completions = self._outcomes()
        if self._collector is not None and agent_ids.size:
            self._record(self._collector, agent_ids, rewards, completions)
        if np.count_nonzero(completions):
            self.manager.reset_agents(agent_ids[completions != Completion.RUNNING])

    # --- Properties ------------------------------------------------------------------------------------------------

    def get_recording(self) -> Recording:
        """All episodes that have ended: of the recording in memory, or of the file, loaded anew.

        Raises:
            RecordingError: nothing was recorded into the file yet.
        """
        return self._recording if self._path is None else Recording.load_recording(self._path)

    @property
    def is_recording(self) -> bool:
        """Whether what agents do is being recorded."""
        return self._sink is not None

    @property
    def recording_failure(self) -> RecordingError | None:
        """Why the last recording ended by itself, or didn't end well; None while all is right."""
        return self._failure

    @property
    def episode_count(self) -> int:
        """Episodes that have ended since recording last began."""
        return self._episode_count if self._collector is None else self._collector.episode_count

    @property
    def step_count(self) -> int:
        """Steps of them."""
        return self._step_count if self._collector is None else self._collector.step_count

    @property
    def interactor(self) -> Interactor:
        """How the agents see and act."""
        return self._interactor

    @property
    def training_environment(self) -> TrainingEnvironment | None:
        """What rewards them, where there is something."""
        return self._environment

    # --- The parts of a step ---------------------------------------------------------------------------------------

    def _opened_sink(self) -> RecordingSink:
        if self._path is None:
            return MemorySink(self._recording)
        sink = FileSink(self._path, self._header, is_appending=self._settings.is_appending or self._has_written)
        self._has_written = True
        return sink

    def _outcomes(self) -> tuple[AgentIds, FloatArray | None, ByteArray]:
        """Who has made a step, and what came of it."""
        manager = self.manager
        if self._environment is not None:
            agent_ids, rewards, completions = self._environment.collect_outcomes()
        else:
            agent_ids, rewards = self._unrecorded_agents(), None
            completions = np.zeros(len(agent_ids), dtype=np.uint8)
        if not agent_ids.size and np.count_nonzero(manager.action_counts[manager.agent_ids]):
            remedy = "call it once after each perform_actions, and let no trainer process what the same agents do"
            if self._environment is not None or self._collector is not None:
                raise DoubledCallError("add_experience", tuple(manager.agent_ids.tolist()), remedy)
        return agent_ids, rewards, completions

    def _unrecorded_agents(self) -> AgentIds:
        if self._collector is None:
            return self.manager.agent_ids[:0]
        return self._collector.unrecorded_agents(self.manager.agent_ids)

    def _record(
        self, collector: EpisodeCollector, agent_ids: AgentIds, rewards: FloatArray | None, completions: ByteArray
    ) -> None:
        buffer = self._interactor.buffer
        buffer.select(self.manager.agent_ids)
        agents = buffer.selector if len(agent_ids) == len(buffer.agent_ids) else agent_ids
        unrewarded = collector.add(agent_ids, agents, rewards)
        if unrewarded.size:
            self._reward_reporter.report(unrewarded)
        ending, how = collector.ended(agent_ids, completions)
        if ending.size:
            collector.close(ending, how, *self._look(ending))

    def _cut_open(self, collector: EpisodeCollector) -> None:
        """Ends open episodes with what agents saw last, or see now where they haven't looked since the last step."""
        open_ids = collector.open_agent_ids
        is_awaiting = collector.awaiting_outcome(open_ids)
        collector.interrupt(open_ids[is_awaiting])
        at_rest = open_ids[~is_awaiting]
        if at_rest.size:
            truncations = np.full(len(at_rest), Completion.TRUNCATION, dtype=np.uint8)
            collector.close(at_rest, truncations, *self._look(at_rest))

    def _look(self, agent_ids: AgentIds) -> tuple[FloatArray, ByteArray]:
        """What agents see now."""
        images = np.empty((len(agent_ids), self._header.sizes.image), dtype=np.uint8)
        return self._interactor.peek_observations(agent_ids, out_images=images), images

    def _keep(self, episode: Episode) -> None:
        if self._sink is not None and self._failure is None:
            try:
                self._sink.append(episode)
            except RecordingError as error:
                self._fail(error)

    def _fail(self, error: RecordingError) -> None:
        self._failure = error
        _logger.error("%s records no longer: %s", self.name, error)
        self._close(lambda sink: sink.close())

    def _close(self, finish: Callable[[RecordingSink], None]) -> None:
        self._episode_count, self._step_count = self.episode_count, self.step_count
        sink, self._sink, self._collector = self._sink, None, None
        if sink is None:
            return
        try:
            finish(sink)
        except RecordingError as error:
            if self._failure is None:
                self._failure = error
                _logger.error("%s: %s", self.name, error)

    def _before_beginning(self, agent_ids: AgentIds) -> None:
        if self._collector is not None:
            self._collector.interrupt(agent_ids)
        if self._collector is not None:  # else the interruption led to a failure
            self._collector.follow(agent_ids)
