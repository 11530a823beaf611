"""What a host may name as the reward to learn from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from protocol.messages import Configure, Refused, Welcome
from protocol.policy_settings import PolicySettings
from tests.trainer_process.server_world import START, World, configure, hello


def refusal(world: World, message: Configure) -> Refused:
    """The answer to a Configure that can't be accepted."""
    host = world.host()
    host.ask(hello(), Welcome)
    return host.ask(message, Refused)


def test_a_reward_that_is_none_is_refused_by_its_setting(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        settings = {"reward_path": str(tmp_path / "nowhere.safetensors")}
        refused = refusal(world, configure(trainer_type="ppo", settings=settings))
        assert (refused.code, refused.where) == ("INVALID_SETTINGS", "$.settings.reward_path")
        assert "nowhere" in refused.received
        assert "--set" in refused.remedy


def test_a_host_on_another_machine_names_no_reward_outside_the_results(tmp_path: Path) -> None:
    root = tmp_path / "results"
    with World(tmp_path, start=replace(START, checkpoint_root=root)) as world:
        refused = refusal(world, configure(trainer_type="ppo", settings={"reward_path": "../secret.safetensors"}))
        assert refused.where == "$.settings.reward_path"
        assert refused.expected == f"a path inside {root}"


def test_the_reward_of_such_a_host_is_looked_for_inside_the_results(tmp_path: Path) -> None:
    root = tmp_path / "results"
    with World(tmp_path, start=replace(START, checkpoint_root=root)) as world:
        refused = refusal(world, configure(trainer_type="ppo", settings={"reward_path": "run/Walker"}))
        assert str(root / "run" / "Walker") in refused.received


def test_airl_refuses_a_policy_with_memory_by_its_setting(tmp_path: Path) -> None:
    policy = PolicySettings(hidden_sizes=(8,), memory_cell="gru", memory_state_size=4)
    with World(tmp_path) as world:
        refused = refusal(world, configure(trainer_type="airl", policy=policy))
        assert (refused.code, refused.where) == ("INVALID_SETTINGS", "$.policy_settings.memory_cell")
        assert "gail" in refused.expected
