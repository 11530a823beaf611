"""The world without events keeps its constants and its episodes' length."""

from __future__ import annotations

import numpy as np

from host_sdk.manager import Manager
from host_sdk.mock_engine.noop_world import NoopInteractor, NoopTrainingEnvironment
from host_sdk.policy import Policy
from protocol.completion import Completion
from protocol.policy_settings import PolicySettings


def test_every_step_has_the_same_reward_and_episodes_end_by_truncation_at_their_length() -> None:
    manager = Manager(4)
    interactor = NoopInteractor(4, observation_size=5, action_size=2)
    interactor.setup_interactor(manager)
    environment = NoopTrainingEnvironment(4, reward=0.5, episode_step_count=3)
    environment.setup_training_environment(manager)
    policy = Policy.make_policy(manager, interactor, PolicySettings(hidden_sizes=(4,)))
    manager.add_agents([object() for _ in range(3)])
    completions = []
    for _ in range(6):
        policy.run_inference()
        environment.gather_completions()
        environment.gather_rewards()
        agent_ids, rewards, completed = environment.collect_outcomes()
        assert rewards.tolist() == [0.5] * 3
        completions.append(int(completed[0]))
        if completed.any():
            manager.reset_agents(agent_ids)
    assert completions == [Completion.RUNNING, Completion.RUNNING, Completion.TRUNCATION] * 2
    policy.run_inference()
    vector, _ = interactor.get_observation_vector(2)
    assert np.array_equal(vector, interactor.observations[2])
