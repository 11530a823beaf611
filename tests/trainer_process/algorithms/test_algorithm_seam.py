from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from protocol.policy_settings import CriticSettings, MemoryCell, PolicySettings
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    FloatObservation,
    ImageObservation,
    ObservationElement,
    SetObservation,
    StructAction,
    StructObservation,
)
from tests.contracts.algorithm_contract import BEHAVIOR, TOTAL_STEPS, AlgorithmContract, nothing
from tests.contracts.q_learning import QLearning, QLearningSettings
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.algorithms.base import Algorithm, BehaviorSpec
from trainer_process.algorithms.ppo import PPO, PPOSettings
from trainer_process.algorithms.registry import make_algorithm


class TestAsynchronousPPO(AlgorithmContract):
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        return PPO(BEHAVIOR, PPOSettings(steps_per_update=16, minibatch_size=6, seed=seed, total_steps=total_steps))


class TestSynchronousPPO(AlgorithmContract):
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(
            steps_per_update=16, minibatch_size=6, synchronous=True, seed=seed, total_steps=total_steps
        )
        return PPO(BEHAVIOR, settings)


class TestUnrealPPO(AlgorithmContract):
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(
            steps_per_update=16,
            minibatch_size=6,
            objective="unreal",
            reward_scaling=True,
            seed=seed,
            total_steps=total_steps,
        )
        return PPO(BEHAVIOR, settings)


class TestDecoupledPPO(AlgorithmContract):
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(
            steps_per_update=16, minibatch_size=6, decoupled_objective=True, seed=seed, total_steps=total_steps
        )
        return PPO(BEHAVIOR, settings)


def small_behavior(observation: ObservationElement, action: ActionElement, cell: MemoryCell = "none") -> BehaviorSpec:
    policy = PolicySettings(hidden_sizes=(8,), memory_cell=cell, memory_state_size=3)
    return BehaviorSpec.create("Contract", observation, action, policy, CriticSettings(hidden_sizes=(8,)))


class TestRecurrentPPO(AlgorithmContract):
    behavior = small_behavior(ContinuousObservation(2), ExclusiveDiscreteAction(3), "lstm")

    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(
            steps_per_update=16, minibatch_size=6, memory_window=3, seed=seed, total_steps=total_steps, epochs=3
        )
        return PPO(self.behavior, settings)


class TestSynchronousRecurrentPPO(AlgorithmContract):
    behavior = small_behavior(ContinuousObservation(2), ExclusiveDiscreteAction(3), "gru")

    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(
            steps_per_update=16, minibatch_size=6, synchronous=True, seed=seed, total_steps=total_steps, epochs=3
        )
        return PPO(self.behavior, settings)


class TestPPOOnImages(AlgorithmContract):
    behavior = small_behavior(
        StructObservation((("view", ImageObservation(height=8, width=8, channels=1)), ("speed", FloatObservation()))),
        ExclusiveDiscreteAction(3),
    )

    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(steps_per_update=16, minibatch_size=6, seed=seed, total_steps=total_steps, epochs=2)
        return PPO(self.behavior, settings)


class TestPPOWithMaskedHybridActions(AlgorithmContract):
    behavior = small_behavior(
        SetObservation(ContinuousObservation(2), max_count=3),
        StructAction(
            (
                ("move", ContinuousAction(2)),
                ("jump", BoolAction()),
                ("use", ExclusiveUnionAction((("item", ExclusiveDiscreteAction(3)), ("throw", FloatAction())))),
            )
        ),
        "learning_agents",
    )
    has_modifiers = True

    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings = PPOSettings(
            steps_per_update=16, minibatch_size=8, memory_window=4, seed=seed, total_steps=total_steps, epochs=2
        )
        return PPO(self.behavior, settings)


class TestQLearning(AlgorithmContract):
    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        return QLearning(BEHAVIOR, QLearningSettings(seed=seed, total_steps=total_steps))

    def test_the_better_choice_gets_the_higher_value(self):
        settings = QLearningSettings(gradient_steps=300, learning_rate=0.05, discount_factor=0.0)
        algorithm = QLearning(BEHAVIOR, settings)
        choices = np.arange(48) % 3
        segment = SegmentData(
            observations=np.ones((48, 2), np.float32),
            actions=np.eye(3, dtype=np.float32)[choices],
            rewards=(choices == 2).astype(np.float32),
            log_probs=np.zeros(48, np.float32),
            final_observation=np.ones(2, np.float32),
            completion=Completion.TERMINATION,
        )
        algorithm.add_experience(make_batch([segment]), 0)
        algorithm.update(nothing)
        values = algorithm.action_values(np.ones((1, 2), np.float32))[0]
        np.testing.assert_allclose(values, [0.0, 0.0, 1.0], atol=0.1)


def test_the_registry_makes_an_algorithm_from_its_name_and_plain_settings():
    algorithm = make_algorithm(BEHAVIOR, "ppo", {"seed": 3, "total_steps": 10})
    assert isinstance(algorithm, PPO)
    assert (algorithm.settings.seed, algorithm.version) == (3, 0)
