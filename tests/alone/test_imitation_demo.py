"""The demo of imitation: an expert is recorded and cloned, and the clone goes on, through two trainer processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host_sdk.mock_engine.imitation_demo import main
from protocol.policy_file import load_policy
from protocol.recording import RecordingReader


@pytest.mark.timeout(120)
def test_the_demo_shows_expert_clone_and_fine_tuned_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--agents",
        "16",
        "--episodes",
        "64",
        "--epochs",
        "4",
        "--total-steps",
        "8192",
        "--evaluation-ticks",
        "200",
    ]
    options += ["--results-directory", str(tmp_path), "--run-id", "demo", "--report", "json-lines"]
    assert main(options) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    summary = events[-1]["summary"]
    assert summary["return_untrained"] < summary["return_clone"]
    assert summary["return_untrained"] < summary["return_expert"]
    assert summary["is_complete"]
    assert "return_fine_tuned" in summary
    with RecordingReader(tmp_path / "demo" / "expert.lbr") as recording:
        assert len(recording) >= 64
        assert recording.header.metadata["actor"] == "expert"
    clone = load_policy(tmp_path / "demo" / "clone" / "default" / "policy.lbp")
    tuned = load_policy(tmp_path / "demo" / "fine-tuned" / "default" / "policy.lbp")
    assert 0 < clone.snapshot.version < tuned.snapshot.version
