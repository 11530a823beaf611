"""What the tests with two processes share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.noop_host import NoopHost


@pytest.fixture
def hosts() -> Iterator[list[NoopHost]]:
    """Hosts put in here are closed at the end."""
    made: list[NoopHost] = []
    yield made
    for host in made:
        host.communicator.close()
