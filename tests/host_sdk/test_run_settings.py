"""What the environment says to a host that a trainer launched."""

from __future__ import annotations

import json

import pytest

from host_sdk import EngineSettings, PolicySettings, RunSettings
from host_sdk.errors import InvalidSettingsError
from protocol.endpoint import RUN_SETTINGS_VARIABLE
from protocol.policy_settings import CriticSettings

CONTENT = {
    "seed": 7,
    "deterministic": True,
    "learns": True,
    "num_areas": 4,
    "engine_settings": {"time_scale": 5, "width": 128, "no_graphics": True},
    "behaviors": {"Walker": {"policy_settings": {"hidden_sizes": [8, 8]}, "critic_settings": {"activation": "relu"}}},
    "default": {"policy_settings": {"normalize_observations": False}},
}


def read(monkeypatch: pytest.MonkeyPatch, content: object) -> RunSettings:
    monkeypatch.setenv(RUN_SETTINGS_VARIABLE, content if isinstance(content, str) else json.dumps(content))
    return RunSettings.from_environment()


def test_a_host_that_no_trainer_launched_has_all_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RUN_SETTINGS_VARIABLE, raising=False)
    run = RunSettings.from_environment()
    assert run == RunSettings()
    assert run.engine == EngineSettings()
    assert run.policy_settings("any") == PolicySettings()
    assert run.critic_settings("any", CriticSettings(hidden_sizes=(3,))) == CriticSettings(hidden_sizes=(3,))
    assert run.action_noise_scale == 1.0


def test_what_the_file_names_is_laid_over_the_game_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    run = read(monkeypatch, CONTENT)
    assert (run.seed, run.num_areas, run.deterministic, run.learns) == (7, 4, True, True)
    assert run.engine == EngineSettings(time_scale=5, width=128, no_graphics=True)
    own = PolicySettings(hidden_sizes=(3,), activation="relu")
    assert run.policy_settings("Walker", own) == PolicySettings(hidden_sizes=(8, 8), activation="relu")
    assert run.critic_settings("Walker") == CriticSettings(activation="relu")
    other = run.policy_settings("Hopper", own)
    assert other == PolicySettings(hidden_sizes=(3,), activation="relu", normalize_observations=False)
    assert run.critic_settings("Hopper") == CriticSettings()


@pytest.mark.parametrize(("content", "scale"), [({"deterministic": True}, 0.0), ({"learns": False}, 0.0), ({}, 1.0)])
def test_agents_that_only_play_act_by_the_mode(monkeypatch: pytest.MonkeyPatch, content: object, scale: float) -> None:
    assert read(monkeypatch, content).action_noise_scale == scale


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "expected JSON"),
        ([], r"\$: expected a dict of settings"),
        ({"sead": 1}, r"\$\.sead: expected one of behaviors, default, deterministic"),
        ({"seed": True}, r"\$\.seed: expected an integer, got True"),
        ({"learns": 1}, r"\$\.learns: expected true or false, got 1"),
        ({"num_areas": 0}, r"\$\.num_areas: expected at least 1"),
        ({"engine_settings": {"time_scale": "fast"}}, r"\$\.engine_settings\.time_scale: expected a finite number"),
        ({"engine_settings": {"fps": 1}}, r"\$\.engine_settings\.fps: expected one of capture_frame_rate"),
        ({"behaviors": {"A": {"policy": {}}}}, r"\$\.behaviors\.A\.policy: expected one of critic_settings"),
        ({"default": {"policy_settings": {"layers": 2}}}, r"\$\.default\.policy_settings\.layers: expected one of"),
    ],
)
def test_what_is_damaged_is_refused_by_its_path(monkeypatch: pytest.MonkeyPatch, content: object, words: str) -> None:
    with pytest.raises(InvalidSettingsError, match=words):
        read(monkeypatch, content)


def test_a_network_that_can_t_be_is_refused_by_its_path() -> None:
    run = RunSettings.from_plain({"behaviors": {"A": {"policy_settings": {"hidden_sizes": [0]}}}})
    with pytest.raises(InvalidSettingsError, match=r"\$\.behaviors\.A\.policy_settings\.hidden_sizes\[0\]: expected"):
        run.policy_settings("A")
