"""Policies and critics are built from schemas and settings as both sides expect."""

from __future__ import annotations

from hypothesis import given

from protocol.network_builder import (
    action_encoded_size,
    build_critic_spec,
    build_policy_spec,
    observation_encoded_size,
)
from protocol.network_spec import NetworkSpec
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import (
    ActionElement,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ObservationElement,
    StructAction,
    StructObservation,
)
from protocol.vector_layout import ActionLayout, ObservationLayout
from tests.strategies import actions, critic_settings, observations, policy_settings

MIXED = StructObservation((("a", ContinuousObservation(2)), ("b", BoolObservation()), ("c", ContinuousObservation(1))))


def kinds(spec: NetworkSpec) -> list[str]:
    return [operation.kind for operation in spec.operations]


@given(observations(), actions(), policy_settings())
def test_policy_goes_from_observation_to_distribution(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings
) -> None:
    spec = build_policy_spec(observation, action, settings)
    assert spec.inputs == (("observation", ObservationLayout.of(observation).size),)
    assert spec.outputs == (("distribution", ActionLayout.of(action).distribution_size),)
    assert observation_encoded_size(spec) == spec.inputs[0][1]
    assert action_encoded_size(spec) == spec.outputs[0][1]


@given(observations(), policy_settings(), critic_settings())
def test_critic_goes_from_observation_to_one_value_with_the_policys_normaliser(
    observation: ObservationElement, policy: PolicySettings, critic: CriticSettings
) -> None:
    spec = build_critic_spec(observation, policy, critic)
    assert spec.outputs == (("value", 1),)
    of_policy = build_policy_spec(observation, BoolAction(), policy)
    statistics = [parameter for parameter in spec.parameters if not parameter.trainable]
    assert statistics == [parameter for parameter in of_policy.parameters if not parameter.trainable]


def test_only_continuous_slots_are_normalised() -> None:
    (normalize, *_) = build_policy_spec(MIXED, BoolAction()).operations
    assert normalize.kind == "normalize"
    assert normalize.attribute("normalized") == (0, 2, 3, 4)


def test_there_is_no_normaliser_without_continuous_slots_or_where_it_is_switched_off() -> None:
    assert "normalize" not in kinds(build_policy_spec(BoolObservation(), BoolAction()))
    assert "normalize" not in kinds(
        build_policy_spec(MIXED, BoolAction(), PolicySettings(normalize_observations=False))
    )


def test_discrete_policy_has_no_log_std() -> None:
    spec = build_policy_spec(MIXED, ExclusiveDiscreteAction(3), PolicySettings(hidden_sizes=()))
    assert kinds(spec) == ["normalize", "linear"]


def test_log_std_is_a_parameter_or_a_second_head_and_always_clamped() -> None:
    free = build_policy_spec(MIXED, ContinuousAction(2), PolicySettings(hidden_sizes=()))
    assert kinds(free) == ["normalize", "linear", "broadcast", "clamp", "concat"]
    head = build_policy_spec(MIXED, ContinuousAction(2), PolicySettings(hidden_sizes=(), state_dependent_log_std=True))
    assert kinds(head) == ["normalize", "linear", "linear", "clamp", "concat"]


def test_mixed_action_puts_log_stds_between_means_and_logits() -> None:
    action = StructAction((("jump", BoolAction()), ("steer", ContinuousAction(2))))
    spec = build_policy_spec(MIXED, action)
    assert spec.operations[-1].kind == "concat"
    assert spec.operations[-1].inputs == ("means", "log_stds", "logits")


def test_gains_are_those_of_stable_baselines3() -> None:
    spec = build_policy_spec(MIXED, ContinuousAction(1), PolicySettings(hidden_sizes=(8,)))
    gains = {parameter.name: parameter.gain for parameter in spec.parameters}
    assert gains["policy.hidden.0.weight"] == 2**0.5
    assert gains["policy.head.weight"] == 0.01
    critic = build_critic_spec(MIXED, PolicySettings(), CriticSettings(hidden_sizes=()))
    assert {parameter.name: parameter.gain for parameter in critic.parameters}["value.weight"] == 1.0
