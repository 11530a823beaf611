"""What a behavior's link keeps, sends again and lets go when its trainer is another one."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.connection.behavior_link import BehaviorLink
from protocol.demonstrations_wire import demonstrations_to_message
from protocol.messages import PolicyUpdate, Ready
from protocol.recording import EpisodeSizes, flatten_episodes
from tests.trainer_process.server_world import configure, experience


def ready(last_consumed: int) -> Ready:
    return Ready(
        behavior="Walker",
        steps_per_hand_off=1,
        horizon=0,
        buffer_count=4,
        synchronous=False,
        required_fields=(),
        settings={},
        policy_version=1,
        iteration=1,
        last_consumed=last_consumed,
        run_directory="/runs/first/Walker",
    )


def update() -> PolicyUpdate:
    return PolicyUpdate("Walker", 1, 1, 1, False, {}, np.zeros(1, np.float32))


@pytest.fixture
def link() -> BehaviorLink:
    """One with four batches on their way, and then demonstrations."""
    made = BehaviorLink(configure)
    made.hear(ready(0))
    for batch_id in (1, 2, 3, 4):
        made.hand_over(experience(batch_id))
    nothing = flatten_episodes([], EpisodeSizes(1, 1, 0, 0))
    made.hand_over(demonstrations_to_message("Walker", 5, nothing, is_last=True))
    assert unsent(made) == [1, 2, 3, 4, 5]
    return made


def unsent(link: BehaviorLink) -> list[int]:
    """Ids of what would be sent now, in order."""
    ids = []
    while (batch := link.next_unsent()) is not None:
        ids.append(batch.batch_id)
        link.mark_sent()
    return ids


def test_what_a_checkpoint_has_learnt_from_is_let_go_and_the_rest_is_sent_again(link: BehaviorLink) -> None:
    link.restart()
    assert link.take_released() == []
    link.hear(ready(2))
    assert link.take_released() == [1, 2]
    assert unsent(link) == [3, 4]
    assert link.in_flight_count == 2


def test_a_trainer_that_knows_nothing_gets_everything_again(link: BehaviorLink) -> None:
    link.restart()
    link.hear(ready(0))
    assert link.take_released() == []
    assert unsent(link) == [1, 2, 3, 4]


def test_demonstrations_under_way_are_dropped_and_their_ids_not_used_again(link: BehaviorLink) -> None:
    link.restart()
    assert not link.is_in_flight(5)
    assert link.next_batch_id == 6


def test_weights_of_a_lost_trainer_that_nobody_took_are_dropped(link: BehaviorLink) -> None:
    link.hear_update(update())
    assert (link.has_update, link.has_heard_update) == (True, True)
    link.restart()
    assert (link.has_update, link.has_heard_update) == (False, False)
    assert link.ready is None
