"""Where a channel may listen, who is let in, and how long it lives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.channel import ClientChannel, ServerChannel, make_curve_keys
from protocol.channel_event import Connected
from protocol.curve_keys import CurveKeys
from protocol.endpoint import HAS_IPC
from protocol.errors import (
    AddressInUseError,
    ChannelClosedError,
    ChannelError,
    EndpointError,
    ForkedChannelError,
)
from tests.protocol.channel_listener import hear, wait_for
from tests.protocol.message_strategy import assert_same
from tools.golden import EXAMPLES

HELLO = EXAMPLES["hello"]
needs_ipc = pytest.mark.skipif(not HAS_IPC, reason="no ipc here")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


class TestAddresses:
    def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(AddressInUseError, match=f"expected a free port {port}"):
                ServerChannel(f"tcp://127.0.0.1:{port}")

    def test_a_port_of_zero_is_resolved_also_for_localhost(self) -> None:
        server = ServerChannel("tcp://localhost:0")
        assert server.endpoint.startswith("tcp://127.0.0.1:")
        assert not server.endpoint.endswith(":0")
        server.close()

    @needs_ipc
    def test_a_socket_where_a_process_listens_is_left_alone(self, tmp_path: Path) -> None:
        server = ServerChannel(f"ipc://{tmp_path}/s")
        client = ClientChannel(server.endpoint)
        try:
            with pytest.raises(AddressInUseError, match="another process listens"):
                ServerChannel(server.endpoint)
            wait_for(client, Connected)
            client.send(HELLO, 0)
            hear(server)
        finally:
            client.close()
            server.close()

    @needs_ipc
    def test_a_socket_that_a_dead_process_left_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stale:
            stale.bind(str(path))
        assert path.exists()
        server = ServerChannel(f"ipc://{path}")
        client = ClientChannel(server.endpoint)
        wait_for(client, Connected)
        client.close()
        server.close()

    @needs_ipc
    def test_the_socket_file_is_private_and_goes_with_the_channel(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        server = ServerChannel(f"ipc://{path}")
        assert path.stat().st_mode & 0o777 == 0o600
        server.close()
        assert list(tmp_path.iterdir()) == []

    @needs_ipc
    def test_a_file_that_is_no_socket_is_never_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        path.write_text("precious")
        with pytest.raises(EndpointError, match="expected a socket or nothing"):
            ServerChannel(f"ipc://{path}")
        assert path.read_text() == "precious"

    @needs_ipc
    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EndpointError, match="expected an existing folder"):
            ServerChannel(f"ipc://{tmp_path}/nowhere/s")

    @pytest.mark.parametrize("endpoint", ["tcp://*:0", "tcp://0.0.0.0:0", "tcp://192.0.2.1:5555", "tcp://[::]:0"])
    def test_leaving_the_machine_needs_keys(self, endpoint: str) -> None:
        with pytest.raises(EndpointError, match="or CURVE keys"):
            ServerChannel(endpoint)

    def test_an_address_that_is_not_this_machines_is_refused(self) -> None:
        with pytest.raises(EndpointError, match="expected an endpoint that can be bound"):
            ServerChannel("tcp://192.0.2.1:5555", curve=make_curve_keys())

    def test_a_heartbeat_of_zero_seconds_is_refused(self) -> None:
        with pytest.raises(ChannelError, match="heartbeat: expected seconds in"):
            ServerChannel("tcp://127.0.0.1:0", heartbeat_interval_s=0)


class TestCurve:
    def test_hosts_that_know_the_servers_key_are_let_in(self) -> None:
        server_keys, host_keys = make_curve_keys(), make_curve_keys()
        server = ServerChannel("tcp://0.0.0.0:0", curve=server_keys)
        endpoint = server.endpoint.replace("0.0.0.0", "127.0.0.1")
        client = ClientChannel(
            endpoint, curve=CurveKeys(host_keys.public, host_keys.secret, server_public=server_keys.public)
        )
        wait_for(client, Connected)
        client.send(HELLO, 0)
        assert_same(hear(server).message, HELLO)
        client.close()
        server.close()

    @pytest.mark.parametrize("has_keys", [True, False])
    def test_others_are_kept_out(self, has_keys: bool) -> None:
        server = ServerChannel("tcp://127.0.0.1:0", curve=make_curve_keys())
        keys, others = make_curve_keys(), make_curve_keys()
        curve = CurveKeys(keys.public, keys.secret, others.public) if has_keys else None
        client = ClientChannel(server.endpoint, curve=curve)
        for _ in range(4):
            client.wait(0.05)
            assert client.poll() == []
        assert server.receive() == []
        client.close()
        server.close()

    def test_a_host_without_the_servers_key_is_told_so(self) -> None:
        with pytest.raises(EndpointError, match="server_public"):
            ClientChannel("tcp://127.0.0.1:1", curve=make_curve_keys())

    def test_the_secret_is_not_shown(self) -> None:
        keys = make_curve_keys()
        assert keys.secret not in repr(keys)

    def test_keys_of_another_length_are_refused(self) -> None:
        with pytest.raises(EndpointError, match="CURVE key secret: expected 40 characters"):
            CurveKeys("x" * 40, "x")


class TestLifetime:
    def test_a_closed_channel_says_so_and_may_be_closed_again(
        self, server: ServerChannel, client: ClientChannel
    ) -> None:
        client.close()
        client.close()
        server.close()
        server.close()
        for use in (client.poll, server.receive, lambda: server.wait(0), lambda: client.wait(0)):
            with pytest.raises(ChannelClosedError, match="got a closed one"):
                use()
        with pytest.raises(ChannelClosedError):
            client.send(HELLO, 0)
        with pytest.raises(ChannelClosedError):
            server.send(b"x", HELLO, 0)

    def test_another_process_is_refused(
        self, server: ServerChannel, client: ClientChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 1)
            for use in (client.poll, server.receive, lambda: client.send(HELLO, 0), lambda: server.wait(0)):
                with pytest.raises(ForkedChannelError, match="expected use in process"):
                    use()
            client.close()
        client.send(HELLO, 0)
        hear(server)

    @needs_fork
    def test_a_real_fork_leaves_the_parents_channel_alone(self, tmp_path: Path) -> None:
        program = """
import os, sys
from protocol.channel import ClientChannel, ServerChannel
from protocol.errors import ForkedChannelError
server = ServerChannel("tcp://127.0.0.1:0")
client = ClientChannel(server.endpoint)
child = os.fork()
if child == 0:
    try:
        client.poll()
    except ForkedChannelError:
        client.close()
        server.close()
        os._exit(42)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
client.wait(20)
print(client.poll())
client.close()
server.close()
"""
        result = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        assert result.stdout == "[Connected()]\n"
