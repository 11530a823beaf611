"""What a game gets for the numbers of its world, and when they change."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from host_sdk.environment_parameters import EnvironmentParameters
from host_sdk.errors import AgentError, NotSetUpError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.parameter_sampler import ParameterSampler
from protocol.environment_sampler import ConstantSampler, UniformSampler
from tests.host_sdk.small_game import Agent, SmallEnvironment, make_manager

GRAVITY = UniformSampler(7.0, 12.0, 3)
EVERYBODY = np.arange(4)


def first_values(count: int, host_index: int = 0) -> list[float]:
    drawn = ParameterSampler("gravity", GRAVITY, host_index=host_index).draw(count)
    return [float(value) for value in drawn]


def test_before_anybody_has_set_a_parameter_it_has_the_game_s_default() -> None:
    parameters = EnvironmentParameters(4)
    parameters.begin_episodes(EVERYBODY)
    assert parameters.names == ()
    assert parameters.get("gravity", 9.81) == 9.81
    assert parameters.get("gravity", 9.81, 2) == 9.81
    assert parameters.get_many("gravity", 9.81, EVERYBODY[1:]).tolist() == [9.81] * 3


def test_each_agent_draws_once_an_episode_and_keeps_its_value() -> None:
    parameters = EnvironmentParameters(4)
    parameters.set_samplers({"gravity": GRAVITY})
    drawn = first_values(6)
    parameters.begin_episodes(EVERYBODY)
    assert parameters.get_many("gravity", 0.0, EVERYBODY).tolist() == drawn[:4]
    assert [parameters.get("gravity", 0.0, agent) for agent in range(4)] == drawn[:4]
    parameters.begin_episodes(np.array([3, 1]))
    assert parameters.get_many("gravity", 0.0, EVERYBODY).tolist() == [drawn[0], drawn[5], drawn[2], drawn[4]]
    assert parameters.get_many("gravity", 0.0, np.array([3, 0])).tolist() == [drawn[4], drawn[0]]


def test_without_an_agent_the_value_drawn_last_is_given() -> None:
    parameters = EnvironmentParameters(4)
    parameters.set_samplers({"gravity": GRAVITY})
    drawn = first_values(4)
    assert parameters.get("gravity", 0.0) == drawn[0]
    parameters.begin_episodes(EVERYBODY)
    assert parameters.get("gravity", 0.0) == drawn[3]


def test_new_samplers_count_from_each_agent_s_next_episode() -> None:
    parameters = EnvironmentParameters(4)
    parameters.set_samplers({"height": ConstantSampler(1.0)})
    assert parameters.get("height", 8.0, 0) == 8.0  # its episode began before
    parameters.begin_episodes(EVERYBODY)
    parameters.set_samplers({"height": ConstantSampler(2.0), "width": ConstantSampler(5.0)})
    parameters.begin_episodes(np.array([2]))
    assert parameters.get_many("height", 8.0, EVERYBODY).tolist() == [1.0, 1.0, 2.0, 1.0]
    assert parameters.get_many("width", 8.0, EVERYBODY).tolist() == [8.0, 8.0, 5.0, 8.0]
    assert parameters.names == ("height", "width")


def test_a_sampler_that_stays_goes_on_with_its_stream_and_others_are_forgotten() -> None:
    parameters = EnvironmentParameters(1)
    agent = np.array([0])
    parameters.set_samplers({"gravity": GRAVITY, "height": ConstantSampler(1.0)})
    parameters.begin_episodes(agent)
    parameters.set_samplers({"gravity": GRAVITY})
    parameters.begin_episodes(agent)
    assert parameters.get("gravity", 0.0, 0) == first_values(2)[1]
    assert parameters.get("height", 8.0, 0) == 8.0


def test_hosts_draw_different_values() -> None:
    parameters = EnvironmentParameters(1)
    parameters.set_samplers({"gravity": GRAVITY}, host_index=1)
    parameters.begin_episodes(np.array([0]))
    assert parameters.get("gravity", 0.0, 0) == first_values(1, host_index=1)[0] != first_values(1)[0]


def test_agents_that_there_is_no_room_for_are_named() -> None:
    parameters = EnvironmentParameters(4)
    for agent_id in (-1, 4):
        with pytest.raises(AgentError, match=f"expected an agent below 4, got {agent_id}"):
            parameters.get("gravity", 0.0, agent_id)
        with pytest.raises(AgentError, match=f"expected an agent below 4, got {agent_id}"):
            parameters.get_many("gravity", 0.0, np.array([1, agent_id]))
    with pytest.raises(AgentError, match="a communicator knows of no agents"):
        EnvironmentParameters().get("gravity", 0.0, 0)


def test_callbacks_hear_of_each_change_and_the_newest_one_counts(caplog: pytest.LogCaptureFixture) -> None:
    parameters = EnvironmentParameters()
    heard: list[float] = []
    parameters.register_callback("height", lambda value: heard.append(-1.0))
    parameters.register_callback("height", heard.append)
    parameters.set_samplers({"height": ConstantSampler(1.0), "width": ConstantSampler(4.0)})
    parameters.set_samplers({"height": ConstantSampler(1.0), "width": ConstantSampler(5.0)})
    parameters.set_samplers({"height": ConstantSampler(2.0)})
    assert heard == [1.0, 2.0]

    def fail(value: float) -> None:
        raise ZeroDivisionError("a fault of the game")

    parameters.register_callback("height", fail)
    with caplog.at_level(logging.ERROR):
        parameters.set_samplers({"height": ConstantSampler(3.0)})
    assert "the callback of the environment parameter 'height' failed" in caplog.text
    assert parameters.get("height", 0.0) == 3.0


def test_who_follows_has_what_is_and_will_be_set() -> None:
    leader, early, late = EnvironmentParameters(), EnvironmentParameters(1), EnvironmentParameters(1)
    leader.lead(early)
    leader.lead(early)
    leader.set_samplers({"height": ConstantSampler(1.0)})
    leader.lead(late)
    for follower in (early, late):
        follower.begin_episodes(np.array([0]))
        assert follower.get("height", 8.0, 0) == 1.0


class ListeningEnvironment(SmallEnvironment):
    """Keeps what each agent's parameter was when it was put in place."""

    def __init__(self) -> None:
        super().__init__()
        self.heights: list[list[float]] = []

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        """Looks before anything else."""
        super().reset_agent_episodes(agent_ids)
        self.heights.append(self.environment_parameters.get_many("height", 8.0, agent_ids).tolist())


