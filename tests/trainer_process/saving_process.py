"""Saves checkpoints in a loop in a child that is killed at a random moment, again and again; says what was left.

    python -m tests.trainer_process.saving_process FOLDER ROUNDS

Every state is of one number; each is saved twice under the same iteration. What a killed child had been told is saved
must still be there, or something newer, and whole.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.trainer_process.numbered_state import number_of, numbered
from trainer_process.atomic_file import write_atomically
from trainer_process.checkpoint_folder import best_checkpoint, latest_checkpoint, save_checkpoint
from trainer_process.checkpoint_header import newest_context
from trainer_process.run_status import STATUS_FILE_NAME, BehaviorStatus, RunStatus, RunStatusFile

POLICY_SIZE = 100_000


def save_for_ever(folder: Path, number: int, told: int) -> None:
    """A behavior's records, again and again; `told` is a descriptor that gets a byte for each number that is kept."""
    status = RunStatusFile(folder / STATUS_FILE_NAME)
    while True:
        number += 1
        saved = numbered(number // 2, number, size=20_000, return_mean=float(-(number % 5)))
        save_checkpoint(folder / "checkpoints", saved, kept=2)
        write_atomically(folder / "policy.lbp", bytes([number % 251]) * POLICY_SIZE)
        status.report("Walker", BehaviorStatus("Walker", "ppo", number // 2, number, 0, number), {})
        os.write(told, b".")


def killed_child(folder: Path, number: int, delay_s: float) -> int:
    """How many numbers a child kept before it was killed."""
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        save_for_ever(folder, number, told)
    os.close(told)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(heard, "rb") as pipe:
        return len(pipe.read())


def main() -> None:
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    drawn, number, confirmed, kills = random.Random(5), 0, 0, 0
    while kills < rounds:
        kept = killed_child(folder, number, drawn.uniform(0.0, 0.06))
        left = latest_checkpoint(folder / "checkpoints")
        if left is None:
            assert number + kept == 0, "a checkpoint that was kept is gone"
            continue
        kills += 1
        found = number_of(left)
        assert found >= number + kept, (found, number, kept)
        assert newest_context(folder / "checkpoints") == left.context
        assert number_of(best_checkpoint(folder / "checkpoints")) > 0
        confirmed = number + kept if kept else confirmed
        if confirmed:
            assert len(set((folder / "policy.lbp").read_bytes())) == 1
            assert RunStatus.read(folder).behaviors["Walker"].steps >= confirmed
        number = found
    print(f"killed {kills} times, {number} saved")


if __name__ == "__main__":
    main()
