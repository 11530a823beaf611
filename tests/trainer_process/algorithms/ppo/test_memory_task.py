"""What takes a memory: to tell the sign of what was seen first, after some steps in which nothing is seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.completion import Completion
from protocol.experience import ExperienceBatch
from protocol.policy_settings import CriticSettings, MemoryCell, PolicySettings
from protocol.schema import ContinuousObservation, ExclusiveDiscreteAction
from protocol.weights import WeightsLayout
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import PPO, PPOSettings
from trainer_process.models import SpecNetwork

BLANK_STEPS = 4
LENGTH = BLANK_STEPS + 2
AGENTS = 64


def recall_behavior(cell: MemoryCell) -> BehaviorSpec:
    policy = PolicySettings(
        hidden_sizes=(16,), memory_cell=cell, memory_state_size=8, normalize_observations=False, seed=1
    )
    return BehaviorSpec.create(
        "Recall", ContinuousObservation(2), ExclusiveDiscreteAction(2), policy, CriticSettings(hidden_sizes=(16,))
    )


def play(algorithm: PPO, behavior: BehaviorSpec, generator: np.random.Generator) -> tuple[ExperienceBatch, float]:
    """One episode of each agent, under the algorithm's policy; and the share of right answers."""
    snapshot = algorithm.policy_snapshot()
    network = SpecNetwork(behavior.policy_spec, WeightsLayout.of(behavior.policy_spec), snapshot.values)
    signs = generator.choice([-1.0, 1.0], AGENTS)
    observations = np.zeros((LENGTH + 1, AGENTS, 2), np.float32)
    observations[0, :, 0], observations[LENGTH - 1, :, 1] = signs, 1.0
    memory = torch.zeros(AGENTS, behavior.policy_settings.memory_size)
    memories, actions, log_probs = [memory.numpy()], [], []
    for seen in torch.from_numpy(observations[:-1]):
        with torch.no_grad():
            distribution, *after = network.forward(*([seen, memory] if len(memory[0]) else [seen]))
        memory = after[0] if after else memory
        log_p = torch.log_softmax(distribution, 1).numpy()
        chosen = (generator.random(AGENTS) < np.exp(log_p[:, 1])).astype(np.int64)
        memories.append(memory.numpy())
        actions.append(np.eye(2, dtype=np.float32)[chosen])
        log_probs.append(log_p[np.arange(AGENTS), chosen])
    is_right = chosen == (signs > 0)
    segments = [
        SegmentData(
            observations=observations[:-1, agent],
            actions=np.stack(actions)[:, agent],
            rewards=np.array([0.0] * (LENGTH - 1) + [float(is_right[agent])], np.float32),
            log_probs=np.stack(log_probs)[:, agent],
            final_observation=observations[-1, agent],
            completion=Completion.TERMINATION,
            agent_id=agent,
            episode=AGENTS * algorithm.iteration + agent,
            versions=[algorithm.version],
            memory=np.stack(memories[:-1])[:, agent],
            final_memory=memories[-1][agent],
        )
        for agent in range(AGENTS)
    ]
    return make_batch(segments, algorithm.iteration + 1), float(is_right.mean())


def share_of_right_answers(cell: MemoryCell, updates: int, **settings: object) -> float:
    """Over the last ten updates."""
    behavior, generator = recall_behavior(cell), np.random.default_rng(0)
    defaults: dict[str, object] = {
        "steps_per_update": LENGTH * AGENTS,
        "minibatch_size": LENGTH * AGENTS // 4,
        "epochs": 4,
        "learning_rate": 0.01,
        "discount_factor": 0.9,
        "entropy_coefficient": 0.003,
        "memory_window": LENGTH,
    }
    algorithm = PPO(behavior, PPOSettings.validated({**defaults, **settings}))
    shares = []
    for _ in range(updates):
        batch, share = play(algorithm, behavior, generator)
        algorithm.add_experience(batch, 0)
        algorithm.update(lambda: None)
        shares.append(share)
    return float(np.mean(shares[-10:]))


@pytest.mark.parametrize("cell", ["gru", "lstm", "learning_agents"])
@pytest.mark.parametrize("changes", [{}, {"synchronous": True}, {"memory_window": 16}], ids=str)
def test_a_policy_with_memory_learns_to_recall(cell: MemoryCell, changes: dict[str, object]):
    assert share_of_right_answers(cell, 40, **changes) > 0.95


def test_so_it_does_with_the_objective_of_unreal():
    share = share_of_right_answers("gru", 60, objective="unreal", clip_range=0.4, epochs=8)
    assert share > 0.9


def test_a_policy_without_memory_stays_at_chance():
    assert share_of_right_answers("none", 40) == pytest.approx(0.5, abs=0.08)


def test_the_normaliser_and_the_explained_variance_count_steps_and_not_padding():
    metrics = []
    for window_size in (1, 16):
        policy = PolicySettings(hidden_sizes=(8,), memory_cell="gru", memory_state_size=4)
        behavior = BehaviorSpec.create("Recall", ContinuousObservation(2), ExclusiveDiscreteAction(2), policy)
        settings = PPOSettings(memory_window=window_size, normalizer_initialisation="train", epochs=1)
        algorithm, segments = (
            PPO(behavior, settings),
            [acted_segment(behavior, seed, 5 + seed, episode=seed) for seed in range(3)],
        )
        algorithm.add_experience(make_batch(segments), 0)
        metrics.append(algorithm.update(lambda: None).metrics["explained_variance"])
        views = WeightsLayout.of(behavior.policy_spec).views(algorithm.policy_snapshot().values)
        seen = np.concatenate([segment.observations for segment in segments])
        assert views["normalizer.count"] == len(seen) == 18
        np.testing.assert_allclose(views["normalizer.mean"], seen.mean(0), rtol=1e-5, atol=1e-6)
    assert metrics[0] == pytest.approx(metrics[1], rel=1e-5)
