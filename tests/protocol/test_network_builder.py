"""Policies and critics are built from schemas and settings as both sides expect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from protocol.action_layout import ActionLayout
from protocol.errors import SchemaError
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_critic_spec, build_policy_spec, observation_encoded_size
from protocol.network_spec import NetworkSpec
from protocol.observation_layout import ObservationLayout
from protocol.policy_settings import CriticSettings, MemoryCell, PolicySettings
from protocol.schema import (
    ActionElement,
    ArrayObservation,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    DirectionObservation,
    EncodingAction,
    EncodingObservation,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    ExclusiveUnionObservation,
    FloatAction,
    FloatObservation,
    ImageObservation,
    InclusiveUnionObservation,
    MapObservation,
    NullAction,
    NullObservation,
    ObservationElement,
    OptionalObservation,
    SetObservation,
    StaticArrayObservation,
    StructAction,
    StructObservation,
)
from protocol.schema_hash import observation_hash
from protocol.weights import WeightsLayout
from tests.strategies import actions, critic_settings, observations, policy_settings

MIXED = StructObservation((("a", ContinuousObservation(2)), ("b", BoolObservation()), ("c", ContinuousObservation(1))))


def kinds(spec: NetworkSpec) -> list[str]:
    return [operation.kind for operation in spec.operations]


@given(observations(), actions(), policy_settings())
def test_policy_goes_from_observation_to_distribution(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings
) -> None:
    spec = build_policy_spec(observation, action, settings)
    layout, memory = ObservationLayout.of(observation), settings.memory_size
    inputs = (("observation", layout.size), ("image", layout.image_size), ("memory", memory))
    assert spec.inputs == tuple(pair for pair in inputs if pair[1])
    outputs = (("distribution", ActionLayout.of(action).distribution_size), ("memory_after", memory))
    assert spec.outputs == tuple(pair for pair in outputs if pair[1])


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
    assert spec.operations[-1].inputs == ("policy.head:0:2", "log_stds", "policy.head:2:3")


def test_gains_are_those_of_stable_baselines3() -> None:
    spec = build_policy_spec(MIXED, ContinuousAction(1), PolicySettings(hidden_sizes=(8,)))
    gains = {parameter.name: parameter.gain for parameter in spec.parameters}
    assert gains["policy.hidden.0.weight"] == 2**0.5
    assert gains["policy.head.weight"] == 0.01
    critic = build_critic_spec(MIXED, PolicySettings(), CriticSettings(hidden_sizes=()))
    assert {parameter.name: parameter.gain for parameter in critic.parameters}["value.weight"] == 1.0


def encoded(element: ObservationElement) -> tuple[list[str], int]:
    """The operations of an encoder, and how many numbers it yields."""
    settings = PolicySettings(hidden_sizes=(), normalize_observations=False)
    *operations, _ = kinds(build_policy_spec(element, BoolAction(), settings))
    return operations, observation_encoded_size(element)


def test_what_needs_no_encoding_is_passed_on_untouched() -> None:
    flat = StructObservation((("a", MIXED), ("b", StaticArrayObservation(MIXED, 2)), ("c", NullObservation())))
    assert encoded(flat) == ([], 12)


def test_a_set_is_split_pooled_and_counted() -> None:
    operations, size = encoded(SetObservation(MIXED, 5, heads=2, key_size=3, value_size=7))
    assert operations == ["slice", "mean", "slice", "split", "attention_pool", "concat"]
    assert size == 2 * 7 + 1


def test_an_array_tells_its_slots_apart() -> None:
    operations, size = encoded(ArrayObservation(MIXED, 5, heads=2, value_size=7))
    assert operations[4:8] == ["linear", "slot_bias", "activation", "attention_pool"]
    assert size == 2 * 7 + 1


def test_an_exclusive_union_has_a_layer_for_each_option_with_numbers() -> None:
    options = (("nothing", NullObservation()), ("two", ContinuousObservation(2)), ("one", FloatObservation()))
    operations, size = encoded(ExclusiveUnionObservation(options, encoding_size=6))
    assert operations.count("linear") == 2
    assert operations.count("gate_sum") == 1
    assert size == 6 + 3


def test_options_that_are_not_linear_in_their_slots_see_zeros_where_they_are_not_chosen() -> None:
    inner = SetObservation(FloatObservation(), 3)
    operations, _ = encoded(ExclusiveUnionObservation((("plain", ContinuousObservation(4)), ("set", inner))))
    assert operations.count("gate_sum") == 2
    assert operations.index("gate_sum") < operations.index("attention_pool")


def test_an_inclusive_union_pools_its_options_and_keeps_their_presence() -> None:
    options = (("nothing", NullObservation()), ("two", ContinuousObservation(2)))
    operations, size = encoded(InclusiveUnionObservation(options, encoding_size=6, heads=2, value_size=5))
    assert operations.count("linear") == 2
    assert operations[-4:] == ["split", "slice", "attention_pool", "concat"]
    assert size == 2 * 5 + 2


def test_elements_of_a_static_array_share_their_network() -> None:
    element = StaticArrayObservation(EncodingObservation(MIXED, 6), 3)
    assert encoded(element) == (["split", "linear", "activation", "join"], 18)


def test_an_image_goes_through_its_convolutions() -> None:
    image = ImageObservation(8, 6, 3, filters=(4, 5), encoding_size=9)
    assert encoded(image) == (
        ["scale", "convolution", "activation", "convolution", "activation", "linear", "activation"],
        9,
    )
    spec = build_policy_spec(image, BoolAction())
    assert spec.inputs == (("image", 144),)
    shapes = {parameter.name: parameter.shape for parameter in spec.parameters}
    assert shapes["encoder.0.convolution.1.weight"] == (5, 3, 3, 4)
    assert shapes["encoder.0.0.weight"] == (9, 2 * 2 * 5)


def test_what_nests_five_deep_is_built() -> None:
    deep: ObservationElement = FloatObservation()
    for wrap in (
        lambda inner: SetObservation(inner, 2),
        lambda inner: OptionalObservation(inner, 3),
        lambda inner: MapObservation(BoolObservation(), inner, 2),
        lambda inner: InclusiveUnionObservation((("a", inner), ("b", NullObservation()))),
        lambda inner: ArrayObservation(inner, 2),
    ):
        deep = wrap(deep)
    assert build_policy_spec(deep, BoolAction()).inputs == (("observation", deep.vector_size),)


def test_numbers_that_may_be_absent_and_unit_vectors_are_not_normalised() -> None:
    element = StructObservation(
        (("a", FloatObservation()), ("b", OptionalObservation(FloatObservation())), ("c", DirectionObservation()))
    )
    (normalize, *_) = build_policy_spec(element, BoolAction()).operations
    assert normalize.attribute("normalized") == (0, 1)


def test_nothing_to_see_is_refused() -> None:
    with pytest.raises(SchemaError, match="at least one number"):
        build_policy_spec(NullObservation(), BoolAction())


@pytest.mark.parametrize(("cell", "memory"), [("gru", 8), ("lstm", 16), ("learning_agents", 8)])
def test_a_memory_cell_reads_the_memory_and_yields_the_next(cell: MemoryCell, memory: int) -> None:
    settings = PolicySettings(hidden_sizes=(4,), memory_cell=cell, memory_state_size=8)
    spec = build_policy_spec(MIXED, ContinuousAction(2), settings)
    assert spec.inputs == (("observation", 4), ("memory", memory))
    assert spec.outputs == (("distribution", 4), ("memory_after", memory))
    head = {parameter.name: parameter.shape for parameter in spec.parameters}["policy.head.weight"]
    assert head == (2, 8)
    critic = build_critic_spec(MIXED, settings)
    assert critic.inputs == spec.inputs
    assert {parameter.name: parameter.shape for parameter in critic.parameters}["critic.hidden.0.weight"][
        1
    ] == 4 + memory


def test_encodings_and_cells_change_the_network_hash_and_not_the_vector_hash() -> None:
    plain, encoded_otherwise = SetObservation(MIXED, 3), SetObservation(EncodingObservation(MIXED, 6), 3, heads=2)
    assert observation_hash(plain) == observation_hash(encoded_otherwise)
    hashes = {build_policy_spec(element, BoolAction()).hash for element in (plain, encoded_otherwise)}
    hashes |= {
        build_policy_spec(plain, BoolAction(), PolicySettings(memory_cell=cell)).hash
        for cell in ("gru", "lstm", "learning_agents")
    }
    assert len(hashes) == 5


def test_heads_start_at_the_priors() -> None:
    action = StructAction(
        (
            ("gear", ExclusiveDiscreteAction(2, (0.25, 0.75))),
            ("steer", ContinuousAction(1)),
            ("jump", BoolAction(0.1)),
        )
    )
    spec = build_policy_spec(MIXED, action)
    bias = WeightsLayout.of(spec).views(initial_weights(spec, 0))["policy.head.bias"]
    np.testing.assert_allclose(bias, [0, np.log(0.25), np.log(0.75), np.log(0.1 / 0.9)], rtol=1e-6)


def test_what_lies_under_an_encoding_has_a_head_behind_its_layers() -> None:
    inner = EncodingAction(StructAction((("b", ExclusiveDiscreteAction(2)), ("c", FloatAction()))), 5)
    outer = EncodingAction(StructAction((("a", ContinuousAction(2)), ("inner", inner))), 7, (6,), "tanh")
    action = StructAction((("plain", BoolAction()), ("outer", outer)))
    spec = build_policy_spec(MIXED, action, PolicySettings(hidden_sizes=(8,)))
    shapes = {parameter.name: parameter.shape for parameter in spec.parameters}
    assert shapes["policy.head.weight"] == (1, 8)
    assert shapes["decoder.0.0.weight"] == (7, 8)
    assert shapes["decoder.0.1.weight"] == (6, 7)
    assert shapes["decoder.0.head.weight"] == (2, 6)
    assert shapes["decoder.1.0.weight"] == (5, 6)
    assert shapes["decoder.1.head.weight"] == (3, 5)
    # The heads are side by side as [bit | a, a | c, b, b]; the vector has numbers, then choices, then bits.
    (select,) = (operation for operation in spec.operations if operation.kind == "select")
    assert select.attribute("indices") == (1, 2, 3, 4, 5, 0)
    assert spec.outputs == (("distribution", 9),)
    only_choices = build_policy_spec(MIXED, EncodingAction(ExclusiveDiscreteAction(3)))
    assert only_choices.outputs == (("distribution", 3),)


def test_a_union_has_a_logit_for_each_option_and_all_of_their_numbers() -> None:
    action = ExclusiveUnionAction((("wait", NullAction()), ("go", ContinuousAction(2))), (0.9, 0.1))
    spec = build_policy_spec(MIXED, action)
    assert spec.outputs == (("distribution", 2 + 2 + 2),)
    bias = next(parameter for parameter in spec.parameters if parameter.name == "policy.head.bias")
    assert bias.values == pytest.approx((0, 0, np.log(0.9), np.log(0.1)))
