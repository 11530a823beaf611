"""A host that joins a behavior in training must mean the same by its vectors, and gets the weights that it lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.initial_weights import initial_weights
from protocol.messages import PolicyUpdate, Welcome
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.schema import (
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    ObservationElement,
    SetObservation,
    StructObservation,
)
from tests.trainer_process.server_world import ACTION, CRITIC, OBSERVATION, POLICY, World, configure, hello

SPEC = build_policy_spec(OBSERVATION, ACTION, POLICY)
CRITIC_SPEC = build_critic_spec(OBSERVATION, POLICY, CRITIC)


def enemies(kind: ObservationElement, heads: int = 4) -> StructObservation:
    """A set of up to three enemies, each of a kind at a place."""
    enemy = StructObservation((("kind", kind), ("place", ContinuousObservation(2, 10.0))))
    return StructObservation((("enemies", SetObservation(enemy, 3, heads=heads)), ("speed", ContinuousObservation(1))))


@pytest.mark.parametrize(
    ("other", "where", "expected", "received"),
    [
        (
            enemies(ExclusiveDiscreteObservation(4)),
            "$.observation_schema.enemies[].kind",
            "exclusive_discrete(3)",
            "exclusive_discrete(4)",
        ),
        (
            enemies(ContinuousObservation(3)),
            "$.observation_schema.enemies[].kind",
            "exclusive_discrete(3)",
            "continuous(size=3, scale=1)",
        ),
        (
            StructObservation(tuple(reversed(enemies(ExclusiveDiscreteObservation(3)).elements))),
            "$.observation_schema",
            "the order enemies, speed",
            "the order speed, enemies",
        ),
    ],
)
def test_the_element_that_differs_is_named_with_both_sides(
    tmp_path: Path, other: ObservationElement, where: str, expected: str, received: str
) -> None:
    with World(tmp_path) as world:
        world.host().join(configure(observation=enemies(ExclusiveDiscreteObservation(3))))
        late = world.host()
        late.ask(hello(), Welcome)
        refused = late.is_refused(configure(observation=other))
        assert (refused.code, refused.where) == ("SCHEMA_MISMATCH", where)
        assert (refused.expected, refused.received) == (expected, received)


def test_an_element_that_another_network_reads_is_named(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.host().join(configure(observation=enemies(ExclusiveDiscreteObservation(3))))
        late = world.host()
        late.ask(hello(), Welcome)
        refused = late.is_refused(configure(observation=enemies(ExclusiveDiscreteObservation(3), heads=2)))
        assert (refused.code, refused.where) == ("SCHEMA_MISMATCH", "$.observation_schema.enemies")
        assert "heads=4" in refused.expected
        assert "heads=2" in refused.received


def test_hosts_may_call_an_element_by_different_tags(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.host().join(configure(observation=ContinuousObservation(3, tag="position")))
        assert world.host().join(configure(observation=ContinuousObservation(3, tag="where"))).behavior == "Walker"


def test_a_host_whose_actions_have_other_priors_gets_the_first_ones_weights(tmp_path: Path) -> None:
    even = ExclusiveDiscreteAction(2, prior_probabilities=(0.5, 0.5))
    with World(tmp_path) as world:
        world.host().join(configure(action=even))
        same, other = world.host(), world.host()
        same.join(configure(action=even))
        other.join(configure(action=replace(even, prior_probabilities=(0.9, 0.1))))
        weights = other.await_heard(PolicyUpdate).weights
        np.testing.assert_array_equal(
            weights, initial_weights(build_policy_spec(OBSERVATION, even, POLICY), POLICY.seed)
        )
        assert not same.all_heard(PolicyUpdate)


def test_a_host_that_brings_weights_and_wants_the_critic_gets_it_before_the_first_update(tmp_path: Path) -> None:
    weights = initial_weights(SPEC, 99)
    with World(tmp_path) as world:
        host, without = world.host(), world.host()
        brought = configure(start="weights", version=3, weights=weights)
        host.join(replace(brought, wants_critic=True))
        update = host.await_heard(PolicyUpdate)
        assert update.version == 3
        np.testing.assert_array_equal(update.weights, weights)
        np.testing.assert_array_equal(update.critic_weights, initial_weights(CRITIC_SPEC, POLICY.seed))
        without.join(brought)
        assert not without.all_heard(PolicyUpdate)
