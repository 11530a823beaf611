from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import endpoint
from protocol.endpoint import HAS_IPC, is_loopback, local_endpoint, parse_endpoint, private_endpoint
from protocol.errors import EndpointError
from protocol.limits import MAX_UNIX_PATH_BYTES

needs_ipc = pytest.mark.skipif(not HAS_IPC, reason="no ipc here")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("tcp://127.0.0.1:5555", "127.0.0.1", 5555),
        ("tcp://localhost:0", "localhost", 0),
        ("tcp://*:65535", "*", 65535),
        ("tcp://[::1]:1", "::1", 1),
        ("tcp://trainer.example.org:5555", "trainer.example.org", 5555),
    ],
)
def test_tcp_endpoints_are_host_and_port(text: str, host: str, port: int) -> None:
    parsed = parse_endpoint(text)
    assert (parsed.scheme, parsed.host, parsed.port) == ("tcp", host, port)
    assert str(parsed) == text


@needs_ipc
def test_ipc_endpoints_are_paths() -> None:
    parsed = parse_endpoint("ipc:///tmp/some where/s")
    assert (parsed.scheme, parsed.path, str(parsed)) == ("ipc", "/tmp/some where/s", "ipc:///tmp/some where/s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:5555/x",
        "tcp://127.0.0.1:5555;tcp://*:1",
        "tcp://a b:1",
        "tcp:// 127.0.0.1:1",
        "tcp://127.0.0.1:5555\n",
        "tcp://127.0.0.1:\u0663",
        "udp://127.0.0.1:5555",
        "127.0.0.1:5555",
        "ipc://",
        "ipc://relative/s",
        "ipc:///tmp/\0s",
        "inproc://x",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(EndpointError, match="endpoint: expected"):
        parse_endpoint(text)


@needs_ipc
def test_a_path_too_long_for_a_socket_is_refused_with_a_remedy() -> None:
    fitting = "/" + "x" * (MAX_UNIX_PATH_BYTES - 1)
    assert parse_endpoint(f"ipc://{fitting}").path == fitting
    with pytest.raises(EndpointError, match=r"or tcp://127\.0\.0\.1:0"):
        parse_endpoint(f"ipc://{fitting}x")


@given(st.text(max_size=30))
def test_no_text_raises_another_error(text: str) -> None:
    for candidate in (text, f"tcp://{text}", f"ipc://{text}"):
        try:
            parse_endpoint(candidate)
        except EndpointError:
            continue


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"])
def test_loopback_addresses_stay_on_this_machine(host: str) -> None:
    assert is_loopback(f"tcp://{host}:1")


@pytest.mark.parametrize("host", ["*", "0.0.0.0", "192.168.0.1", "[::]", "example.org", "localhost.example.org", "127"])
def test_other_addresses_leave_it(host: str) -> None:
    assert not is_loopback(f"tcp://{host}:1")


@needs_ipc
def test_a_socket_file_stays_on_this_machine() -> None:
    assert is_loopback("ipc:///tmp/s")


@needs_ipc
def test_a_private_folder_is_used_for_a_socket() -> None:
    assert private_endpoint(Path("/tmp/x")) == "ipc:///tmp/x/s"


@needs_ipc
def test_a_folder_whose_name_is_too_long_falls_back_to_a_port() -> None:
    assert private_endpoint(Path("/") / ("x" * 120)) == "tcp://127.0.0.1:0"


def test_where_there_is_no_ipc_a_port_is_used_and_ipc_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "HAS_IPC", False)
    assert private_endpoint(Path("/tmp/x")) == "tcp://127.0.0.1:0"
    with pytest.raises(EndpointError, match="expected tcp://host:port on this platform"):
        parse_endpoint("ipc:///tmp/s")


@needs_ipc
class TestTheWordShm:
    @pytest.fixture(autouse=True)
    def folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """Where the user's folder is made."""
        monkeypatch.setattr(endpoint, "shared_memory_folder", lambda: tmp_path)
        return tmp_path / f"learning-bridge-{os.getuid()}"

    def test_it_is_a_socket_in_a_folder_of_the_user_alone(self, folder: Path) -> None:
        assert str(parse_endpoint("shm")) == local_endpoint() == f"ipc://{folder}/trainer"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert parse_endpoint("shm") == parse_endpoint(local_endpoint())
        assert is_loopback("shm")

    @pytest.mark.parametrize("text", ["SHM", "shm ", "shm://", "shm:///x", " shm"])
    def test_other_words_are_refused(self, text: str) -> None:
        with pytest.raises(EndpointError, match=r"expected tcp://host:port, ipc:///path or shm"):
            parse_endpoint(text)

    @pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o777])
    def test_a_folder_that_others_may_enter_is_refused(self, folder: Path, mode: int) -> None:
        folder.mkdir()
        folder.chmod(mode)
        with pytest.raises(EndpointError, match=f"with mode 0700, got owner .* and mode {mode:04o}; remove it"):
            parse_endpoint("shm")

    def test_a_folder_of_another_user_is_refused(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        user = os.getuid()
        (folder.parent / f"learning-bridge-{user + 1}").mkdir(mode=0o700)
        monkeypatch.setattr(os, "getuid", lambda: user + 1)
        with pytest.raises(EndpointError, match=f"got owner {user} "):
            parse_endpoint("shm")

    def test_a_link_or_a_file_in_its_place_is_refused(self, folder: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        folder.symlink_to(elsewhere)
        with pytest.raises(EndpointError, match="remove it"):
            parse_endpoint("shm")
        folder.unlink()
        folder.write_bytes(b"")
        with pytest.raises(EndpointError, match="expected to make the folder"):
            parse_endpoint("shm")


def test_without_socket_files_the_word_shm_is_the_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "HAS_IPC", False)
    assert str(parse_endpoint("shm")) == endpoint.DEFAULT_ENDPOINT
