from __future__ import annotations

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
from tests.contracts.learner_contract import TOTAL_STEPS, LearnerContract
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.algorithms.base import Algorithm, BehaviorSpec
from trainer_process.algorithms.bc import BC, BCSettings


class CloningContract(LearnerContract):
    """Cloning six episodes of 13 steps in all."""

    def settings(self, seed: int, epochs: int) -> BCSettings:
        return BCSettings(
            epochs=epochs,
            minibatch_size=4,
            min_gradient_steps=1,
            validation_fraction=0.3,
            min_validation_episodes=1,
            patience=None,
            memory_window=3,
            learning_rate=0.01,
            observation_noise=0.1,
            entropy_coefficient=0.01,
            l2_coefficient=1e-4,
            seed=seed,
        )

    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        return BC(self.behavior, self.settings(seed, total_steps // 10))

    def feed(self, algorithm: Algorithm, first_batch_id: int = 1) -> int:
        if not algorithm.is_ready([]):
            episodes = shown_episodes(self.behavior, [1, 2, 4, 3, 1, 2], has_modifiers=self.has_modifiers)
            algorithm.add_demonstrations(episodes[:2], is_last=False)
            algorithm.add_demonstrations(episodes[2:], is_last=True)
        return first_batch_id

    def test_learning_is_complete_after_the_epochs(self):
        algorithm = self.make(total_steps=30)
        while not algorithm.is_complete:
            self.train(algorithm, 1)
        assert algorithm.iteration == 3
        assert algorithm.steps == algorithm.total_steps > 0
        assert not algorithm.is_ready([0])


class TestCloningChoices(CloningContract):
    pass


def small_behavior(observation: ObservationElement, action: ActionElement, cell: MemoryCell = "none") -> BehaviorSpec:
    policy = PolicySettings(hidden_sizes=(8,), memory_cell=cell, memory_state_size=3)
    return BehaviorSpec.create("Contract", observation, action, policy, CriticSettings(hidden_sizes=(8,)))


class TestCloningWithMemory(CloningContract):
    behavior = small_behavior(ContinuousObservation(2), ContinuousAction(2), "lstm")


class TestCloningInShards(CloningContract):
    def settings(self, seed: int, epochs: int) -> BCSettings:
        return super().settings(seed, epochs).model_copy(update={"memory_budget_bytes": 100})


class TestCloningByImages(CloningContract):
    behavior = small_behavior(
        StructObservation((("view", ImageObservation(height=8, width=8, channels=1)), ("speed", FloatObservation()))),
        ExclusiveDiscreteAction(3),
        "gru",
    )


class TestCloningMaskedHybridActions(CloningContract):
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
