"""What agents are rewarded for, when their episodes end, and how new ones begin: the game's side of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from host_sdk.environment_parameters import EnvironmentParameters
from host_sdk.errors import DoubledCallError, HostError, MissingCallError, ValueMismatchError, name_agents
from host_sdk.interaction.agent_selection import AgentIds, Selector, selector_of
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from protocol.completion import Completion

FloatArray: TypeAlias = npt.NDArray[np.float32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
UInt64Array: TypeAlias = npt.NDArray[np.uint64]
Rewards: TypeAlias = npt.NDArray[np.floating | np.integer] | Sequence[float]
Completions: TypeAlias = npt.NDArray[np.integer] | Sequence[Completion]
_LAST_COMPLETION = int(max(Completion))
_Environment = TypeVar("_Environment", bound="TrainingEnvironment")


class TrainingEnvironment(ManagerListener):
    """Rewards, completions and resets of agents.

    A game's subclass overrides, for one agent (`gather_agent_reward`, `gather_agent_completion`,
    `reset_agent_episode`) or for all at once (`gather_agent_rewards`, `gather_agent_completions`,
    `reset_agent_episodes`), what happens in each; the plural ones by default loop over the singular ones.

    A reward belongs to the last action, and so does a completion: both are gathered once after each action, when the
    game has moved on. Agents that came or were reset since then are left out until they have acted.
    """

    # --- What a game overrides -------------------------------------------------------------------------------------

    def gather_agent_reward(self, agent_id: int) -> float:
        """The reward of one agent's last action."""
        raise self.__missing_override("gather_agent_reward", agent_id)

    def gather_agent_rewards(self, agent_ids: AgentIds) -> Rewards:
        """The rewards of all given agents: an array [N], or a sequence, in the order of `agent_ids`."""
        return [self.gather_agent_reward(agent_id) for agent_id in agent_ids.tolist()]

    def gather_agent_completion(self, agent_id: int) -> Completion:
        """Whether, and how, one agent's episode has ended with its last action."""
        raise self.__missing_override("gather_agent_completion", agent_id)

    def gather_agent_completions(self, agent_ids: AgentIds) -> Completions:
        """The completions of all given agents: an array [N] of `Completion` numbers, or a sequence, likewise."""
        return [self.gather_agent_completion(agent_id) for agent_id in agent_ids.tolist()]

    def reset_agent_episode(self, agent_id: int) -> None:
        """Puts one agent in place for a new episode."""
        raise self.__missing_override("reset_agent_episode", agent_id)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        """Puts all given agents in place for new episodes; called whenever the manager resets agents."""
        for agent_id in agent_ids.tolist():
            self.reset_agent_episode(agent_id)

    def seed_episodes(self, seed: int) -> None:
        """Lets all that is random in the world follow from `seed` from here on; does nothing unless overridden.

        Called in synchronous training right before all agents are reset: when it begins, and, where agents are reset on
        updates, at each. A world that overrides it plays a training again, or on from a checkpoint, as it was played.

        Args:
            seed: 0 to 2^32 - 1; differs between hosts and between iterations.
        """

    # --- Making ----------------------------------------------------------------------------------------------------

    @classmethod
    def make_training_environment(
        cls: type[_Environment],
        manager: Manager,
        class_: type[_Environment] | None = None,
        name: str = "TrainingEnvironment",
        **arguments: object,
    ) -> _Environment:
        """Constructs a training environment and sets it up.

        Args:
            manager: whose agents it is for.
            class_: the game's subclass; this class itself where it is left away.
            name: for people.
            arguments: handed to the constructor of the class.
        """
        environment = (class_ or cls)(**arguments)
        environment.name = name
        environment.setup_training_environment(manager)
        return environment

    def setup_training_environment(self, manager: Manager) -> Manager:
        """Allocates what is kept for each agent. Raises NotSetUpError when done twice.

        Returns:
            The manager.
        """
        count = manager.max_agent_count
        self.name = getattr(self, "name", type(self).__name__)
        self.__rewards: FloatArray = np.zeros(count, dtype=np.float32)
        self.__completions: ByteArray = np.zeros(count, dtype=np.uint8)
        self.__episode_times: npt.NDArray[np.float64] = np.zeros(count, dtype=np.float64)
        # Each is the number of the action that was rewarded, or completed, or collected last.
        self.__rewarded: UInt64Array = np.zeros(count, dtype=np.uint64)
        self.__completed: UInt64Array = np.zeros(count, dtype=np.uint64)
        self.__collected: UInt64Array = np.zeros(count, dtype=np.uint64)
        self.__agent_ids: AgentIds = np.zeros(0, dtype=np.int64)
        self.__agents: Selector = slice(0, 0)
        self.__parameters = EnvironmentParameters(count)
        self._listen_to(manager)
        return manager

    # --- The calls of a step ---------------------------------------------------------------------------------------

    def gather_rewards(self) -> None:
        """Gathers the rewards of all agents' last actions, by `gather_agent_rewards`.

        Call it at the beginning of each step after the first: after the actions, when the game has moved on.

        Raises:
            MissingCallError: nobody has acted yet.
            DoubledCallError: nobody has acted since the last call.
            ValueMismatchError: the callback returned something else than one number for each agent.
        """
        agent_ids = self.__due_agents("gather_rewards", self.__rewarded)
        if agent_ids.size:
            agents = self.__index_of(agent_ids)
            given = np.asarray(self.gather_agent_rewards(agent_ids))
            _check("gather_agent_rewards", given, agent_ids, "iufb")
            self.__rewards[agents] = given
            self.__rewarded[agents] = self.manager.action_counts[agents]

    def gather_completions(self) -> None:
        """Gathers the completions of all agents, by `gather_agent_completions`; when, and what it raises: likewise."""
        agent_ids = self.__due_agents("gather_completions", self.__completed)
        if agent_ids.size:
            agents = self.__index_of(agent_ids)
            given = np.asarray(self.gather_agent_completions(agent_ids))
            _check("gather_agent_completions", given, agent_ids, "iub")
            if np.count_nonzero(given) and not _are_completions(given):
                wrong = tuple(agent_ids[(given < 0) | (given > Completion.TERMINATION)].tolist())
                raise ValueMismatchError(
                    "gather_agent_completions", "Completion numbers from 0 to 2", "others", name_agents(wrong)
                )
            self.__completions[agents] = given
            self.__completed[agents] = self.manager.action_counts[agents]

    def collect_outcomes(self) -> tuple[AgentIds, FloatArray, ByteArray]:
        """What came of the last actions, for a trainer; each outcome is given once.

        Returns:
            int64[n] ids, float32[n] rewards (as gathered, finite or not) and uint8[n] completions, of all agents that
            have acted since the last call.

        Raises:
            MissingCallError: an agent has acted, and its reward or completion was not gathered since.
        """
        agent_ids = self.__select()
        agents, counts = self.__agents, self.manager.action_counts
        present = counts[agents]
        is_new = present != self.__collected[agents]
        if np.count_nonzero(is_new) < len(agent_ids):
            agent_ids = agent_ids[is_new]
            agents, present = agent_ids, counts[agent_ids]
        for call, gathered in (("gather_rewards", self.__rewarded), ("gather_completions", self.__completed)):
            is_late = gathered[agents] != present
            if np.count_nonzero(is_late):
                remedy = (
                    "call gather_completions and gather_rewards before it; PPOTrainer.run_training does all in order"
                )
                raise MissingCallError("process_experience", call, tuple(agent_ids[is_late].tolist()), remedy)
        self.__collected[agents] = present
        return agent_ids, self.__rewards[agents].copy(), self.__completions[agents].copy()

    @property
    def environment_parameters(self) -> EnvironmentParameters:
        """The numbers of the world that a run sets, drawn for each agent right before its episode is begun.

        Raises:
            NotSetUpError: before the setup.
        """
        _ = self.manager  # raises
        return self.__parameters

    def reset_agents_where_required(self) -> None:
        """Begins new episodes for agents whose parameters have changed so that they can't wait for their next one.

        Trainers call it between two steps.
        """
        agent_ids = self.__parameters.take_agents_to_reset(self.manager.agent_ids)
        if agent_ids.size:
            self.manager.reset_agents(agent_ids)

    # --- What was gathered -----------------------------------------------------------------------------------------

    def has_reward(self, agent_id: int = -1) -> bool:
        """Whether the agent's reward has been gathered in this episode. Raises AgentError where there is no agent."""
        self.manager.get_agent(agent_id)
        return bool(self.__rewarded[agent_id] > 0)

    def has_completion(self, agent_id: int = -1) -> bool:
        """Whether the agent's completion has been gathered in this episode. Raises AgentError likewise."""
        self.manager.get_agent(agent_id)
        return bool(self.__completed[agent_id] > 0)

    def get_reward(self, agent_id: int = -1) -> float:
        """The agent's last reward. Raises AgentError, or MissingCallError before `gather_rewards`."""
        if not self.has_reward(agent_id):
            raise MissingCallError("get_reward", "gather_rewards", (agent_id,), "call that first")
        return float(self.__rewards[agent_id])

    def get_completion(self, agent_id: int = -1) -> Completion:
        """The agent's last completion. Raises AgentError, or MissingCallError before `gather_completions`."""
        if not self.has_completion(agent_id):
            raise MissingCallError("get_completion", "gather_completions", (agent_id,), "call that first")
        return Completion(int(self.__completions[agent_id]))

    def get_episode_time(self, agent_id: int = -1) -> float:
        """Simulated seconds of the agent's episode so far: the sum of the `Manager.tick` calls since it began.

        Raises:
            AgentError: there is no such agent.
            MissingCallError: the game doesn't call `Manager.tick`, so that the time would stand still.
        """
        self.manager.get_agent(agent_id)
        return float(self.get_episode_times(np.array([agent_id]))[0])

    def get_episode_times(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        """float64[n], `get_episode_time` of many agents at once."""
        if not self.manager.has_ticked and (self.__completed[agent_ids] > 0).any():
            remedy = "tell the manager of each step's simulated seconds"
            raise MissingCallError("get_episode_time", "Manager.tick", tuple(agent_ids.tolist()), remedy)
        times: npt.NDArray[np.float64] = self.__episode_times[agent_ids]
        return times

    # --- What the manager says -------------------------------------------------------------------------------------

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Newcomers have no reward and no completion yet; the game has put them in place already."""
        self.__forget(agent_ids)
        self.__parameters.begin_episodes(agent_ids)

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """What was gathered for them is forgotten."""
        self.__forget(agent_ids)

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """Draws the parameters of the agents' new episodes, and calls `reset_agent_episodes`."""
        self.__forget(agent_ids)
        self.__parameters.begin_episodes(agent_ids)
        self.reset_agent_episodes(agent_ids)

    def on_manager_tick(self, agent_ids: AgentIds, delta_time_s: float) -> None:
        """Episodes grow older."""
        self.__episode_times[agent_ids] += delta_time_s

    def __forget(self, agent_ids: AgentIds) -> None:
        for counter in (self.__rewarded, self.__completed, self.__collected):
            counter[agent_ids] = 0
        self.__rewards[agent_ids] = 0.0
        self.__completions[agent_ids] = Completion.RUNNING
        self.__episode_times[agent_ids] = 0.0

    def __select(self) -> AgentIds:
        agent_ids = self.manager.agent_ids
        if agent_ids is not self.__agent_ids:
            self.__agent_ids, self.__agents = agent_ids, selector_of(agent_ids)
        return agent_ids

    def __index_of(self, agent_ids: AgentIds) -> Selector:
        return self.__agents if agent_ids is self.__agent_ids else agent_ids

    def __due_agents(self, call: str, gathered: UInt64Array) -> AgentIds:
        """Who has acted since the last gathering."""
        agent_ids, agents = self.__select(), self.__agents
        counts = self.manager.action_counts[agents]
        is_due = counts != gathered[agents]
        due_count = np.count_nonzero(is_due)
        if due_count == len(agent_ids):
            return agent_ids
        if not due_count:
            names = tuple(agent_ids.tolist())
            if not np.count_nonzero(counts):
                remedy = "agents must act first, by Policy.run_inference or Interactor.perform_actions"
                raise MissingCallError(call, "perform_actions", names, remedy)
            raise DoubledCallError(call, names, "call it once after each perform_actions")
        due: AgentIds = agent_ids[is_due]
        return due

    def __missing_override(self, callback: str, agent_id: int) -> HostError:
        return HostError(
            f"{type(self).__name__} must override {callback} or {callback}s; it was asked for agent {agent_id}"
        )


def _are_completions(values: npt.NDArray[np.generic]) -> bool:
    return int(values.max()) <= _LAST_COMPLETION and int(values.min()) >= 0


def _check(call: str, values: npt.NDArray[np.generic], agent_ids: AgentIds, kinds: str) -> None:
    if values.shape != agent_ids.shape or values.dtype.kind not in kinds:
        raise ValueMismatchError(
            call, f"{len(agent_ids)} numbers, one for each agent", f"{values.dtype} of shape {values.shape}"
        )
