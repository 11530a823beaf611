from __future__ import annotations

from typing import ClassVar

from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import (
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ImageObservation,
    SetObservation,
    StructAction,
    StructObservation,
)
from tests.contracts.algorithm_contract import TOTAL_STEPS, AlgorithmContract
from tests.trainer_process.recorded_episode import recorded_episode
from trainer_process.algorithms.base import Algorithm, BehaviorSpec
from trainer_process.algorithms.registry import make_algorithm


class AdversarialContract(AlgorithmContract):
    """Demonstrations come first; episodes of the suite have several lengths.

    Attributes:
        trainer_type: of the algorithm.
        settings: beside those that keep an update small.
    """

    trainer_type: ClassVar[str]
    settings: ClassVar[dict[str, object]] = {}

    def make(self, seed: int = 1, total_steps: int = TOTAL_STEPS) -> Algorithm:
        settings: dict[str, object] = {
            "steps_per_update": 16,
            "minibatch_size": 6,
            "epochs": 2,
            "demonstration_batch_size": 5,
            "discriminator_updates_per_round": 2,
            "reward_hidden_sizes": [8],
            "allow_variable_horizon": True,
            "seed": seed,
            "total_steps": total_steps,
            **self.settings,
        }
        algorithm = make_algorithm(self.behavior, self.trainer_type, settings)
        episodes = [recorded_episode(self.behavior, 7 + index, 9, has_modifiers=index == 0) for index in range(2)]
        algorithm.add_demonstrations(episodes[:1], is_last=False)
        algorithm.add_demonstrations(episodes[1:], is_last=True)
        return algorithm


class TestGAIL(AdversarialContract):
    trainer_type = "gail"


class TestGAILOfSeveralRounds(AdversarialContract):
    trainer_type = "gail"
    settings: ClassVar[dict[str, object]] = {
        "generator_buffer_rounds": 3,
        "label_smoothing": 0.1,
        "discriminator_entropy_coefficient": 0.01,
        "reward_reads_next_observation": True,
        "normalize_learned_reward": False,
        "reward_form": "logit",
        "normalizer_initialisation": "train",
    }


class TestAIRL(AdversarialContract):
    trainer_type = "airl"


class TestSynchronousAIRL(AdversarialContract):
    trainer_type = "airl"
    settings: ClassVar[dict[str, object]] = {"synchronous": True, "generator_buffer_rounds": 2}


class TestAIRLWithModifiedActions(AdversarialContract):
    trainer_type = "airl"
    has_modifiers = True


class TestGAILWithSetsImagesAndMemory(AdversarialContract):
    trainer_type = "gail"
    settings: ClassVar[dict[str, object]] = {"reward_reads_next_observation": True, "memory_window": 4}
    behavior = BehaviorSpec.create(
        "Seeing",
        StructObservation(
            (
                ("enemies", SetObservation(ContinuousObservation(2), max_count=3)),
                ("view", ImageObservation(height=6, width=6, channels=1, filters=(2,), encoding_size=4)),
                ("speed", ContinuousObservation(1)),
            )
        ),
        StructAction((("turn", ContinuousAction(2)), ("weapon", ExclusiveDiscreteAction(2)))),
        PolicySettings(hidden_sizes=(8,), memory_cell="gru", memory_state_size=4),
        CriticSettings(hidden_sizes=(8,)),
    )
