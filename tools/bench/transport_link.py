"""One batch of experience sent and acknowledged: through our channel, and by bare pyzmq."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import zmq

from protocol.channel import ClientChannel
from protocol.channel_event import Connected, Received
from protocol.codec import encode
from protocol.completion import Completion
from protocol.experience import SegmentTable
from protocol.messages import Credit, Experience, Heartbeat

STEPS = 10_000
LANES = 100
SEGMENTS_PER_LANE = 2
OBSERVATION_SIZE = 64
ACTION_SIZE = 8
SESSION_ID = 1
DEADLINE_S = 30.0
"""How long a batch may take before the other process is taken for dead."""


def example_batch(seed: int = 1) -> Experience:
    """10,000 steps of 64 + 8 floats with rewards and log-probs, 100 lanes of two episodes each."""
    generator = np.random.default_rng(seed)
    rows = STEPS // LANES
    segments = LANES * SEGMENTS_PER_LANE
    length = rows // SEGMENTS_PER_LANE
    lane = np.repeat(np.arange(LANES, dtype=np.int32), SEGMENTS_PER_LANE)
    first_row = np.tile(np.arange(SEGMENTS_PER_LANE, dtype=np.int32) * length, LANES)
    runs = np.zeros((segments, 3), np.int64)
    runs[:, 0] = np.arange(segments)
    return Experience(
        behavior="bench",
        batch_id=1,
        unrecorded_steps=0,
        dropped_actions=0,
        non_finite_steps=0,
        observations=generator.standard_normal((rows, LANES, OBSERVATION_SIZE), np.float32),
        actions=generator.standard_normal((rows, LANES, ACTION_SIZE), np.float32),
        rewards=generator.standard_normal((rows, LANES), np.float32),
        log_probs=generator.standard_normal((rows, LANES), np.float32),
        segments=SegmentTable.of(
            lane=lane,
            first_row=first_row,
            length=np.full(segments, length),
            agent_id=lane,
            episode=np.arange(segments),
            first_step=np.zeros(segments),
            completion=np.full(segments, Completion.TERMINATION),
            is_on_policy=np.ones(segments),
        ).rows,
        final_observations=generator.standard_normal((segments, OBSERVATION_SIZE), np.float32),
        version_runs=runs,
        episode_returns=np.zeros(segments),
        episode_lengths=np.full(segments, length, np.int32),
    )


class Link(ABC):
    """A way to a receiver in another process."""

    @abstractmethod
    def exchange(self) -> None:
        """Sends the batch and waits until the receiver says that it has it."""

    @abstractmethod
    def close(self) -> None:
        """Ends the connection."""


class ChannelLink(Link):
    """Our codec and channel: header, checks, views, and a Credit back."""

    def __init__(self, endpoint: str) -> None:
        self._channel = ClientChannel(endpoint)
        self._batch = example_batch()
        self._await(Connected)
        self._channel.send(Heartbeat(unrecorded_steps=0), SESSION_ID)  # small, so that the receiver may trust us

    def exchange(self) -> None:
        self._channel.send(self._batch, SESSION_ID)
        self._await(Credit)

    def _await(self, kind: type[object]) -> None:
        while self._channel.wait(DEADLINE_S):
            for event in self._channel.poll():
                if isinstance(event.message if isinstance(event, Received) else event, kind):
                    return
        raise TimeoutError(f"transport: expected {kind.__name__} within {DEADLINE_S} s, got nothing")

    def close(self) -> None:
        self._channel.close()


class RawLink(Link):
    """Bare pyzmq: the very same frames, without copies, and one byte back."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.RCVTIMEO, round(DEADLINE_S * 1000))
        self._socket.connect(endpoint)
        self._frames = encode(example_batch(), SESSION_ID, 1)

    def exchange(self) -> None:
        self._socket.send_multipart(self._frames, copy=False)
        self._socket.recv()

    def close(self) -> None:
        self._socket.close(linger=0)
        self._context.term()
