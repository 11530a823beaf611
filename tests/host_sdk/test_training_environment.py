"""Rewards and completions belong to the last action, and resets put agents in place."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.errors import AgentError, DoubledCallError, HostError, MissingCallError, ValueMismatchError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.training_environment import TrainingEnvironment
from protocol.completion import Completion
from tests.host_sdk.small_game import Agent, SmallEnvironment, SmallInteractor, make_manager


class SingularEnvironment(TrainingEnvironment):
    """The same as the small one, agent by agent."""

    def __init__(self) -> None:
        self.completions: dict[int, Completion] = {}
        self.resets: list[list[int]] = []

    def gather_agent_reward(self, agent_id: int) -> float:
        """The slot's number."""
        return agent_id

    def gather_agent_completion(self, agent_id: int) -> Completion:
        """As set."""
        return self.completions.get(agent_id, Completion.RUNNING)

    def reset_agent_episode(self, agent_id: int) -> None:
        """Keeps whom."""
        self.resets.append([agent_id])


def make(
    agents: int, class_: type[TrainingEnvironment] = SmallEnvironment
) -> tuple[Manager, Policy, TrainingEnvironment]:
    manager = make_manager(agents, max(agents, 4))
    interactor = SmallInteractor.make_interactor(manager)
    environment = TrainingEnvironment.make_training_environment(manager, class_, "arena")
    return manager, Policy.make_policy(manager, interactor), environment


@pytest.mark.parametrize("class_", [SmallEnvironment, SingularEnvironment])
def test_each_agent_gets_its_own_reward_and_completion(
    class_: type[SmallEnvironment] | type[SingularEnvironment],
) -> None:
    manager, policy, environment = make(3, class_)
    assert isinstance(environment, class_)
    assert environment.name == "arena"
    environment.completions = {2: Completion.TERMINATION, 1: Completion.TRUNCATION}
    policy.run_inference()
    environment.gather_completions()
    environment.gather_rewards()
    assert [environment.get_reward(agent) for agent in range(3)] == [0.0, 1.0, 2.0]
    assert [environment.get_completion(agent) for agent in range(3)] == [0, 1, 2]
    ids, rewards, completions = environment.collect_outcomes()
    assert (ids.tolist(), rewards.tolist(), completions.tolist()) == ([0, 1, 2], [0.0, 1.0, 2.0], [0, 1, 2])
    manager.reset_agents([2, 1])
    assert sorted(agent for reset in environment.resets for agent in reset) == [1, 2]
    assert [environment.has_reward(agent) for agent in range(3)] == [True, False, False]


def test_a_subclass_that_overrides_neither_callback_says_which() -> None:
    manager, policy, environment = make(1, TrainingEnvironment)
    policy.run_inference()
    with pytest.raises(HostError, match="must override gather_agent_reward or gather_agent_rewards"):
        environment.gather_rewards()
    with pytest.raises(HostError, match="must override gather_agent_completion or gather_agent_completions"):
        environment.gather_completions()
    with pytest.raises(HostError, match="must override reset_agent_episode or reset_agent_episodes"):
        manager.reset_agent(0)


def test_rewards_before_any_action_name_the_missing_call() -> None:
    _, _, environment = make(2)
    for call in (environment.gather_rewards, environment.gather_completions):
        with pytest.raises(MissingCallError, match=r"perform_actions was not called before it for agents 0, 1"):
            call()


def test_gathering_twice_after_one_action_names_the_doubled_call() -> None:
    _, policy, environment = make(2)
    policy.run_inference()
    for call in (environment.gather_rewards, environment.gather_completions):
        call()
        with pytest.raises(DoubledCallError, match="was called twice in one step"):
            call()


def test_collecting_without_gathering_names_the_missing_call() -> None:
    _, policy, environment = make(2)
    policy.run_inference()
    environment.gather_completions()
    with pytest.raises(MissingCallError, match="process_experience: gather_rewards was not called"):
        environment.collect_outcomes()
    environment.gather_rewards()
    environment.collect_outcomes()
    policy.run_inference()
    environment.gather_rewards()
    with pytest.raises(MissingCallError, match="process_experience: gather_completions was not called"):
        environment.collect_outcomes()


def test_each_outcome_is_given_once() -> None:
    _, policy, environment = make(2)
    policy.run_inference()
    environment.gather_rewards()
    environment.gather_completions()
    assert len(environment.collect_outcomes()[0]) == 2
    assert len(environment.collect_outcomes()[0]) == 0


