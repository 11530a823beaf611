"""Both sides of the transport bench move the same batch to another process."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from protocol.codec import decode, encode
from protocol.messages import Experience
from tools.bench.transport import endpoint_in, receiver
from tools.bench.transport_link import ACTION_SIZE, OBSERVATION_SIZE, STEPS, ChannelLink, Link, RawLink, example_batch


@pytest.mark.parametrize(("kind", "link_class"), [("channel", ChannelLink), ("raw", RawLink)])
def test_a_batch_is_acknowledged_by_the_other_process(kind: str, link_class: type[ChannelLink] | type[RawLink]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        endpoint = endpoint_in(Path(folder), kind)
        with receiver(kind, endpoint):
            link: Link = link_class(endpoint)
            try:
                link.exchange()
                link.exchange()
            finally:
                link.close()


def test_the_batch_is_one_that_a_host_may_send() -> None:
    message, _, _ = decode(encode(example_batch(), 1, 1))
    assert isinstance(message, Experience)
    assert message.observations.shape[2] == OBSERVATION_SIZE
    assert message.actions.shape[2] == ACTION_SIZE
    assert message.segments[:, 2].sum() == STEPS
