"""Hosts as children: what they are told, what is heard of them, and that none is left behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from protocol.rendezvous import is_process_alive
from trainer_process.host_command import HostCommand
from trainer_process.host_log import HostLog
from trainer_process.host_processes import HostProcesses, RestartLimits

HANG_S = 30.0
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), flush=True)
time.sleep(60)
"""


def script(folder: Path, text: str) -> str:
    path = folder / "host.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


def wait_for(condition: object, caplog: pytest.LogCaptureFixture | None = None) -> None:
    limit_s = time.monotonic() + HANG_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < limit_s, caplog.text if caplog is not None else "it did not come"
        time.sleep(0.01)


def test_a_host_is_told_where_to_connect_in_its_environment_and_heard_line_by_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    command = script(
        tmp_path,
        "import os, sys\n"
        "for name in ('ENDPOINT', 'TOKEN', 'HOST_INDEX'):\n"
        "    print(name, os.environ['LEARNING_BRIDGE_' + name])\n"
        "print('a complaint', file=sys.stderr)\n"
        "assert 'secret' not in ' '.join(sys.argv)\n",
    )
    hosts = HostProcesses(HostCommand(command), 2, endpoint="tcp://127.0.0.1:5", token="secret")
    wait_for(lambda: hosts.live_count == 0, caplog)
    hosts.stop()
    assert "host 0: ENDPOINT tcp://127.0.0.1:5" in caplog.text
    assert "host 1: HOST_INDEX 1" in caplog.text
    assert "host 1: TOKEN secret" in caplog.text
    assert "host 0: a complaint" in caplog.text
    assert "host 0 ended with exit code 0" in caplog.text
    assert hosts.worst_exit_code == 0


def test_a_host_s_exit_code_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    hosts = HostProcesses(HostCommand(script(tmp_path, "raise SystemExit(7)")), 1, endpoint="x", token="")
    wait_for(lambda: hosts.live_count == 0, caplog)
    hosts.report_exits()
    hosts.stop()
    assert hosts.worst_exit_code == 7
    assert caplog.text.count("ended with exit code 7") == 1


def test_a_program_that_is_not_there_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    hosts = HostProcesses(HostCommand(str(tmp_path / "no_such_game")), 1, endpoint="x", token="")
    wait_for(lambda: hosts.live_count == 0, caplog)
    hosts.stop()
    assert "could not be started" in caplog.text
    assert "no_such_game" in caplog.text


