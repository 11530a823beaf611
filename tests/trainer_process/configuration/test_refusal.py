"""What ML-Agents has and this project hasn't is refused by name, with its place and the nearest thing."""

from __future__ import annotations

import pytest

from tests.trainer_process.configuration.configured import configuration, problem
from trainer_process.configuration.refusal import OF_BEHAVIORS

VALUES = {
    "trainer_type": "sac",
    "hyperparameters.shared_critic": "true",
    "network_settings.goal_conditioning_type": "hyper",
    "network_settings.vis_encode_type": "nature_cnn",
    "reward_signals.curiosity": "{}",
    "reward_signals.rnd": "{}",
    "reward_signals.gail": "{demo_path: a.demo}",
    "behavioral_cloning": "{demo_path: a.demo}",
    "self_play": "{}",
    "init_path": "Walker.onnx",
}


def behavior(path: str, value: str) -> str:
    """A file with that value in a behavior, and what must stand beside it."""
    outer, _, inner = path.partition(".")
    beside = ["trainer_type: ppo"] if outer != "trainer_type" else []
    if outer == "reward_signals":
        value = f"{{extrinsic: {{}}, {inner}: {value}}}"
    elif inner:
        value = f"{{{inner}: {value}}}"
    return f"behaviors:\n  Walker: {{{', '.join([*beside, f'{outer}: {value}'])}}}"


def test_every_refusal_is_tried_here() -> None:
    assert set(VALUES) == set(OF_BEHAVIORS)


@pytest.mark.parametrize("path", sorted(VALUES))
def test_a_refusal_names_the_place_the_key_and_what_to_do(path: str) -> None:
    found = problem(behavior(path, VALUES[path]))
    assert found.startswith("config.yaml:2:")
    assert f": $.behaviors.Walker.{path}: expected {OF_BEHAVIORS[path].expected}, got " in found
    assert found.endswith(OF_BEHAVIORS[path].nearest)


@pytest.mark.parametrize(
    "text",
    [
        "behaviors: {W: {self_play: null, behavioral_cloning: ~}}",
        "behaviors: {W: {reward_signals: {extrinsic: {}, rnd: null}}}",
        "behaviors: {W: {network_settings: {vis_encode_type: simple, goal_conditioning_type: none}}}",
        "behaviors: {W: {trainer_type: ppo, hyperparameters: {shared_critic: false}}}",
        "behaviors: {W: {init_path: results/old/W/policy.lbp}}",
    ],
)
def test_what_asks_for_nothing_that_is_missing_is_taken(text: str) -> None:
    assert configuration(text).warnings == ()


def test_what_default_settings_ask_for_is_refused_once() -> None:
    found = problem("default_settings: {self_play: {window: 3}}\nbehaviors: {A: {}, B: {}}")
    assert found.startswith("config.yaml:1:31: $.default_settings.self_play: expected nothing there")


@pytest.mark.parametrize("kind", ["mappo", "poca", "sac"])
def test_other_trainers_are_refused_with_the_nearest(kind: str) -> None:
    found = problem(f"behaviors: {{W: {{trainer_type: {kind}}}}}")
    assert f"got '{kind}'; trainer_type: ppo is the nearest" in found


def test_without_any_reward_nothing_can_be_learnt() -> None:
    assert "$.behaviors.W.reward_signals: expected extrinsic" in problem("behaviors: {W: {reward_signals: {}}}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("checkpoint_settings: {train_model: true}", "$.checkpoint_settings.train_model: it is of no effect"),
        ("env_settings: {base_port: 5006}", "$.env_settings.base_port: it is not needed"),
        (
            "behaviors: {W: {reward_signals: {extrinsic: {network_settings: {}}}}}",
            "$.behaviors.W.reward_signals.extrinsic.network_settings: it is of no effect",
        ),
    ],
)
def test_what_is_of_no_effect_is_told(text: str, words: str) -> None:
    (warning,) = configuration(text).warnings
    assert warning.startswith("config.yaml:1:")
    assert words in warning