def test_the_values_are_there_when_the_game_puts_its_agents_in_place() -> None:
    manager = make_manager(2, 3)
    environment = ListeningEnvironment.make_training_environment(manager)
    manager.reset_all_agents()
    environment.environment_parameters.set_samplers({"height": ConstantSampler(1.0)})
    manager.reset_agent(1)
    assert environment.heights == [[8.0, 8.0], [1.0]]
    newcomer = manager.add_agent(Agent())
    assert environment.environment_parameters.get("height", 8.0, newcomer) == 1.0
    assert environment.environment_parameters.get("height", 8.0, 0) == 8.0


def test_a_change_that_can_t_wait_resets_those_whose_episode_is_older_and_nobody_twice() -> None:
    manager = make_manager(3, 4)
    environment = ListeningEnvironment.make_training_environment(manager)
    parameters = environment.environment_parameters
    environment.reset_agents_where_required()
    assert environment.resets == []
    parameters.set_samplers({"height": ConstantSampler(1.0)}, requires_reset=True)
    manager.reset_agent(1)
    environment.reset_agents_where_required()
    environment.reset_agents_where_required()
    assert environment.resets == [[1], [0, 2]]
    assert environment.heights == [[1.0], [1.0, 1.0]]
    manager.add_agent(Agent())
    parameters.set_samplers({"height": ConstantSampler(2.0)})
    environment.reset_agents_where_required()
    assert environment.resets == [[1], [0, 2]]


def test_episodes_of_the_same_seed_have_the_same_values() -> None:
    first, second = EnvironmentParameters(4), EnvironmentParameters(4)
    for parameters in (first, second):
        parameters.set_samplers({"gravity": GRAVITY})
    second.begin_episodes(EVERYBODY)
    for parameters in (first, second):
        parameters.seed_episodes(5)
        parameters.begin_episodes(EVERYBODY)
    values = [parameters.get_many("gravity", 0.0, EVERYBODY).tolist() for parameters in (first, second)]
    assert values[0] == values[1] != first_values(4)


def test_a_training_environment_has_parameters_once_it_is_set_up() -> None:
    with pytest.raises(NotSetUpError):
        _ = SmallEnvironment().environment_parameters


def test_all_values_of_an_agent_s_episode_come_by_name() -> None:
    parameters = EnvironmentParameters(2)
    parameters.set_samplers({"height": ConstantSampler(1.0)})
    parameters.begin_episodes(np.array([1]))
    parameters.set_samplers({"height": ConstantSampler(2.0), "width": ConstantSampler(3.0)})
    assert parameters.get_all(0) == {}
    assert parameters.get_all(1) == {"height": 1.0}
    with pytest.raises(AgentError, match="expected an agent below 2, got 2"):
        parameters.get_all(2)
