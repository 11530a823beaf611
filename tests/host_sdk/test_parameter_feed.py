"""Messages about parameters count in their order, and each once."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.connection.parameter_feed import ParameterFeed
from host_sdk.environment_parameters import EnvironmentParameters
from protocol.errors import SchemaError
from protocol.messages import EnvironmentParameters as ParametersMessage
from protocol.messages import Welcome
from protocol.version import PROTOCOL_VERSION

EVERYBODY = np.arange(2)


def welcome(*, resumed: bool = False, host_index: int = 0) -> Welcome:
    return Welcome(7, host_index, 1, PROTOCOL_VERSION, "tests", "1", 1.0, 10.0, resumed, {}, {})


def height(serial: int, value: float, *, requires_reset: bool = False) -> ParametersMessage:
    return ParametersMessage(serial, {"height": {"sampler_type": "constant", "value": value}}, requires_reset)


def make() -> tuple[ParameterFeed, EnvironmentParameters]:
    feed, agents = ParameterFeed(), EnvironmentParameters(2)
    feed.parameters.lead(agents)
    feed.begin_session(welcome())
    return feed, agents


def test_a_message_that_was_overtaken_is_passed_over() -> None:
    feed, _ = make()
    for message in (height(1, 1.0), height(3, 3.0), height(2, 2.0), height(3, 9.0)):
        feed.hear(message)
    assert feed.parameters.get("height", 0.0) == 3.0


def test_after_a_connection_that_was_lost_what_is_known_already_changes_nothing() -> None:
    feed, agents = make()
    feed.hear(height(3, 3.0, requires_reset=True))
    agents.begin_episodes(EVERYBODY)
    feed.begin_session(welcome(resumed=True))
    feed.hear(height(3, 3.0, requires_reset=True))
    assert not len(agents.take_agents_to_reset(EVERYBODY))
    feed.hear(height(4, 4.0, requires_reset=True))
    assert agents.take_agents_to_reset(EVERYBODY).tolist() == [0, 1]


@pytest.mark.parametrize("resumed", [False, True])
def test_a_trainer_that_is_back_at_an_earlier_lesson_is_followed(resumed: bool) -> None:
    feed, _ = make()
    feed.hear(height(5, 5.0))
    feed.begin_session(welcome(resumed=resumed, host_index=1))
    feed.hear(height(3, 3.0))
    assert feed.parameters.get("height", 0.0) == 3.0


def test_what_is_no_sampler_is_refused_and_changes_nothing() -> None:
    feed, _ = make()
    feed.hear(height(1, 1.0))
    with pytest.raises(SchemaError, match=r"\$\.height\.value"):
        feed.hear(height(2, float("inf")))
    assert feed.parameters.get("height", 0.0) == 1.0
