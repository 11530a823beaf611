"""How steps are replayed, with a capture that runs as a CUDA graph does: it fixes every tensor and every number."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from protocol.policy_settings import PolicySettings
from protocol.schema import (
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ImageObservation,
    SetObservation,
    StructAction,
    StructObservation,
)
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.gradient_step import take_gradient_steps
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.target import build_training_data
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.data.rollout import assemble_rollout
from trainer_process.models import ActionDensity
from trainer_process.models.cuda_graph import Work

WALKER = BehaviorSpec.create(
    "Walker", ContinuousObservation(3), ContinuousAction(2), PolicySettings(hidden_sizes=(8,), initial_action_scale=1.0)
)
MEMORY = PolicySettings(hidden_sizes=(6,), initial_action_scale=1.0, memory_cell="gru", memory_state_size=4)
HYBRID = StructAction((("move", ContinuousAction(2)), ("weapon", ExclusiveDiscreteAction(3))))
RECURRENT = BehaviorSpec.create("Walker", ContinuousObservation(3), HYBRID, MEMORY)
SEEING = BehaviorSpec.create(
    "Seer",
    StructObservation(
        (
            ("others", SetObservation(ContinuousObservation(2), max_count=2)),
            ("view", ImageObservation(height=4, width=4, filters=(2,), encoding_size=3)),
        )
    ),
    HYBRID,
    MEMORY,
)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
COEFFICIENTS = Coefficients(learning_rate=3e-3, clip_range=0.2, entropy_coefficient=0.01)


class FakeGraphs:
    """Runs work thrice to warm up, once to record it, and again at every replay; counts both."""

    def __init__(self) -> None:
        self.captured = 0
        self.replayed = 0

    def __call__(self, work: Work) -> Work:
        self.captured += 1
        for _ in range(4):
            work()

        def replay() -> None:
            self.replayed += 1
            work()

        return replay


def example_data(steps: int) -> TrainingData:
    generator = torch.Generator().manual_seed(3)
    widths = {"observations": (3,), "actions": (2,)}
    names = ("observations", "actions", "old_log_probs", "advantages", "returns", "old_values", "behavior_weights")
    return TrainingData(**{name: torch.randn(steps, *widths.get(name, ()), generator=generator) for name in names})


def learn(steps: StepReplay, settings: PPOSettings, coefficients: Coefficients = COEFFICIENTS, rows: int = 150) -> None:
    device = torch.device(settings.device)
    objective = make_objective(ActionDensity(WALKER.action_layout, device), settings, coefficients)
    data = example_data(rows)
    data = TrainingData(**{name: column.to(device) for name, column in data.columns.items()})
    take_gradient_steps(data, steps, objective, settings, np.random.default_rng(7), lambda: None)


@pytest.mark.parametrize("changes", [{}, {"target_kl": 1e9}, {"synchronous": True}, {"value_clip_range": 0.2}])
def test_replayed_steps_are_those_that_run_one_by_one(changes):
    settings = PPOSettings(minibatch_size=40, epochs=2, **changes)
    graphs, plain = FakeGraphs(), ActorCritic(WALKER, settings)
    replayed = ActorCritic(WALKER, settings)
    for networks, capture in ((plain, None), (replayed, graphs)):
        steps = StepReplay(networks, settings, capture)
        learn(steps, settings)
        learn(steps, settings)
    assert torch.equal(plain.weights.values, replayed.weights.values)
    for part, expected in zip(replayed.optimizer.state, plain.optimizer.state, strict=True):
        assert torch.equal(part, expected)
    # What is left of each epoch runs by itself.
    assert graphs.replayed == 2 * 2 * 3 * (2 if "target_kl" in changes else 1)


def test_a_graph_serves_all_updates_with_the_same_fixed_numbers():
    settings, graphs = PPOSettings(minibatch_size=40, epochs=1), FakeGraphs()
    steps = StepReplay(ActorCritic(WALKER, settings), settings, graphs)
    learn(steps, settings)
    learn(steps, settings, replace(COEFFICIENTS, learning_rate=1e-3))
    learn(steps, settings, rows=90)
    assert graphs.captured == 1
    learn(steps, settings, replace(COEFFICIENTS, clip_range=0.1))
    assert graphs.captured == 2


def test_a_graph_is_still_right_after_an_update_that_was_too_small_for_it():
    settings = PPOSettings(minibatch_size=40, epochs=1)
    plain, replayed = ActorCritic(WALKER, settings), ActorCritic(WALKER, settings)
    for networks, capture in ((plain, None), (replayed, FakeGraphs())):
        steps = StepReplay(networks, settings, capture)
        for rows in (90, 30, 95):
            learn(steps, settings, rows=rows)
    assert torch.equal(plain.weights.values, replayed.weights.values)


def test_the_learning_rate_reaches_a_graph_that_was_captured_before():
    settings = PPOSettings(minibatch_size=40, epochs=1)
    networks = ActorCritic(WALKER, settings)
    steps = StepReplay(networks, settings, FakeGraphs())
    learn(steps, settings, rows=40)
    before = networks.weights.values.clone()
    learn(steps, settings, replace(COEFFICIENTS, learning_rate=0.0), rows=40)
    assert torch.equal(networks.weights.values, before)


def test_an_update_smaller_than_a_minibatch_needs_no_graph():
    settings, graphs = PPOSettings(minibatch_size=40, epochs=1), FakeGraphs()
    networks = ActorCritic(WALKER, settings)
    before = networks.weights.values.clone()
    learn(StepReplay(networks, settings, graphs), settings, rows=30)
    assert graphs.captured == 0
    assert not torch.equal(networks.weights.values, before)


def test_steps_run_one_by_one_where_no_graph_can_be_captured_and_the_log_says_why(caplog):
    settings = PPOSettings(minibatch_size=40, epochs=2)
    calls: list[None] = []

    def refuse(work: Work) -> Work:
        work()
        calls.append(None)
        raise RuntimeError("operation not permitted when stream is capturing")

    networks, plain = ActorCritic(WALKER, settings), ActorCritic(WALKER, settings)
    steps = StepReplay(networks, settings, refuse)
    with caplog.at_level(logging.WARNING):
        learn(steps, settings)
        learn(steps, settings)
    assert "operation not permitted when stream is capturing" in caplog.text
    assert len(calls) == 1
    expected = StepReplay(plain, settings)
    learn(expected, settings)
    learn(expected, settings)
    assert torch.equal(networks.weights.values, plain.weights.values)


def learn_acted(steps: StepReplay, settings: PPOSettings, spec: BehaviorSpec, *lengths: int, **fields: bool) -> None:
    """An update on trajectories of these lengths; `fields` as of `acted_segment`."""
    device = torch.device(settings.device)
    segments = [acted_segment(spec, seed, length, episode=seed, **fields) for seed, length in enumerate(lengths)]
    rollout, density = assemble_rollout([(0, make_batch(segments))]), ActionDensity(spec.action_layout, device)
    is_trainable = np.ones(rollout.step_count, np.bool_)
    data = build_training_data(rollout, rollout.rewards, is_trainable, steps.networks, density, settings)
    objective = make_objective(density, settings, COEFFICIENTS)
    take_gradient_steps(data, steps, objective, settings, np.random.default_rng(7), lambda: None)


@pytest.mark.parametrize("changes", [{}, {"target_kl": 1e9}, {"synchronous": True}])
@pytest.mark.parametrize("spec", [RECURRENT, SEEING], ids=["memory", "memory, set and image"])
def test_so_are_those_of_policies_with_memory_whose_minibatches_grow_and_shrink(spec, changes):
    settings, graphs = PPOSettings(minibatch_size=8, memory_window=4, epochs=2, **changes), FakeGraphs()
    plain, replayed = ActorCritic(spec, settings), ActorCritic(spec, settings)
    for networks, capture in ((plain, None), (replayed, graphs)):
        steps = StepReplay(networks, settings, capture)
        # Without padding two windows hold 8 steps, of single steps it takes eight, and nine steps are all in one.
        for lengths in ((16, 16), (1,) * 24, (16, 4), (3,), (16, 4)):
            learn_acted(steps, settings, spec, *lengths)
    assert torch.equal(plain.weights.values, replayed.weights.values)
    # What autograd traced can be followed back but once, so that it is not captured where a question lies between.
    assert (graphs.replayed > 0) == (spec is RECURRENT or "target_kl" not in changes)


def test_a_host_may_begin_to_modify_actions_and_cease_to():
    settings = PPOSettings(minibatch_size=8, memory_window=4, epochs=2)
    kept, anew = ActorCritic(RECURRENT, settings), ActorCritic(RECURRENT, settings)
    steps = StepReplay(kept, settings, FakeGraphs())
    for has_modifiers in (False, True, False):
        learn_acted(steps, settings, RECURRENT, 16, 3, has_modifiers=has_modifiers)
        learn_acted(StepReplay(anew, settings), settings, RECURRENT, 16, 3, has_modifiers=has_modifiers)
    assert torch.equal(kept.weights.values, anew.weights.values)


@pytest.mark.parametrize("spec", [RECURRENT, SEEING], ids=["memory", "memory, set and image"])
@pytest.mark.parametrize("device", DEVICES)
def test_every_device_learns_the_same_with_memory(device, spec):
    settings = PPOSettings(minibatch_size=8, memory_window=4, epochs=2)
    there = settings.model_copy(update={"device": device})
    reference, networks = ActorCritic(spec, settings), ActorCritic(spec, there)
    for found, used in ((reference, settings), (networks, there)):
        steps = StepReplay(found, used)
        for lengths in ((16, 7), (5, 5, 5)):
            learn_acted(steps, used, spec, *lengths, has_modifiers=True)
    torch.testing.assert_close(networks.weights.values.cpu(), reference.weights.values, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("changes", [{}, {"target_kl": 1e9}])
@pytest.mark.parametrize("device", DEVICES)
def test_every_device_learns_the_same(device, changes):
    settings = PPOSettings(minibatch_size=40, epochs=2, **changes)
    there = PPOSettings(minibatch_size=40, epochs=2, device=device, **changes)
    reference, networks = ActorCritic(WALKER, settings), ActorCritic(WALKER, there)
    learn(StepReplay(reference, settings), settings)
    learn(StepReplay(networks, there), there)
    torch.testing.assert_close(networks.weights.values.cpu(), reference.weights.values, rtol=1e-3, atol=1e-4)
