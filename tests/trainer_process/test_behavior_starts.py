"""What the command line says of networks wins over the file, and is told as the command line's."""

from __future__ import annotations

from pathlib import Path

from trainer_process.behavior_starts import BehaviorStarts
from trainer_process.run_folder import RunFolder
from trainer_process.run_plan import RunPlan
from trainer_process.start_settings import StartSettings

FILE = """
behaviors:
  Walker:
    trainer_type: ppo
    policy_settings: {hidden_sizes: [32], activation: relu}
checkpoint_settings:
  run_id: walk
"""


def test_networks_that_were_typed_win_over_the_file_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(FILE)
    plan = RunPlan.load(tmp_path / "run.yaml", {"checkpoint_settings.results_dir": str(tmp_path / "results")})
    folder = RunFolder.claim(tmp_path / "results", "walk")
    typed = {"policy": {"hidden_sizes": [64, 64]}, "epochs": 2}
    start = BehaviorStarts(plan, folder, StartSettings(), typed)("Walker")
    assert start.networks["policy_settings"] == {"hidden_sizes": [64, 64], "activation": "relu"}
    sources = start.override_sources
    assert sources["policy_settings.hidden_sizes"] == sources["epochs"] == "command line"
    assert sources["policy_settings.activation"].endswith("run.yaml:5")
    assert sources["trainer_type"].endswith("run.yaml:4")
    assert start.trainer_type == "ppo"
    assert folder.configuration_file.is_file()
