"""A game's own numbers, from the hosts' messages into the behavior's metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from protocol.messages import Credit, Failure, Statistics
from tests.trainer_process.server_world import World, configure, experience


def entry(value: float, aggregation: str = "average", count: int = 1) -> dict[str, Any]:
    return {"aggregation": aggregation, "count": count, "value": value}


def rows_of(world: World) -> list[dict[str, float]]:
    return [json.loads(line) for line in (world.folder / "metrics.jsonl").read_text().splitlines()]


def test_numbers_of_all_hosts_are_in_the_next_row_of_metrics(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        first, second = world.host(), world.host()
        first.join()
        second.join()
        first.say(Statistics("Walker", {"Player/Jumps": entry(2.0, "sum"), "height": entry(1.0, count=3)}))
        second.say(Statistics("", {"Player/Jumps": entry(3.0, "sum"), "height": entry(5.0)}))
        second.say(Statistics("Walker", {"level": entry(9.0, "most_recent")}))
        world.settle()
        first.say(Statistics("Walker", {"level": entry(4.0, "most_recent")}))
        world.settle()
        first.ask(experience(), Credit)
        (row,) = rows_of(world)
    assert (row["Player/Jumps"], row["height"], row["level"]) == (5.0, 2.0, 4.0)


def test_numbers_after_the_last_update_are_kept_at_the_end(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.ask(experience(), Credit)
        host.say(Statistics("", {"level": entry(4.0)}))
        world.settle()
    first, last = rows_of(world)
    assert "level" not in first
    assert (last["steps"], last["level"]) == (first["steps"], 4.0)


def test_numbers_of_a_behavior_that_the_host_has_not_are_refused(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join(configure())
        assert host.is_refused(Statistics("Runner", {"level": entry(4.0)})).code == "UNKNOWN_BEHAVIOR"


def test_a_host_that_breaks_the_rules_is_told_and_let_go(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        host.say(Statistics("Walker", {"level": {**entry(1.0), "unit": "m"}}))
        world.until(lambda: host.all_heard(Failure), "the failure")
        (told,) = host.all_heard(Failure)
    assert told.code == "PROTOCOL_ERROR"
    assert "$.entries['level']: expected aggregation, count and value" in told.reason
