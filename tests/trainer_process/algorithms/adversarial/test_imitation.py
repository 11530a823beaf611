from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.completion import Completion
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.recording import Episode
from protocol.schema import ContinuousObservation, ExclusiveDiscreteAction
from protocol.weights import WeightsLayout
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.algorithms.adversarial.algorithm import AdversarialImitation
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.registry import make_algorithm
from trainer_process.models import SpecNetwork

BEHAVIOR = BehaviorSpec.create(
    "Sorter",
    ContinuousObservation(1),
    ExclusiveDiscreteAction(2),
    PolicySettings(hidden_sizes=(16,), normalize_observations=False),
    CriticSettings(hidden_sizes=(16,)),
)
STEPS = 64


def seen(generator: np.random.Generator) -> np.ndarray:
    """One more than the steps: what was seen at last."""
    return generator.uniform(-1.0, 1.0, (STEPS + 1, 1)).astype(np.float32)


def expert_choices(observations: np.ndarray) -> np.ndarray:
    """The second option for what is above 0."""
    return (observations[:, 0] > 0.0).astype(np.int64)


def demonstration(seed: int) -> Episode:
    observations = seen(np.random.default_rng(seed))
    return Episode(
        observations=observations[:-1],
        images=np.zeros((STEPS, 0), np.uint8),
        actions=np.eye(2, dtype=np.float32)[expert_choices(observations[:-1])],
        action_modifiers=np.zeros((STEPS, 0), np.float32),
        rewards=np.full(STEPS, np.nan, np.float32),
        final_observation=observations[-1],
        final_image=np.zeros(0, np.uint8),
        completion=Completion.TRUNCATION,
        serial=seed,
    )


def policy_of(algorithm: AdversarialImitation) -> SpecNetwork:
    spec = BEHAVIOR.policy_spec
    return SpecNetwork(spec, WeightsLayout.of(spec), algorithm.policy_snapshot().values)


def logits_of(algorithm: AdversarialImitation, observations: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return policy_of(algorithm).forward(torch.from_numpy(observations))[0].numpy()


def play(algorithm: AdversarialImitation, generator: np.random.Generator, batch_id: int) -> dict[str, float]:
    """An episode by the policy, whose game never rewards anything, and an update."""
    observations = seen(generator)
    logits = logits_of(algorithm, observations[:-1])
    log_p = logits - np.logaddexp(logits[:, :1], logits[:, 1:])
    choices = (generator.random(STEPS) < np.exp(log_p[:, 1])).astype(np.int64)
    segment = SegmentData(
        observations=observations[:-1],
        actions=np.eye(2, dtype=np.float32)[choices],
        rewards=np.zeros(STEPS, np.float32),
        log_probs=log_p[np.arange(STEPS), choices],
        final_observation=observations[-1],
        completion=Completion.TRUNCATION,
        episode=batch_id,
        versions=[algorithm.version],
    )
    algorithm.add_experience(make_batch([segment], batch_id), 0)
    return dict(algorithm.update(lambda: None).metrics)


@pytest.mark.parametrize(
    ("method", "settings"),
    [("gail", {"reward_form": form}) for form in ("logit", "positive", "negative")]
    + [("airl", {}), ("gail", {"generator_buffer_rounds": 3, "normalize_learned_reward": False})],
)
def test_a_policy_comes_to_do_as_the_expert_does_without_any_reward(method, settings):
    plain = {
        "steps_per_update": STEPS,
        "minibatch_size": 32,
        "epochs": 8,
        "learning_rate": 0.01,
        "discount_factor": 0.0,
        "demonstration_batch_size": 64,
        "discriminator_learning_rate": 0.01,
        **settings,
    }
    algorithm = make_algorithm(BEHAVIOR, method, plain)
    assert isinstance(algorithm, AdversarialImitation)
    algorithm.add_demonstrations([demonstration(1000 + index) for index in range(5)], is_last=True)
    generator = np.random.default_rng(1)
    for batch_id in range(1, 41):
        metrics = play(algorithm, generator, batch_id)
    assert metrics["discriminator_accuracy"] < 0.8
    observations = np.linspace(-1.0, 1.0, 100, dtype=np.float32)[:, None]
    choices = logits_of(algorithm, observations).argmax(axis=1)
    assert (choices == expert_choices(observations)).mean() > 0.9
