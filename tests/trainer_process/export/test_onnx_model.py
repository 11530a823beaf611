"""A model says what it is, and takes what the game decides."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from protocol.policy_settings import PolicySettings
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    ImageObservation,
    InclusiveDiscreteAction,
    ObservationElement,
    OptionalObservation,
    SetObservation,
    StructAction,
    StructObservation,
    observation_from_wire,
)
from protocol.weights import WeightsLayout, WeightsSnapshot
from tests.onnx_runner import run_model
from tests.trainer_process.export.policy_maker import HYBRID, NUMBERS, make_policy
from trainer_process.errors import ExportError
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.onnx_model import describe_model, make_model

ML_AGENTS = ModelOptions("ml-agents")


def test_inputs_and_outputs_have_names_shapes_and_meanings() -> None:
    action = StructAction((("throttle", ContinuousAction(2)), ("gear", ExclusiveDiscreteAction(3))))
    observation = StructObservation((("speed", ContinuousObservation(4)), ("camera", ImageObservation(6, 5, 3))))
    settings = PolicySettings(hidden_sizes=(8,), memory_cell="gru", memory_state_size=5)
    described = describe_model(make_model(make_policy(observation, action, settings), ModelOptions(is_stochastic=True)))
    for line in (
        "float32[batch, 4]          observation: ",
        "uint8[batch, 90]           images: ",
        "float32[batch, 5]          memory: ",
        "float32[batch, 7]          action_modifier: ",
        "float32[batch, 5]          noise: ",
        "float32[batch, 7]          distribution: ",
        "float32[batch, 5]          action: ",
        "float32[batch, 5]          sampled_action_vector: ",
        "float32[batch, 5]          memory_out: ",
    ):
        assert line in described
    assert "opset 15" in described


def test_a_model_has_no_inputs_that_it_has_no_use_for() -> None:
    model = make_model(make_policy(), ModelOptions(has_modifiers=False))
    assert [value.name for value in model.graph.input] == ["observation"]
    assert [value.name for value in model.graph.output] == ["distribution", "action", "action_vector"]


def test_metadata_hold_the_schemas_the_layouts_and_the_version() -> None:
    policy = make_policy()
    model = make_model(policy)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert (metadata["behavior"], metadata["policy_version"], model.model_version) == ("walker", "7", 7)
    assert observation_from_wire(json.loads(metadata["observation_schema"])) == policy.observation
    assert metadata["network_hash"] == f"{policy.policy_spec.hash:#018x}"
    (steering, gear, lamps) = json.loads(metadata["action_layout"])
    assert (steering["path"], gear["path"], lamps["path"]) == ("$.steering", "$.gear", "$.lamps")
    assert (gear["offset"], gear["size"], lamps["offset"]) == (2, 3, 5)
    assert json.loads(metadata["policy_metadata"]) == {"run": "friday"}


def test_given_numbers_are_taken_and_masked_options_are_not() -> None:
    policy = make_policy()
    model = make_model(policy)
    observation = np.zeros((4, 4), np.float32)
    free = run_model(model, observation=observation, action_modifier=np.zeros((4, 9), np.float32))
    modifier = np.zeros((4, 9), np.float32)
    modifier[:, 0], modifier[:, 2] = np.arange(4), 1  # the first number is given
    modifier[:, 4:6] = 1  # two of three options are masked
    modifier[:, 7:9] = 1  # and both bits
    held = run_model(model, observation=observation, action_modifier=modifier)
    assert held["action_vector"][:, 0].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(held["action"][:, 0], -3 + 2 * (np.tanh(np.arange(4)) + 1), rtol=1e-6)
    assert held["action_vector"][:, 1].tolist() == free["action_vector"][:, 1].tolist()
    assert held["action"][:, 2:].tolist() == [[0, 0, 1, 0, 0]] * 4
    assert held["distribution"].tolist() == free["distribution"].tolist()


def test_what_lies_below_an_option_that_was_not_chosen_is_not_acted() -> None:
    action = ExclusiveUnionAction((("walk", ContinuousAction(1)), ("jump", ContinuousAction(1))))
    model = make_model(make_policy(NUMBERS, action))
    modifier = np.zeros((2, 6), np.float32)
    modifier[:, :2], modifier[:, 2:4] = 5, 1
    modifier[0, 5] = modifier[1, 4] = 1  # one walks, the other jumps
    results = run_model(model, observation=np.zeros((2, 4), np.float32), action_modifier=modifier)
    assert results["action"].tolist() == [[5, 0, 1, 0], [0, 5, 0, 1]]


def test_noise_decides_what_is_sampled_and_leaves_the_most_likely_action_alone() -> None:
    model = make_model(make_policy(), ModelOptions(has_modifiers=False, is_stochastic=True))
    noise = np.full((2, 7), 0.5, np.float32)
    noise[:, :2] = 0
    noise[1] = [1, -1, 1e-6, 1 - 1e-6, 1e-6, 1e-6, 1 - 1e-6]
    results = run_model(model, observation=np.zeros((2, 4), np.float32), noise=noise)
    assert results["sampled_action"][0].tolist() == results["action"][0].tolist()
    deviations = np.exp(results["distribution"][1, 2:4])
    np.testing.assert_allclose(
        results["sampled_action_vector"][1, :2], results["action_vector"][1, :2] + deviations * [1, -1], rtol=1e-6
    )
    assert results["sampled_action"][1, 2:].tolist() == [0, 1, 0, 0, 1]


def test_ml_agents_names_have_its_constants_and_its_forms() -> None:
    action = StructAction((("throttle", ContinuousAction(2)), ("gear", ExclusiveDiscreteAction(3))))
    settings = PolicySettings(hidden_sizes=(8,), memory_cell="lstm", memory_state_size=5)
    model = make_model(make_policy(NUMBERS, action, settings), ML_AGENTS)
    allowed = np.array([[0, 0, 1], [1, 0, 0]], np.float32)
    memory = np.zeros((2, 1, 10), np.float32)
    results = run_model(model, obs_0=np.zeros((2, 4), np.float32), action_masks=allowed, recurrent_in=memory)
    assert (results["version_number"].tolist(), results["memory_size"].tolist()) == ([3], [10])
    assert results["continuous_action_output_shape"].tolist() == [2]
    assert results["discrete_action_output_shape"].tolist() == [[3]]
    assert results["deterministic_discrete_actions"].tolist() == [[2], [0]]
    assert results["discrete_actions"].tolist() == [[2], [0]]
    assert results["continuous_actions"].tolist() == results["deterministic_continuous_actions"].tolist()
    assert results["recurrent_out"].shape == (2, 1, 10)
    assert results["recurrent_out"].any()


def test_sampling_under_ml_agents_names_keeps_to_what_is_allowed() -> None:
    action = StructAction((("throttle", ContinuousAction(1)), ("gear", ExclusiveDiscreteAction(3))))
    model = make_model(make_policy(NUMBERS, action), ModelOptions("ml-agents", is_stochastic=True))
    allowed = np.tile(np.array([1, 0, 1], np.float32), (200, 1))
    results = run_model(model, obs_0=np.zeros((200, 4), np.float32), action_masks=allowed)
    assert set(results["discrete_actions"][:, 0].tolist()) == {0, 2}
    assert np.ptp(results["deterministic_discrete_actions"]) == 0
    assert np.std(results["continuous_actions"]) > 0.5
    assert np.ptp(results["deterministic_continuous_actions"]) == 0


@pytest.mark.parametrize(
    ("observation", "action", "path", "word"),
    [
        (NUMBERS, HYBRID, r"\$\.lamps", "several options"),
        (NUMBERS, ExclusiveUnionAction((("walk", ContinuousAction(1)),)), r"\$\.walk", "an option above it"),
        (StructObservation((("foes", SetObservation(NUMBERS, 3)),)), ContinuousAction(1), r"\$\.foes", "set"),
        (OptionalObservation(NUMBERS), ContinuousAction(1), r"\$", "union"),
        (NUMBERS, InclusiveDiscreteAction(2), r"\$", "several options"),
    ],
)
def test_what_ml_agents_has_no_form_for_is_refused_by_name(
    observation: ObservationElement, action: ActionElement, path: str, word: str
) -> None:
    with pytest.raises(ExportError, match=f"^{path}: expected .*{word}.*own names"):
        make_model(make_policy(observation, action), ML_AGENTS)


def test_a_normaliser_that_has_seen_nothing_but_zeros_stays_finite() -> None:
    policy = make_policy()
    values = policy.snapshot.values.copy()
    WeightsLayout.of(policy.policy_spec).views(values)["normalizer.variance"][...] = 0
    policy = replace(policy, snapshot=WeightsSnapshot(policy.snapshot.network_hash, 1, values))
    results = run_model(
        make_model(policy), observation=np.zeros((1, 4), np.float32), action_modifier=np.zeros((1, 9), np.float32)
    )
    assert np.isfinite(results["distribution"]).all()
