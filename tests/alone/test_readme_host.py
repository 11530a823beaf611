"""The README's host, as printed: it launches a trainer of low priority, which starves beside other tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.test_docs import readme_block


@pytest.mark.timeout(240)  # it trains for real, beside whatever else the machine does
def test_the_readmes_host_runs_as_printed_and_clones_a_script(tmp_path: Path) -> None:
    game = readme_block("host") + readme_block("demonstrations")
    (tmp_path / "game.py").write_text(game, encoding="utf-8")
    done = subprocess.run([sys.executable, "game.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.endswith("failure: None"), done.stdout + done.stderr
    assert second == "cloned 128 episodes, failure: None", done.stdout + done.stderr
    assert (tmp_path / "pushes.lbr").exists()
    assert (tmp_path / "clone.lbp").exists()