if sys.platform != "win32":  # where a process can refuse to end

    def test_a_host_that_ignores_every_request_is_killed_at_last(
        tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level(logging.INFO)
        hosts = HostProcesses(HostCommand(script(tmp_path, STUBBORN)), 1, endpoint="x", token="")
        wait_for(lambda: "host 0: pid" in caplog.text, caplog)
        process_id = int(caplog.text.split("host 0: pid ")[1].split()[0])
        hosts.stop()
        assert not is_process_alive(process_id)
        assert hosts.worst_exit_code == 128 + signal.SIGKILL

    def test_no_host_outlives_a_trainer_that_was_killed(tmp_path: Path) -> None:
        command = script(tmp_path, STUBBORN)
        trainer = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import logging, sys, time\n"
                "logging.basicConfig(level=logging.INFO, stream=sys.stdout)\n"
                "from trainer_process.host_command import HostCommand\n"
                "from trainer_process.host_processes import HostProcesses\n"
                f"hosts = HostProcesses(HostCommand({command!r}), 1, endpoint='x', token='')\n"
                "time.sleep(60)\n",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        with trainer:
            assert trainer.stdout is not None
            line = next(line for line in trainer.stdout if "host 0: pid" in line)
            process_id = int(line.rsplit(maxsplit=1)[1])
            os.kill(trainer.pid, signal.SIGKILL)
        wait_for(lambda: not is_process_alive(process_id))


def test_gymnasium_hosts_are_copies_with_seeds_of_their_own() -> None:
    command = HostCommand("gymnasium:CartPole-v1", agent_count=4, seed=10, assignments=("policy.seed=3",))
    arguments = command.arguments(host_number=2)
    assert arguments[:3] == [sys.executable, "-m", "host_sdk.adapters.gymnasium"]
    assert arguments[arguments.index("--env-id") + 1] == "CartPole-v1"
    assert arguments[arguments.index("--agents") + 1] == "4"
    assert arguments[arguments.index("--seed") + 1] == "18"
    assert arguments[arguments.index("--set") + 1] == "policy.seed=3"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (HostCommand("gymnasium:"), "an id after gymnasium:"),
        (HostCommand("  "), "gymnasium:ID, arena or the path"),
        (HostCommand("./game", assignments=("policy.seed=3",)), "policy.seed=3"),
        (HostCommand("./game", world_arguments=("--method", "gail")), "--method: a host program makes its trainer"),
    ],
)
def test_a_command_that_names_nothing_is_an_error(command: HostCommand, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        command.arguments(0)


def test_a_world_is_played_by_its_program_with_what_it_is_given() -> None:
    command = HostCommand(
        "arena",
        agent_count=3,
        seed=5,
        assignments=("policy.seed=3",),
        world_arguments=("--x", "y"),
        behavior="Disc",
        env_args=("--last", "word"),
    )
    text = " ".join(command.arguments(2)[1:])
    expected = (
        "-m host_sdk.mock_engine --agents 3 --seed 11 --report none --evaluation-ticks 0 --behavior Disc --x y "
        "--set policy.seed=3 --last word"
    )
    assert text == expected


EVERY_TIME = RestartLimits(max_lifetime=3, rate_limit_n=-1)
CRASHES_TWICE = """
import os, pathlib, sys
starts = pathlib.Path(__file__).with_name("starts-" + os.environ["LEARNING_BRIDGE_HOST_INDEX"])
count = len(starts.read_text()) if starts.exists() else 0
starts.write_text("x" * (count + 1))
print("start", count, flush=True)
sys.exit(3 if count < 2 else 0)
"""


def tend(hosts: HostProcesses, now_s: float = 0.0) -> str:
    """Starts crashed hosts again until all have ended by themselves, or one is lost; why it is."""
    limit_s = time.monotonic() + HANG_S
    while time.monotonic() < limit_s:
        if hosts.live_count == 0 and hosts.worst_exit_code == 0:
            return ""
        if loss := hosts.restart_crashed(now_s):
            return loss
        time.sleep(0.01)
    raise AssertionError("hosts neither ended nor were lost")


def test_a_crashed_host_is_started_again_under_its_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    folder = tmp_path / "run"
    folder.mkdir()
    command = HostCommand(script(tmp_path, CRASHES_TWICE))
    hosts = HostProcesses(command, 2, endpoint="x", token="", limits=EVERY_TIME, run_folder=folder)
    assert tend(hosts) == ""
    hosts.stop()
    assert (tmp_path / "starts-0").read_text() == (tmp_path / "starts-1").read_text() == "xxx"
    assert "host 1 is started again (restart 2 of 3)" in caplog.text
    text = (folder / "run_logs" / "host-1.log").read_text()
    assert [line for line in text.splitlines() if line.startswith("start")] == ["start 0", "start 1", "start 2"]
    assert text.count("--- host 1: ") == 3


def test_a_host_that_crashes_too_often_is_lost_with_its_last_words(tmp_path: Path) -> None:
    command = HostCommand(script(tmp_path, "print('no such level')\nraise SystemExit(3)"))
    hosts = HostProcesses(command, 1, endpoint="x", token="", limits=RestartLimits(-1, 1, 60.0))
    loss = tend(hosts, now_s=5.0)
    hosts.stop()
    first, *words = loss.splitlines()
    assert first.startswith(
        "host 0 ended with exit code 3, and it is not started again: restarts_rate_limit_n 1 within"
    )
    assert words == ["its last words:", "    no such level"]


def test_a_host_that_ends_by_itself_is_not_started_again(tmp_path: Path) -> None:
    hosts = HostProcesses(HostCommand(script(tmp_path, "pass")), 2, endpoint="x", token="", limits=EVERY_TIME)
    wait_for(lambda: hosts.live_count == 0)
    assert hosts.restart_crashed(0.0) == ""
    assert hosts.live_count == 0
    hosts.stop()


@pytest.mark.parametrize(
    ("command", "exit_code", "expected"),
    [
        (HostCommand("./game"), 127, False),
        (HostCommand("./game"), 2, True),
        (HostCommand("arena"), 2, False),
        (HostCommand("arena"), 1, True),
    ],
)
def test_what_would_end_the_same_way_is_not_started_again(command: HostCommand, exit_code: int, expected: bool) -> None:
    assert command.may_start_again(exit_code) is expected


def test_what_a_host_says_waits_for_the_run_s_folder(tmp_path: Path) -> None:
    log = HostLog(4, tmp_path / "run")
    log.note("first start")
    log.write("hello")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    log.write("there you are")
    assert (tmp_path / "run" / "run_logs" / "host-4.log").read_text() == "--- first start ---\nhello\nthere you are\n"
    assert log.last_lines == ("hello", "there you are")


def test_a_program_gets_its_arguments_and_what_the_run_s_configuration_says(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    text = "import os, sys\nprint('arguments', sys.argv[1:], os.environ['LEARNING_BRIDGE_RUN_SETTINGS'])\n"
    command = HostCommand(script(tmp_path, text), env_args=("--level", "a b"), run_settings={"num_areas": 3})
    hosts = HostProcesses(command, 1, endpoint="x", token="")
    wait_for(lambda: hosts.live_count == 0, caplog)
    hosts.stop()
    assert "arguments ['--level', 'a b'] {\"num_areas\": 3}" in caplog.text


def test_a_path_with_a_space_is_one_program(tmp_path: Path) -> None:
    game = tmp_path / "my game"
    game.write_text("")
    assert HostCommand(str(game), env_args=("--fast",)).arguments(0) == [str(game), "--fast"]
    assert HostCommand("./game --headless 'a b'").arguments(0) == ["./game", "--headless", "a b"]
