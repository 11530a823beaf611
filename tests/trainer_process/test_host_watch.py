"""What a training looks after while it serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from trainer_process.behavior import BehaviorState
from trainer_process.host_processes import HostProcesses
from trainer_process.host_watch import HostWatch
from trainer_process.server import Server


@dataclass
class Clock:
    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class ABehavior:
    state: BehaviorState


@dataclass
class AServer:
    """As much of a server as a watch looks at."""

    sessions: list[object] = field(default_factory=list)
    behaviors: dict[str, ABehavior] = field(default_factory=dict)
    stop_reason: str = ""
    freed: int = 0

    @property
    def is_stopping(self) -> bool:
        return bool(self.stop_reason)

    @property
    def is_complete(self) -> bool:
        return bool(self.behaviors) and all(each.state is BehaviorState.COMPLETE for each in self.behaviors.values())

    def request_stop(self, reason: str) -> None:
        self.stop_reason = reason

    def free_hosts(self, is_gone: Callable[[Any], bool]) -> None:
        self.freed += 1


@dataclass
class Hosts:
    """As much of host processes as a watch looks at."""

    live_count: int = 1
    ended: int = 0
    loss: str = ""
    asked_s: list[float] = field(default_factory=list)

    def report_exits(self) -> int:
        return self.ended

    def restart_crashed(self, now_s: float) -> str:
        self.asked_s.append(now_s)
        return self.loss


def look(watch: HostWatch, server: AServer) -> None:
    watch.look(cast(Server, server))


def watching(hosts: Hosts | None, wait_s: float | None, clock: Clock) -> HostWatch:
    watch = HostWatch(wait_s, clock)
    watch.hosts = cast(HostProcesses, hosts) if hosts is not None else None
    return watch


def test_a_host_that_does_not_come_in_time_is_no_longer_waited_for() -> None:
    clock, server = Clock(), AServer()
    watch = watching(None, 5.0, clock)
    clock.now_s += 5.0
    look(watch, server)
    assert not server.stop_reason
    clock.now_s += 0.1
    look(watch, server)
    assert server.stop_reason.startswith("no host has connected within 5 s")
    assert watch.has_failed


@pytest.mark.parametrize(("wait_s", "has_come"), [(None, False), (5.0, True)])
def test_there_is_no_hurry_where_none_was_asked_for_or_a_host_has_been_there(
    wait_s: float | None, has_come: bool
) -> None:
    clock, server = Clock(), AServer(sessions=[object()] if has_come else [])
    watch = watching(None, wait_s, clock)
    look(watch, server)
    server.sessions.clear()
    clock.now_s += 1e6
    look(watch, server)
    assert not server.stop_reason


def test_a_host_that_can_not_come_back_ends_the_training_with_its_last_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    hosts, server = Hosts(ended=1, loss="host 0 ended\nits last words:\n    ouch"), AServer(sessions=[object()])
    watch = watching(hosts, None, Clock())
    look(watch, server)
    assert server.stop_reason == "host 0 ended"
    assert "ouch" in caplog.text
    assert watch.has_failed
    assert server.freed == 1, "its session, before its silence says so"
    look(watch, server)
    assert len(hosts.asked_s) == 1, "nothing is looked after once training ends"


@pytest.mark.parametrize("state", [BehaviorState.COMPLETE, BehaviorState.FAILED])
def test_nobody_comes_back_to_a_training_that_is_over(state: BehaviorState) -> None:
    hosts = Hosts(loss="never asked")
    server = AServer(sessions=[object()], behaviors={"a": ABehavior(state)})
    look(watching(hosts, None, Clock()), server)
    assert hosts.asked_s == []
    assert not server.stop_reason


def test_a_training_that_all_hosts_have_left_is_over_before_its_time() -> None:
    server = AServer(sessions=[object()], behaviors={"a": ABehavior(BehaviorState.LEARNING)})
    watch = watching(Hosts(live_count=0), None, Clock())
    look(watch, server)
    assert server.stop_reason == "every host has ended"
    assert watch.has_failed
