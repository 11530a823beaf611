"""Who the agents are, and who hears of it."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from host_sdk.errors import AgentError
from host_sdk.manager import AgentIds, Manager
from host_sdk.manager_listener import ManagerListener
from protocol.limits import MAX_AGENTS
from tests.host_sdk.small_game import Agent, make_manager


class Ear(ManagerListener):
    """Writes down what it hears, after its name."""

    def __init__(self, name: str, heard: list[tuple[str, str, list[int]]]) -> None:
        self.label = name
        self.heard = heard

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Writes it down."""
        self.heard.append((self.label, "added", agent_ids.tolist()))

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """Writes it down."""
        self.heard.append((self.label, "removed", agent_ids.tolist()))

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """Writes it down."""
        self.heard.append((self.label, "reset", agent_ids.tolist()))

    def on_manager_tick(self, agent_ids: AgentIds, delta_time_s: float) -> None:
        """Writes it down."""
        self.heard.append((self.label, f"tick {delta_time_s}", agent_ids.tolist()))


def test_agents_get_the_lowest_free_slots_and_slots_are_used_again() -> None:
    manager = Manager(4)
    first, second, third = Agent(), Agent(), Agent()
    assert manager.add_agents([first, second, third]).tolist() == [0, 1, 2]
    manager.remove_agent(1)
    assert manager.agent_ids.tolist() == [0, 2]
    assert manager.add_agent(Agent()) == 1
    assert manager.agent_count == 3
    assert manager.get_agent_id(third) == 2
    assert manager.get_agents([2, 0]) == [third, first]
    assert manager.get_agent_ids([third, first]).tolist() == [2, 0]
    assert manager.get_all_agents()[0] is first


def test_the_serial_of_a_slot_is_never_used_again() -> None:
    manager = make_manager(2)
    serials = {manager.get_agent_serial(0), manager.get_agent_serial(1)}
    for _ in range(5):
        manager.remove_agent(0)
        manager.add_agent(Agent())
        serials.add(manager.get_agent_serial(0))
    assert len(serials) == 7


def test_agents_are_told_apart_by_identity() -> None:
    manager = Manager(2)
    manager.add_agents([[], []])
    assert manager.has_agent(1)
    assert not manager.has_agent_object([])


def test_a_removed_agent_is_let_go() -> None:
    manager = make_manager(1)
    agent = weakref.ref(manager.get_agent(0))
    manager.remove_agent(0)
    gc.collect()
    assert agent() is None


def test_adding_beyond_the_maximum_names_both_numbers_and_adds_nobody() -> None:
    manager = make_manager(2, 3)
    with pytest.raises(AgentError, match="2 more would make 4 agents, and max_agent_count is 3"):
        manager.add_agents([Agent(), Agent()])
    assert manager.agent_count == 2


def test_an_object_can_be_an_agent_only_once() -> None:
    manager, agent = Manager(3), Agent()
    with pytest.raises(AgentError, match="is an agent already"):
        manager.add_agents([agent, agent])
    manager.add_agent(agent)
    with pytest.raises(AgentError, match="is an agent already"):
        manager.add_agent(agent)


@pytest.mark.parametrize("count", [0, -1, MAX_AGENTS + 1])
def test_a_maximum_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(AgentError, match=f"1 to {MAX_AGENTS}, got {count}"):
        Manager(count)


def test_agents_that_are_not_there_are_named() -> None:
    manager = make_manager(2)
    for call in (manager.get_agent, manager.remove_agent, manager.reset_agent, manager.get_agent_serial):
        with pytest.raises(AgentError, match=r"no agent 5; the 2 present are \[0, 1\]"):
            call(5)
    with pytest.raises(AgentError, match="every agent once"):
        manager.remove_agents([0, 0])
    with pytest.raises(AgentError, match="no agent of this manager"):
        manager.get_agent_id(Agent())
    assert manager.agent_count == 2


