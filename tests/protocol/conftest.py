"""Channels for the tests of the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.channel import ClientChannel, ServerChannel
from protocol.channel_event import Connected
from protocol.endpoint import HAS_IPC
from tests.protocol.channel_listener import wait_for

needs_ipc = pytest.mark.skipif(not HAS_IPC, reason="no ipc here")


@pytest.fixture(params=["tcp", pytest.param("ipc", marks=needs_ipc)])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "tcp://127.0.0.1:0" if request.param == "tcp" else f"ipc://{tmp_path}/s"


@pytest.fixture
def server(endpoint: str) -> Iterator[ServerChannel]:
    channel = ServerChannel(endpoint)
    yield channel
    channel.close()


@pytest.fixture
def client(server: ServerChannel) -> Iterator[ClientChannel]:
    channel = ClientChannel(server.endpoint)
    assert wait_for(channel, Connected) == Connected()
    yield channel
    channel.close()
