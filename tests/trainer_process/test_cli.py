"""The command line, and the process that a host launches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from protocol.channel import ServerChannel
from protocol.endpoint import TOKEN_VARIABLE
from protocol.rendezvous import Rendezvous, RendezvousInfo
from trainer_process.cli_option import RunOptions
from trainer_process.cli_root import root

HANG_S = 30.0
TOKEN = "a secret"


@contextmanager
def launched(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Rendezvous]]:
    """What a host's launcher does, with as little as possible."""
    rendezvous = Rendezvous.create(folder)
    command = [sys.executable, "-P", "-m", "trainer_process", "launched", "--rendezvous", str(rendezvous.path)]
    process = subprocess.Popen(
        [*command, "--parent-pipe", "--priority", "normal", "--results-dir", str(folder / "results")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, TOKEN_VARIABLE: TOKEN},
    )
    with process:
        try:
            yield process, rendezvous
        finally:
            process.kill()


def published(process: subprocess.Popen[bytes], rendezvous: Rendezvous) -> RendezvousInfo:
    limit_s = time.monotonic() + HANG_S
    while (info := rendezvous.read()) is None:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < limit_s
        time.sleep(0.01)
    return info


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trainer_process", *arguments],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_launched_trainer_says_where_it_listens_before_it_loads_torch(tmp_path: Path) -> None:
    with launched(tmp_path) as (process, rendezvous):
        info = published(process, rendezvous)
        assert info.process_id == process.pid
        if sys.platform == "linux":
            assert "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text()


def test_a_launched_trainer_leaves_with_its_parent_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with launched(tmp_path) as (process, rendezvous):
        published(process, rendezvous)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(HANG_S) == 0
        assert not rendezvous.path.exists()
        assert list(tmp_path.iterdir()) == []


if sys.platform != "win32":

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_a_trainer_politely(tmp_path: Path, number: signal.Signals) -> None:
        with launched(tmp_path) as (process, rendezvous):
            published(process, rendezvous)
            process.send_signal(number)
            assert process.wait(HANG_S) == 0
            assert not rendezvous.path.exists()
            assert process.stdout is not None
            assert number.name.encode() in process.stdout.read()


def test_the_version_and_the_help_are_worth_reading() -> None:
    runner = CliRunner()
    assert runner.invoke(root, ["--version"], prog_name="learning-bridge").output.startswith("learning-bridge, version")
    text = runner.invoke(root, ["--help"]).output
    of_policies = ("evaluate", "export", "imitate", "train")
    for command in ("convert", "demo", "inspect", "record", "rollouts", "serve", *of_policies):
        assert f"\n  {command} " in text
        help_text = runner.invoke(root, [command, "--help"])
        assert help_text.exit_code == 0
        assert len(help_text.output) > 500
    assert "launched" not in text


def test_a_port_in_use_is_told_in_one_line() -> None:
    channel = ServerChannel("tcp://127.0.0.1:0")
    done = run("serve", "--endpoint", channel.endpoint)
    channel.close()
    assert done.returncode == 1
    assert channel.endpoint in done.stderr
    assert "Traceback" not in done.stderr


def test_an_endpoint_that_others_reach_wants_keys() -> None:
    done = run("serve", "--endpoint", "tcp://0.0.0.0:0")
    assert done.returncode == 1
    assert "CURVE" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--shared-memory", "--endpoint", "tcp://0.0.0.0:0"), "--shared-memory: expected an endpoint on this machine"),
        (("--no-shared-memory", "--endpoint", "shm"), "--no-shared-memory: expected another endpoint than shm"),
    ],
)
def test_shared_memory_that_can_never_be_is_refused_at_the_start(arguments: tuple[str, ...], words: str) -> None:
    done = run("serve", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_are_made_for_their_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "trainer.keys"
    made = CliRunner().invoke(root, ["keys", str(path)])
    content = json.loads(path.read_text())
    assert made.exit_code == 0
    assert content["public"] in made.output
    assert content["secret"] not in made.output
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    assert CliRunner().invoke(root, ["keys", str(path)]).exit_code == 1
    assert json.loads(path.read_text()) == content


def test_a_setting_that_is_none_is_told_before_any_host_starts(tmp_path: Path) -> None:
    done = run("train", "--env", "gymnasium:CartPole-v1", "--set", "fast", "--results-dir", str(tmp_path))
    assert done.returncode == 1
    assert "name=value" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_that_is_not_there_ends_the_training_with_an_error(tmp_path: Path) -> None:
    done = run("train", "--env", str(tmp_path / "no_such_game"), "--results-dir", str(tmp_path))
    assert done.returncode != 0
    assert "could not be started" in done.stderr


def test_only_worlds_that_can_be_played_from_here_are_evaluated(tmp_path: Path) -> None:
    result = CliRunner().invoke(root, ["evaluate", str(tmp_path), "--env", "./game"])
    assert result.exit_code == 2
    assert "gymnasium:ID" in result.output


def test_a_folder_without_a_policy_is_not_evaluated(tmp_path: Path) -> None:
    result = CliRunner().invoke(root, ["evaluate", str(tmp_path), "--env", "gymnasium:CartPole-v1"])
    assert result.exit_code == 1
    assert str(tmp_path) in result.output


def test_a_trainer_takes_the_threads_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def options(threads: int | None) -> RunOptions:
        return RunOptions(Path("results"), "", False, None, (), 10, threads, 60.0, None, "normal", "info")

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert options(None).thread_count == 3
    assert options(2).thread_count == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert options(None).thread_count == 1


def test_a_stray_module_named_protocol_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "protocol.py").write_text("")
    root_folder = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", "import trainer_process"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root_folder)])},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 1
    assert str(tmp_path / "protocol.py") in done.stderr


def test_a_kind_of_saved_reward_needs_the_reward() -> None:
    result = CliRunner().invoke(root, ["train", "--env", "arena", "--reward-type", "shaped"])
    assert result.exit_code == 2
    assert "expected --reward-path with it" in result.output
