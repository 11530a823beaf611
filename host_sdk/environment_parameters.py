"""Numbers of a game's world that a run sets by name, as its gravity, and draws anew for every episode."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from host_sdk.errors import AgentError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.parameter_sampler import ParameterSampler
from protocol.environment_sampler import EnvironmentSampler
from protocol.experience import Float64Array

logger = logging.getLogger(__name__)

ParameterCallback: TypeAlias = Callable[[float], None]
_NOBODY: AgentIds = np.zeros(0, dtype=np.int64)


class _Parameter:
    """One parameter: where its values come from, and those in force.

    Attributes:
        sampler: draws them.
        values: float64[capacity], of each agent's present episode; NaN before its first with this parameter.
        newest: the value drawn last.
    """

    __slots__ = ("newest", "sampler", "values")

    def __init__(self, sampler: ParameterSampler, values: Float64Array, newest: float) -> None:
        self.sampler = sampler
        self.values = values
        self.newest = newest


class EnvironmentParameters:
    """What a game asks for the numbers of its world.

        gravity = self.environment_parameters.get("gravity", 9.81, agent_id)

    A value is drawn for each agent when its episode begins, right before the game is asked to put it in place, and
    stays until the agent's next episode. What a trainer changes meanwhile, as at the end of a lesson, counts from each
    agent's next episode on. Before a trainer has said anything, and for names that it doesn't know, the game's own
    default is returned.

    A training environment has one for its agents. A communicator has one for the world as a whole, without agents.
    """

    def __init__(self, agent_capacity: int = 0) -> None:
        """
        Args:
            agent_capacity: how many agents there can be; agents' ids are below it.
        """
        self._capacity = agent_capacity
        self._parameters: dict[str, _Parameter] = {}
        self._callbacks: dict[str, ParameterCallback] = {}
        self._followers: list[EnvironmentParameters] = []
        self._must_reset = np.zeros(agent_capacity, dtype=np.bool_)
        self._is_reset_due = False
        self._samplers: Mapping[str, EnvironmentSampler] = {}
        self._host_index = 0

    # --- What a game asks ------------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that were set, sorted."""
        return tuple(sorted(self._parameters))

    def get(self, name: str, default: float, agent_id: int | None = None) -> float:
        """The value of a parameter.

        Args:
            name: the parameter's, as in the run's configuration.
            default: returned where nobody has set it.
            agent_id: whose episode's value; None: the value drawn last, which is that of the agent whose episode
                began last, or the one drawn when the parameter was set.

        Raises:
            AgentError: there is no room for an agent of that id.
        """
        if agent_id is not None and not 0 <= agent_id < self._capacity:
            raise self._no_such_agent(agent_id)
        parameter = self._parameters.get(name)
        if parameter is None:
            return default
        value = parameter.newest if agent_id is None else float(parameter.values[agent_id])
        return value if value == value else default  # NaN: the agent's episode began before it was set

    def get_many(self, name: str, default: float, agent_ids: AgentIds) -> Float64Array:
        """float64[n], `get` of many agents at once, in the order of `agent_ids`.

        Raises:
            AgentError: there is no room for an agent of one of the ids.
        """
        if len(agent_ids) and not (agent_ids.min() >= 0 and agent_ids.max() < self._capacity):
            raise self._no_such_agent(int(agent_ids.min() if agent_ids.min() < 0 else agent_ids.max()))
        parameter = self._parameters.get(name)
        if parameter is None:
            return np.full(len(agent_ids), float(default))
        values: Float64Array = parameter.values[agent_ids]
        values[np.isnan(values)] = default
        return values

    def get_all(self, agent_id: int) -> dict[str, float]:
        """Every parameter that was set when the agent's episode began, by name.

        Raises:
            AgentError: there is no room for an agent of that id.
        """
        if not 0 <= agent_id < self._capacity:
            raise self._no_such_agent(agent_id)
        values = {name: float(parameter.values[agent_id]) for name, parameter in self._parameters.items()}
        return {name: value for name, value in values.items() if value == value}

    def register_callback(self, name: str, function: ParameterCallback) -> None:
        """Calls `function` with a value whenever the parameter is set or set anew, in place of any other for it.

        It is called from within the poll of the trainer's messages. An error of its own is logged, and stops nothing.
        """
        self._callbacks[name] = function

    # --- What sets them --------------------------------------------------------------------------------------------

    def set_samplers(
        self, samplers: Mapping[str, EnvironmentSampler], *, host_index: int = 0, requires_reset: bool = False
    ) -> None:
        """Sets all parameters; those that aren't among `samplers` are forgotten.

        A communicator calls it when the trainer says so. A game without a trainer may, to play with other numbers.

        Args:
            samplers: what each is drawn from. One that stays the same goes on with its stream.
            host_index: which host of the run this is; hosts draw different values.
            requires_reset: whether agents whose episode is under way shall begin another at once.
        """
        before, self._samplers = self._samplers, dict(samplers)
        is_same_host = self._host_index == host_index
        self._host_index = host_index
        self._parameters = {name: kept for name, kept in self._parameters.items() if name in samplers}
        self._is_reset_due |= requires_reset
        self._must_reset |= requires_reset
        for follower in self._followers:
            follower.set_samplers(samplers, host_index=host_index, requires_reset=requires_reset)
        for name, sampler in samplers.items():
            if not (is_same_host and before.get(name) == sampler):
                self._set(name, sampler)

    def lead(self, follower: EnvironmentParameters) -> None:
        """Lets another object have all that is set here, from now on; for those who connect a trainer to a world."""
        if not any(known is follower for known in self._followers):
            self._followers.append(follower)
            if self._samplers:
                follower.set_samplers(self._samplers, host_index=self._host_index)

    def begin_episodes(self, agent_ids: AgentIds) -> None:
        """Draws the values of agents whose episodes begin; called by the training environment."""
        self._must_reset[agent_ids] = False
        for parameter in self._parameters.values():
            drawn = parameter.sampler.draw(len(agent_ids))
            parameter.values[agent_ids] = drawn
            if len(drawn):
                parameter.newest = float(drawn[-1])

    def seed_episodes(self, seed: int) -> None:
        """From here on values follow from this seed too, whatever was drawn before; so that a run can be repeated."""
        for parameter in self._parameters.values():
            parameter.sampler.seed_episodes(seed)

    def take_agents_to_reset(self, agent_ids: AgentIds) -> AgentIds:
        """int64[n], those of `agent_ids` that shall begin another episode at once; each is named once.

        They are those whose episode began before a change that requires it.
        """
        if not self._is_reset_due:
            return _NOBODY
        self._is_reset_due = False
        chosen: AgentIds = agent_ids[self._must_reset[agent_ids]]
        return chosen

    def _set(self, name: str, sampler: EnvironmentSampler) -> None:
        """The value that is drawn now is also that of the first episode from here on."""
        known = self._parameters.get(name)
        values = np.full(self._capacity, np.nan) if known is None else known.values
        first, stream = (ParameterSampler(name, sampler, host_index=self._host_index) for _ in range(2))
        newest = float(first.draw(1)[0])
        self._parameters[name] = _Parameter(stream, values, newest)
        self._call_back(name, newest)

    def _call_back(self, name: str, value: float) -> None:
        if (function := self._callbacks.get(name)) is None:
            return
        try:
            function(value)
        except Exception:
            logger.exception("the callback of the environment parameter %r failed", name)

    def _no_such_agent(self, agent_id: int) -> AgentError:
        if not self._capacity:
            return AgentError(
                f"environment parameters: agent {agent_id} was asked for, and a communicator knows of no agents; ask "
                "TrainingEnvironment.environment_parameters"
            )
        return AgentError(f"environment parameters: expected an agent below {self._capacity}, got {agent_id}")
