"""A game's own numbers, from its ticks into the metrics of the real trainer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host_sdk import Communicator, CommunicatorSettings, StatAggregation, TrainerProcessSettings

from .noop_host import NoopHost
from .real_trainer import HANG_S, QUICK, train_until

pytestmark = pytest.mark.timeout(240)


def test_what_a_game_counts_is_in_the_metrics_to_the_last_number(tmp_path: Path, hosts: list[NoopHost]) -> None:
    # it may take its time to write the last row: on a busy machine more than the second that other tests give it
    process = TrainerProcessSettings(results_directory=tmp_path, low_priority=False, stop_timeout_s=HANG_S)
    communicator = Communicator.make_launched(process, CommunicatorSettings(connect_timeout_s=HANG_S))
    host = NoopHost(communicator, training_settings=QUICK)
    hosts.append(host)
    added = 0

    def count_and_look() -> bool:
        nonlocal added
        host.trainer.stats.add("Player/Jumps", 1, StatAggregation.SUM)
        host.communicator.stats.add("fps", 60.0)
        added += 1
        return host.trainer.iteration >= 3

    train_until(host, count_and_look)
    folder = Path(host.trainer.run_directory)
    host.trainer.end_training()
    host.communicator.close()
    (path,) = folder.glob("**/metrics.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum(row.get("Player/Jumps", 0.0) for row in rows) == added
    assert {row["fps"] for row in rows if "fps" in row} == {60.0}
    assert (folder / "timers.json").exists() or (folder.parent / "timers.json").exists()