def test_ids_are_one_unchanging_array_until_agents_come_or_go() -> None:
    manager = make_manager(2, 3)
    ids = manager.agent_ids
    manager.reset_all_agents()
    assert manager.agent_ids is ids
    manager.add_agent(Agent())
    assert ids.tolist() == [0, 1]
    assert manager.agent_ids.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        manager.agent_ids[0] = 9


def test_listeners_hear_of_every_change_in_order() -> None:
    manager, heard = Manager(3), []
    for name in ("first", "second"):
        manager.add_listener(Ear(name, heard))
    manager.add_agents([Agent(), Agent()])
    manager.reset_agent(1)
    manager.tick(0.5)
    manager.remove_all_agents()
    assert heard == [
        ("first", "added", [0, 1]),
        ("second", "added", [0, 1]),
        ("first", "reset", [1]),
        ("second", "reset", [1]),
        ("first", "tick 0.5", [0, 1]),
        ("second", "tick 0.5", [0, 1]),
        ("first", "removed", [0, 1]),
        ("second", "removed", [0, 1]),
    ]


def test_a_change_made_by_a_listener_is_told_after_the_one_that_it_heard() -> None:
    manager, heard = Manager(2), []

    class Replacer(Ear):
        """Adds an agent for each that goes."""

        def on_agents_removed(self, agent_ids: AgentIds) -> None:
            """Adds as many."""
            super().on_agents_removed(agent_ids)
            manager.add_agents(Agent() for _ in agent_ids)

    manager.add_agents([Agent(), Agent()])
    manager.add_listener(Replacer("first", heard))
    manager.add_listener(Ear("second", heard))
    manager.remove_agent(0)
    assert heard == [
        ("first", "removed", [0]),
        ("second", "removed", [0]),
        ("first", "added", [0]),
        ("second", "added", [0]),
    ]


def test_a_listener_that_raises_keeps_nobody_from_hearing() -> None:
    manager, heard = Manager(2), []

    class Broken(Ear):
        """Raises at each newcomer."""

        def on_agents_added(self, agent_ids: AgentIds) -> None:
            """Raises."""
            raise ValueError("broken")

    manager.add_listener(Broken("first", heard))
    manager.add_listener(Ear("second", heard))
    with pytest.raises(ValueError, match="broken"):
        manager.add_agent(Agent())
    assert heard == [("second", "added", [0])]
    manager.remove_agent(0)
    assert heard[-1] == ("second", "removed", [0])


def test_a_listener_that_left_hears_nothing_and_one_added_twice_hears_once() -> None:
    manager, heard = Manager(2), []
    staying, leaving = Ear("staying", heard), Ear("leaving", heard)
    for listener in (staying, staying, leaving):
        manager.add_listener(listener)
    manager.remove_listener(leaving)
    manager.add_agent(Agent())
    assert heard == [("staying", "added", [0])]


@pytest.mark.parametrize("time", [-1.0, np.nan, np.inf])
def test_time_goes_forward(time: float) -> None:
    with pytest.raises(AgentError, match="at least 0"):
        Manager(1).tick(time)


def test_a_listener_has_words_for_the_game_to_draw() -> None:
    listener = ManagerListener()
    logger = listener.get_or_add_visual_logger_object("goal")
    logger.log(3, "12 m")
    assert listener.visual_logger_objects["goal"].words == {3: "12 m"}
    assert listener.get_or_add_visual_logger_object("goal") is logger
    logger.forget(3)
    assert not logger.words


def test_as_many_agents_as_a_host_may_have_come_one_by_one_and_go_together() -> None:
    manager = Manager(MAX_AGENTS)
    for _ in range(MAX_AGENTS):
        manager.add_agent(Agent())
    assert manager.agent_ids.tolist() == list(range(MAX_AGENTS))
    with pytest.raises(AgentError, match=f"max_agent_count is {MAX_AGENTS}"):
        manager.add_agent(Agent())
    manager.remove_all_agents()
    assert manager.agent_count == 0
