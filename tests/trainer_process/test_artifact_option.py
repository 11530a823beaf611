"""What a training keeps: rollouts by steps or by episodes, at least one where they are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from trainer_process.artifact_option import ArtifactOptions, take_artifact_options
from trainer_process.errors import RunFolderError
from trainer_process.run_folder import BehaviorFolder


def values(**given: Any) -> dict[str, Any]:
    """The options' values, with what `given` says."""
    usual: dict[str, Any] = {
        "policy_save_interval": 0,
        "policy_save_final": True,
        "rollout_save_final": True,
        "rollout_save_n_timesteps": None,
        "rollout_save_n_episodes": None,
        "agent_path": None,
        "other": 1,
    }
    return usual | given


def test_two_thousand_steps_are_the_default_and_other_values_stay() -> None:
    options = values()
    assert take_artifact_options(options) == ArtifactOptions()
    assert options == {"other": 1}


@pytest.mark.parametrize(
    ("steps", "episodes", "expected"), [(None, 5, (0, 5)), (300, None, (300, 0)), (300, 5, (300, 5)), (0, 2, (0, 2))]
)
def test_both_minima_hold_where_both_are_given(
    steps: int | None, episodes: int | None, expected: tuple[int, int]
) -> None:
    found = take_artifact_options(values(rollout_save_n_timesteps=steps, rollout_save_n_episodes=episodes))
    assert (found.rollout_steps, found.rollout_episodes) == expected


def test_rollouts_that_are_kept_must_be_some() -> None:
    with pytest.raises(click.UsageError, match="above 0, got none"):
        take_artifact_options(values(rollout_save_n_timesteps=0))
    found = take_artifact_options(values(rollout_save_n_timesteps=0, rollout_save_final=False))
    assert not found.has_rollouts


def test_a_run_to_start_from_must_have_a_policy(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="policy file"):
        take_artifact_options(values(agent_path=tmp_path))
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "policy.lbp").touch()
    assert take_artifact_options(values(agent_path=tmp_path)).agent_path == tmp_path / "default" / "policy.lbp"


def test_policies_are_kept_by_their_steps(tmp_path: Path) -> None:
    folder = BehaviorFolder(tmp_path)
    assert folder.policy_file_at(512) == tmp_path / "policies" / "000000000512" / "policy.lbp"
    assert folder.policy_file_at("final") == tmp_path / "policies" / "final" / "policy.lbp"
