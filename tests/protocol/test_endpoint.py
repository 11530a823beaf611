from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import endpoint
from protocol.endpoint import HAS_IPC, is_loopback, parse_endpoint, private_endpoint
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
