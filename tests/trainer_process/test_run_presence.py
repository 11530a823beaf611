"""Whether somebody works on a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from trainer_process.run_presence import PRESENCE_FILE_NAME, RunPresence, find_presence

PROGRAM = """
import sys
from pathlib import Path
from trainer_process.run_presence import RunPresence
presence = RunPresence(Path(sys.argv[1]))
presence.announce()
print("there", flush=True)
sys.stdin.read()
"""


def test_a_run_is_worked_on_from_its_announcement_to_its_end(tmp_path: Path) -> None:
    presence = RunPresence(tmp_path)
    assert find_presence(tmp_path) is None
    presence.announce()
    presence.announce()
    found = find_presence(tmp_path)
    assert found is not None
    assert found.process_id == os.getpid()
    presence.end()
    presence.end()
    assert find_presence(tmp_path) is None


def test_a_process_that_was_killed_works_on_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        found = find_presence(tmp_path)
        process.kill()
    assert found is not None
    assert found.process_id == process.pid
    assert (tmp_path / PRESENCE_FILE_NAME).exists()
    assert find_presence(tmp_path) is None


def test_nothing_is_said_before_the_folder_is_there(tmp_path: Path) -> None:
    presence = RunPresence(tmp_path / "run")
    presence.announce()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    presence.announce()
    assert find_presence(tmp_path / "run") is not None
    presence.end()
