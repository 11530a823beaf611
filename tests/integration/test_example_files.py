"""Configuration files written after ML-Agents' own examples train a small world with their behaviors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.policy_file import load_policy
from protocol.policy_settings import PolicySettings

HANG_S = 55.0
FILES = Path(__file__).resolve().parents[1] / "trainer_process" / "configuration" / "files"
WORLD = f"{sys.executable} -m tests.integration.example_world"
SHORT = (
    *("--total-steps", "256", "--set", "steps_per_update=128", "--set", "minibatch_size=64", "--set", "epochs=1"),
    *("--checkpoint-interval", "0", "--no-rollout-save-final", "--rollout-save-n-timesteps", "0"),
)
EXAMPLES = {
    "balance_ball": {"BalanceBall": PolicySettings(hidden_sizes=(96, 96), normalize_observations=True)},
    "walker": {"Walker": PolicySettings(hidden_sizes=(288, 288, 288), normalize_observations=True)},
    "hallway": {
        "Hallway": PolicySettings(
            hidden_sizes=(112, 112), memory_cell="lstm", memory_state_size=48, normalize_observations=False
        )
    },
    "wall_jump": {
        "BigWallJump": PolicySettings(hidden_sizes=(224, 224)),
        "SmallWallJump": PolicySettings(hidden_sizes=(224, 224)),
    },
    "randomised_ball": {"BalanceBall": PolicySettings(hidden_sizes=(128, 128), normalize_observations=True)},
    "visual_grid": {"VisualGrid": PolicySettings(hidden_sizes=(160,))},
    "crawler": {
        "CrawlerStatic": PolicySettings(hidden_sizes=(384, 384, 384), normalize_observations=True),
        "CrawlerDynamic": PolicySettings(hidden_sizes=(384, 384, 384), normalize_observations=True),
    },
    "food_collector": {"FoodCollector": PolicySettings(hidden_sizes=(256,))},
    "push_block": {"PushBlock": PolicySettings(hidden_sizes=(192, 192), activation="relu")},
}


def train(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "trainer_process", "train", "--results-dir", str(folder), "--run-id", "run", *arguments],
        cwd=FILES.parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_s_file_trains_its_behaviors_in_a_small_world(tmp_path: Path, example: str) -> None:
    behaviors = EXAMPLES[example]
    file = FILES / f"{example}.yaml"
    output = train(str(file), *SHORT, "--env", WORLD, "--env-args", *behaviors, folder=tmp_path)
    told = json.loads(re.findall(r"\{.*\}", output)[-1])
    assert set(told["versions"]) == set(behaviors)
    assert min(told["versions"].values()) >= 2, "the last update's weights came"
    for name, expected in behaviors.items():
        settings = load_policy(tmp_path / "run" / name / "policy.lbp").policy_settings
        for setting in ("hidden_sizes", "activation", "memory_cell", "memory_state_size"):
            assert getattr(settings, setting) == getattr(expected, setting), setting
    assert (tmp_path / "run" / "configuration.yaml").is_file()


@pytest.mark.slow
def test_a_file_with_one_behavior_trains_any_world(tmp_path: Path) -> None:
    output = train(
        str(FILES / "balance_ball.yaml"), *SHORT, "--env", "gymnasium:Pendulum-v1", "--no-graphics", folder=tmp_path
    )
    assert "behaviors.BalanceBall.network_settings.hidden_units: 96  (balance_ball.yaml:" in output
    assert load_policy(tmp_path / "run" / "BalanceBall" / "policy.lbp").policy_settings.hidden_sizes == (96, 96)
