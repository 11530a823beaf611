"""The names that a game finds: those of the engine's own pages, in snake case, with the same arguments."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import host_sdk
from host_sdk import host_api

ROOT = Path(host_sdk.__file__).parents[1]

INTERACTOR_METHODS = {
    "gather_agent_observation": ["observation_object", "agent_id"],
    "gather_agent_observations": ["observation_object", "agent_ids"],
    "gather_observations": [],
    "get_action_distribution_vector_size": [],
    "get_action_encoded_vector_size": [],
    "get_action_vector": ["agent_id=-1"],
    "get_action_vector_size": [],
    "get_observation_encoded_vector_size": [],
    "get_observation_vector": ["agent_id=-1"],
    "get_observation_vector_size": [],
    "has_action_vector": ["agent_id=-1"],
    "has_observation_vector": ["agent_id=-1"],
    "make_interactor": ["manager", "class_", "name=Interactor"],
    "perform_actions": [],
    "perform_agent_action": ["action_object", "action_object_element", "agent_id"],
    "perform_agent_actions": ["action_object", "action_object_elements", "agent_ids"],
    "set_action_vector": [
        "action_vector",
        "action_compatibility_hash",
        "agent_id=-1",
        "increment_iteration=True",
    ],
    "set_observation_vector": [
        "observation_vector",
        "observation_compatibility_hash",
        "agent_id=-1",
        "increment_iteration=True",
    ],
    "setup_interactor": ["manager"],
    "specify_agent_action": ["action_schema"],
    "specify_agent_observation": ["observation_schema"],
}
INTERACTOR_PROPERTIES = [
    "action_object",
    "action_object_elements",
    "action_schema",
    "action_schema_element",
    "is_setup",
    "manager",
    "observation_object",
    "observation_object_elements",
    "observation_schema",
    "observation_schema_element",
    "visual_logger_objects",
]
ENVIRONMENT_METHODS = {
    "gather_agent_completion": ["agent_id"],
    "gather_agent_completions": ["agent_ids"],
    "gather_agent_reward": ["agent_id"],
    "gather_agent_rewards": ["agent_ids"],
    "gather_completions": [],
    "gather_rewards": [],
    "get_completion": ["agent_id=-1"],
    "get_episode_time": ["agent_id=-1"],
    "get_reward": ["agent_id=-1"],
    "has_completion": ["agent_id=-1"],
    "has_reward": ["agent_id=-1"],
    "make_training_environment": ["manager", "class_", "name=TrainingEnvironment"],
    "reset_agent_episode": ["agent_id"],
    "reset_agent_episodes": ["agent_ids"],
    "setup_training_environment": ["manager"],
}
ENVIRONMENT_PROPERTIES = ["is_setup", "manager", "visual_logger_objects"]
IMITATION_TRAINER_METHODS = {
    "begin_training": ["recording", "training_settings=None"],
    "end_training": [],
    "iterate_training": [],
    "make_imitation_trainer": ["manager", "interactor", "policy", "communicator=None", "settings=None"],
    "run_training": ["recording", "training_settings=None"],
}
IMITATION_TRAINER_PROPERTIES = [
    "has_training_failed",
    "interactor",
    "is_setup",
    "is_training",
    "manager",
    "policy",
    "visual_logger_objects",
]
"""Two of them are methods on the page too; here they are properties, as everywhere."""


@pytest.mark.parametrize(
    ("class_", "methods"),
    [
        (host_sdk.Interactor, INTERACTOR_METHODS),
        (host_sdk.TrainingEnvironment, ENVIRONMENT_METHODS),
        (host_sdk.ImitationTrainer, IMITATION_TRAINER_METHODS),
    ],
)
def test_every_method_of_the_pages_is_there_with_its_arguments(class_: type, methods: dict[str, list[str]]) -> None:
    for name, expected in methods.items():
        parameters = list(inspect.signature(getattr(class_, name)).parameters.values())
        parameters = [known for known in parameters if known.name != "self" and known.kind is not known.VAR_KEYWORD]
        wanted = [argument.partition("=") for argument in expected]
        assert [known.name for known in parameters] == [argument for argument, _, _ in wanted], name
        for known, (_, has_default, default) in zip(parameters, wanted, strict=True):
            assert not has_default or str(known.default) == default, name


@pytest.mark.parametrize(
    ("class_", "names"),
    [
        (host_sdk.Interactor, INTERACTOR_PROPERTIES),
        (host_sdk.TrainingEnvironment, ENVIRONMENT_PROPERTIES),
        (host_sdk.ImitationTrainer, IMITATION_TRAINER_PROPERTIES),
    ],
)
def test_every_property_of_the_pages_is_there_and_read_only(class_: type, names: list[str]) -> None:
    for name in names:
        found = inspect.getattr_static(class_, name)
        assert isinstance(found, property), name
        assert found.fset is None, name


def test_all_public_names_are_loaded_by_asking_for_one() -> None:
    assert host_api.__all__ == host_sdk.__all__
    assert {name: getattr(host_sdk, name) for name in host_sdk.__all__} == {
        name: getattr(host_api, name) for name in host_api.__all__
    }
    assert set(host_sdk.__all__) <= set(dir(host_sdk))
    with pytest.raises(AttributeError, match="no attribute 'Interacter'"):
        _ = host_sdk.Interacter


def test_a_stray_module_named_protocol_is_named_in_the_error(tmp_path: Path) -> None:
    stray = tmp_path / "protocol.py"
    stray.write_text("")
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; import host_sdk"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: host_sdk needs learning-bridge's package `protocol`" in done.stderr
    assert str(stray) in done.stderr
