from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.errors import EndpointError
from protocol.limits import MAX_RENDEZVOUS_BYTES
from protocol.rendezvous import FILE_NAME, Rendezvous, RendezvousInfo, is_process_alive, sweep_stale
from protocol.version import PROTOCOL_VERSION

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX's")


@pytest.fixture
def rendezvous(tmp_path: Path) -> Rendezvous:
    return Rendezvous.create(tmp_path)


def dead_process_id() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_a_trainer_publishes_and_a_host_reads(rendezvous: Rendezvous) -> None:
    assert rendezvous.read() is None
    Rendezvous(rendezvous.path).publish("tcp://127.0.0.1:5555")
    assert rendezvous.read() == RendezvousInfo("tcp://127.0.0.1:5555", os.getpid(), PROTOCOL_VERSION)


@on_posix
def test_folder_and_file_are_private_and_nothing_else_is_left(rendezvous: Rendezvous) -> None:
    rendezvous.publish("tcp://127.0.0.1:5555")
    assert rendezvous.path.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in rendezvous.path.iterdir()] == [FILE_NAME]
    assert (rendezvous.path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_the_folder_names_its_host_and_goes_away(rendezvous: Rendezvous) -> None:
    assert rendezvous.path.name.startswith(f"learning-bridge-{os.getpid()}-")
    rendezvous.publish("tcp://127.0.0.1:5555")
    rendezvous.remove()
    rendezvous.remove()
    assert not rendezvous.path.exists()


def test_an_endpoint_that_nobody_could_connect_to_is_not_published(rendezvous: Rendezvous) -> None:
    with pytest.raises(EndpointError, match="endpoint: expected"):
        rendezvous.publish("nowhere")
    assert rendezvous.read() is None


GOOD = {"endpoint": "tcp://127.0.0.1:1", "pid": 1, "protocol_version": "1.0"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"endpoint": ',
        b"[" * 4000,
        json.dumps({**GOOD, "endpoint": 5}).encode(),
        json.dumps({**GOOD, "endpoint": "nowhere"}).encode(),
        json.dumps({**GOOD, "pid": "1"}).encode(),
        json.dumps({**GOOD, "protocol_version": None}).encode(),
        json.dumps({**GOOD, "filler": "x" * MAX_RENDEZVOUS_BYTES}).encode(),
    ],
)
def test_a_file_that_no_trainer_wrote_is_refused(rendezvous: Rendezvous, content: bytes) -> None:
    (rendezvous.path / FILE_NAME).write_bytes(content)
    with pytest.raises(EndpointError, match="expected"):
        rendezvous.read()


def test_keys_that_a_later_version_adds_are_passed_over(rendezvous: Rendezvous) -> None:
    (rendezvous.path / FILE_NAME).write_text(json.dumps({**GOOD, "more": 1}))
    assert rendezvous.read() == RendezvousInfo("tcp://127.0.0.1:1", 1, "1.0")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="expected a folder"):
        Rendezvous(tmp_path / "nowhere")
    with pytest.raises(EndpointError, match="expected to make a folder"):
        Rendezvous.create(tmp_path / "nowhere")


@on_posix
def test_a_folder_that_others_may_enter_or_that_is_a_link_is_refused(tmp_path: Path, rendezvous: Rendezvous) -> None:
    link = tmp_path / "link"
    link.symlink_to(rendezvous.path)
    with pytest.raises(EndpointError, match="another kind of file"):
        Rendezvous(link)
    rendezvous.path.chmod(0o750)
    with pytest.raises(EndpointError, match="mode 0750"):
        Rendezvous(rendezvous.path)


def test_only_folders_of_dead_hosts_are_swept(tmp_path: Path, rendezvous: Rendezvous) -> None:
    stale = tmp_path / f"learning-bridge-{dead_process_id()}-abcdef12"
    stale.mkdir(mode=0o700)
    (stale / FILE_NAME).write_text("{}")
    other = tmp_path / "learning-bridge-notes"
    other.mkdir()
    assert sweep_stale(tmp_path) == [stale]
    assert sorted(tmp_path.iterdir()) == sorted([other, rendezvous.path])
    assert sweep_stale(tmp_path) == []


@on_posix
def test_a_folder_that_is_not_private_is_not_swept(tmp_path: Path) -> None:
    shared = tmp_path / f"learning-bridge-{dead_process_id()}-abcdef12"
    shared.mkdir()
    shared.chmod(0o755)
    assert sweep_stale(tmp_path) == []
    assert shared.exists()


def test_processes_are_known_to_be_alive_or_not() -> None:
    assert is_process_alive(os.getpid())
    assert not is_process_alive(dead_process_id())
    assert not is_process_alive(2**31 - 1)