def test_agents_that_have_not_acted_yet_are_left_out() -> None:
    manager, policy, environment = make(2)
    policy.run_inference()
    manager.add_agent(Agent())
    manager.reset_agent(0)
    environment.gather_rewards()
    environment.gather_completions()
    ids, rewards, _ = environment.collect_outcomes()
    assert (ids.tolist(), rewards.tolist()) == ([1], [1.0])
    policy.run_inference()
    environment.gather_rewards()
    environment.gather_completions()
    assert environment.collect_outcomes()[0].tolist() == [0, 1, 2]


def test_ticks_that_were_played_without_rewards_are_no_error_later() -> None:
    _, policy, environment = make(1)
    for _ in range(5):
        policy.run_inference()
    environment.gather_rewards()
    environment.gather_completions()
    assert environment.collect_outcomes()[0].tolist() == [0]


def test_what_the_callbacks_return_is_checked() -> None:
    manager, policy, environment = make(2)
    policy.run_inference()

    class Wrong(SmallEnvironment):
        """Returns what it is told to."""

        given: object = None

        def gather_agent_rewards(self, agent_ids: AgentIds) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
            """As told."""
            return self.given

        gather_agent_completions = gather_agent_rewards

    wrong = Wrong.make_training_environment(manager)
    for wrong.given in ([1.0], [[1.0], [2.0]], ["a", "b"], None):
        with pytest.raises(ValueMismatchError, match="gather_agent_rewards: expected 2 numbers, one for each agent"):
            wrong.gather_rewards()
    for wrong.given in ([0.0, 1.0], [0]):
        with pytest.raises(ValueMismatchError, match="gather_agent_completions: expected 2 numbers"):
            wrong.gather_completions()
    for wrong.given in ([0, 3], [1, -1]):
        with pytest.raises(
            ValueMismatchError, match="gather_agent_completions of agent 1: expected Completion numbers"
        ):
            wrong.gather_completions()
    assert not environment.has_reward(0)


def test_a_reward_that_is_not_finite_is_kept_as_it_is_for_the_recorder() -> None:
    manager, policy, _ = make(1)

    class Nan(SmallEnvironment):
        """Rewards with NaN."""

        def gather_agent_rewards(self, agent_ids: AgentIds) -> list[float]:
            """NaN."""
            return [float("nan")]

    environment = Nan.make_training_environment(manager)
    policy.run_inference()
    environment.gather_rewards()
    environment.gather_completions()
    assert np.isnan(environment.collect_outcomes()[1]).all()


def test_asking_for_what_was_not_gathered_says_so() -> None:
    manager, policy, environment = make(1)
    with pytest.raises(MissingCallError, match="get_reward: gather_rewards was not called"):
        environment.get_reward(0)
    with pytest.raises(MissingCallError, match="get_completion: gather_completions was not called"):
        environment.get_completion(0)
    with pytest.raises(AgentError, match="no agent -1"):
        environment.has_completion()
    policy.run_inference()
    environment.gather_rewards()
    assert environment.has_reward(0)
    manager.remove_agent(0)
    manager.add_agent(Agent())
    assert not environment.has_reward(0)


def test_episode_time_is_the_sum_of_the_managers_ticks_since_the_episode_began() -> None:
    manager, policy, environment = make(2)
    assert environment.get_episode_time(0) == 0.0
    for _ in range(4):
        policy.run_inference()
        manager.tick(0.25)
    manager.reset_agent(0)
    manager.tick(0.5)
    assert environment.get_episode_time(0) == 0.5
    assert environment.get_episode_times(np.array([1, 0])).tolist() == [1.5, 0.5]


def test_episode_time_that_would_stand_still_is_an_error() -> None:
    _, policy, environment = make(1)
    policy.run_inference()
    environment.gather_completions()
    with pytest.raises(MissingCallError, match=r"Manager\.tick was not called"):
        environment.get_episode_time(0)


def test_setup_returns_the_manager() -> None:
    manager = Manager(1)
    assert SmallEnvironment().setup_training_environment(manager) is manager


class NamesakeEnvironment(SingularEnvironment):
    """Has attributes that its base might have had too."""

    def __init__(self) -> None:
        super().__init__()
        self._manager = self._rewards = self._completions = self._agents = self._agent_ids = self._select = "mine"


def test_a_games_own_attributes_may_have_any_name() -> None:
    _, policy, environment = make(2, NamesakeEnvironment)
    policy.run_inference()
    environment.gather_rewards()
    assert environment.get_reward(1) == 1
    assert vars(environment)["_rewards"] == "mine"
