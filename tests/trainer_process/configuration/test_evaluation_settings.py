"""What a file says of evaluations reaches the hosts."""

from __future__ import annotations

from pathlib import Path

from host_sdk.run_settings import EvaluationRequest, RunSettings
from trainer_process.configuration import load_configuration


def test_hosts_read_what_the_file_says_of_evaluations(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("default_settings:\n  trainer_type: ppo\nevaluation_settings:\n  interval_steps: 5000\n")
    told = load_configuration(path).host_settings()
    assert RunSettings.from_plain(told).evaluation == EvaluationRequest(5000, 10)


def test_without_an_interval_hosts_are_told_nothing() -> None:
    assert "evaluation_settings" not in load_configuration(None).host_settings()


def test_what_was_typed_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("evaluation_settings:\n  interval_steps: 5000\n  episodes: 3\n")
    told = load_configuration(path, {"evaluation_settings.interval_steps": 70}).host_settings()
    assert RunSettings.from_plain(told).evaluation == EvaluationRequest(70, 3)
