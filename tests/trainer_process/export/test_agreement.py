"""A model that differs from its policy is found out, and it is said where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from host_sdk.host_program.policy_inference import infer
from protocol.policy_file import PolicyFile
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousObservation
from tests.trainer_process.export.policy_maker import HYBRID, NUMBERS, make_policy
from trainer_process.errors import ExportError
from trainer_process.export.agreement import TOLERANCE, check_agreement, spawned_inference
from trainer_process.export.check_case import CheckCases
from trainer_process.export.exact_inference import exact_outputs
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.onnx_model import make_model

OPTIONS = ModelOptions(is_stochastic=True)


def changed(model: ModelProto, name: str, difference: float) -> ModelProto:
    """The model with one constant moved."""
    for constant in model.graph.initializer:
        if constant.name == name:
            constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) + np.float32(difference), name))
            return model
    raise AssertionError([constant.name for constant in model.graph.initializer])


@pytest.mark.parametrize("difference", [1e-3, float("nan")])
def test_a_weight_that_differs_is_found(difference: float) -> None:
    policy = make_policy()
    model = changed(make_model(policy, OPTIONS), "policy.hidden.0.weight", difference)
    agreement = check_agreement(model, policy, OPTIONS, infer)
    assert not agreement.is_close
    assert agreement.largest > TOLERANCE
    assert "distribution of " in agreement.describe()


def test_a_forgotten_memory_is_found_in_the_steps_of_an_episode() -> None:
    policy = make_policy(NUMBERS, HYBRID, PolicySettings(hidden_sizes=(8,), memory_cell="gru", memory_state_size=4))
    model = changed(make_model(policy, OPTIONS), "policy.memory.hidden_weight", 0.1)
    agreement = check_agreement(model, policy, OPTIONS, infer)
    assert not agreement.is_close
    assert check_agreement(make_model(policy, OPTIONS), policy, OPTIONS, infer).is_close


def test_an_action_that_is_decoded_otherwise_is_found() -> None:
    policy = make_policy()
    model = make_model(policy, OPTIONS)
    for node in model.graph.node:
        if node.op_type == "Tanh" and node.output[0] != "network/policy.hidden.0":
            last = node
    last.op_type = "Sigmoid"
    onnx.checker.check_model(model)
    agreement = check_agreement(model, policy, OPTIONS, infer)
    assert not agreement.is_close
    assert "action of" in agreement.where


def test_the_host_is_asked_in_a_process_of_its_own() -> None:
    policy = make_policy()
    agreement = check_agreement(make_model(policy, OPTIONS), policy, OPTIONS)
    assert agreement.is_close
    assert agreement == check_agreement(make_model(policy, OPTIONS), policy, OPTIONS, infer)


def test_a_host_that_fails_says_why() -> None:
    policy = make_policy()
    _, case = next(CheckCases(policy).all())
    with pytest.raises(ExportError, match=r"expected the inputs \['observation'\]"):
        spawned_inference(policy, {"one": {"noise": case["noise"]}})


def test_cases_reach_the_edges() -> None:
    policy: PolicyFile = make_policy()
    cases = dict(CheckCases(policy).all())
    assert {len(case["observation"]) for case in cases.values()} >= {1, 7, 64}
    assert not cases["zeros"]["observation"].any()
    views = np.abs(cases["far above the mean"]["observation"])
    assert (views > policy.policy_settings.normalizer_clip).all()
    assert cases["one option left"]["action_modifier"][:, 4:7].sum(axis=1).tolist() == [2] * 7
    assert (cases["masked actions"]["action_modifier"][:, 4:7].sum(axis=1) <= 2).all()


def amplifying_policy() -> PolicyFile:
    """Weights so large that float32 loses more than the tolerance on the way."""
    settings = PolicySettings(hidden_sizes=(128, 128), activation="relu", memory_cell="gru", memory_state_size=32)
    policy = make_policy(ContinuousObservation(50), HYBRID, settings)
    return replace(policy, snapshot=replace(policy.snapshot, values=policy.snapshot.values * np.float32(6)))


def test_what_float32_loses_by_itself_is_no_difference() -> None:
    policy = amplifying_policy()
    agreement = check_agreement(make_model(policy, OPTIONS), policy, OPTIONS, infer)
    assert agreement.largest > TOLERANCE
    assert agreement.is_close
    assert "within what float32 loses" in agreement.describe()


def test_a_difference_beyond_what_float32_loses_is_found() -> None:
    policy = amplifying_policy()
    model = changed(make_model(policy, OPTIONS), "policy.memory.hidden_weight", 1e-3)
    assert not check_agreement(model, policy, OPTIONS, infer).is_close


def test_exact_numbers_are_what_float32_is_close_to() -> None:
    policy = make_policy(NUMBERS, HYBRID, PolicySettings(hidden_sizes=(8,), memory_cell="lstm", memory_state_size=3))
    case = CheckCases(policy).random(5)
    exact, host = exact_outputs(policy, case), infer(policy, {"one": case})["one"]
    assert exact.keys() == {"distribution", "memory_out"}
    for name, values in exact.items():
        assert values.dtype == np.float64
        np.testing.assert_allclose(host[name], values, rtol=1e-5, atol=1e-6)
