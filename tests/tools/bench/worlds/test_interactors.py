"""What agents of the small worlds see and do, with structure and without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from host_sdk.host_program.episode_evaluation import evaluate_episodes
from protocol.policy_settings import PolicySettings
from tools.bench.worlds.catalogue import WORLDS
from tools.bench.worlds.foraging import Foraging
from tools.bench.worlds.gathering import HALF_SIZE_M, MAX_THINGS, Gathering, Kind
from tools.bench.worlds.host import WorldHost
from tools.bench.worlds.skirmish import MAX_ENEMIES, WEAPON_COUNT, Order, Orders, Skirmish

SMALL = PolicySettings(hidden_sizes=(8,))
SLOT_SIZE = 3 + 3 + 4 + 1
"""Location, velocity, one of three kinds or none, and the flag."""


def _ticks(host: WorldHost, count: int) -> Iterator[None]:
    """Plays without a trainer; yields after each step."""
    for _ in range(count):
        host.policy.run_inference()
        host.environment.gather_completions()
        host.environment.gather_rewards()
        yield
        agent_ids, _, completions = host.environment.collect_outcomes()
        if completions.any():
            host.manager.reset_agents(agent_ids[completions != 0])


@pytest.mark.parametrize("name", sorted(WORLDS))
@pytest.mark.parametrize("is_flat", [False, True], ids=["structured", "flat"])
def test_an_untrained_policy_plays_whole_episodes_the_same_from_the_same_seed(name: str, is_flat: bool) -> None:
    def play(seed: int) -> list[float]:
        host = WorldHost(name, 4, seed=seed, is_flat=is_flat, policy_settings=SMALL)
        return [float(value) for _ in _ticks(host, 130) for value in host.world.rewards]

    first = play(5)
    assert np.isfinite(first).all()
    assert first == play(5)
    assert WorldHost(name, 4, is_flat=is_flat, policy_settings=SMALL).world.episode_steps.tolist() == [0] * 4


def test_an_evaluation_plays_whole_episodes_of_a_world() -> None:
    evaluation = evaluate_episodes(WorldHost("Gathering", 3, policy_settings=SMALL), 7)
    assert evaluation.lengths.tolist() == [100] * 7


def test_a_set_and_a_row_of_slots_show_the_same_things_in_the_same_order() -> None:
    structured, flat = (WorldHost("Gathering", 3, seed=2, is_flat=is_flat) for is_flat in (False, True))
    for host in (structured, flat):
        host.interactor.gather_observations()
    for agent in range(3):
        of_set, _ = structured.interactor.get_observation_vector(agent)
        of_slots, _ = flat.interactor.get_observation_vector(agent)
        assert of_set[:2].tolist() == of_slots[:2].tolist()
        slots = of_slots[2:].reshape(MAX_THINGS, SLOT_SIZE)
        is_present = slots[:, -1] == 1.0
        things = of_set[2:-MAX_THINGS].reshape(MAX_THINGS, -1)
        assert np.array_equal(of_set[-MAX_THINGS:] == 1.0, is_present)
        assert np.array_equal(things[is_present], slots[is_present][:, :9])
        # an empty slot says that it has no kind, and nothing else
        assert np.array_equal(slots[~is_present], np.tile([*[0.0] * 9, 1.0, 0.0], ((~is_present).sum(), 1)))


def test_things_are_seen_from_the_agent_in_the_order_of_its_sensor() -> None:
    host = WorldHost("Gathering", 1, seed=2)
    world = host.world
    assert isinstance(world, Gathering)
    world.is_present[:] = False
    world.is_present[0, 5] = True
    world.agent_positions[0] = (1.0, -1.0)
    world.positions[0, 5], world.velocities[0, 5], world.kinds[0, 5] = (2.5, 2.0), (0.25, -0.5), Kind.POISON
    host.interactor.gather_observations()
    vector, _ = host.interactor.get_observation_vector(0)
    place = world.order[0].tolist().index(5)
    thing = vector[2:-MAX_THINGS].reshape(MAX_THINGS, -1)[place]
    expected = [1.5 / HALF_SIZE_M, 3.0 / HALF_SIZE_M, 0.0, 0.25, -0.5, 0.0, 0.0, 1.0, 0.0]
    assert thing.tolist() == pytest.approx(expected)
    assert vector[-MAX_THINGS:].tolist() == [float(slot == place) for slot in range(MAX_THINGS)]


def test_a_grid_and_a_vector_show_the_same_bytes() -> None:
    structured, flat = (WorldHost("Foraging", 2, seed=2, is_flat=is_flat) for is_flat in (False, True))
    assert isinstance(structured.world, Foraging)
    for host in (structured, flat):
        host.interactor.gather_observations()
    views = structured.world.views(np.arange(2))
    for agent in range(2):
        assert np.array_equal(structured.interactor.get_image_vector(agent), views[agent].ravel())
        assert np.array_equal(flat.interactor.get_observation_vector(agent)[0], views[agent].ravel())


@pytest.mark.parametrize("is_flat", [False, True], ids=["masked", "free"])
def test_masked_fighters_give_no_forbidden_order_and_free_ones_mostly_do(
    is_flat: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = WorldHost("Skirmish", 32, seed=3, is_flat=is_flat, policy_settings=SMALL)
    world, rows, forbidden = host.world, np.arange(32), []
    assert isinstance(world, Skirmish)
    step = world.step

    def look(orders: Orders) -> None:
        attacks = orders.order == Order.ATTACK
        is_good = world.allowed_orders()[rows, orders.order]
        is_good &= ~attacks | (world.is_ready[rows, orders.weapon] & world.is_present[rows, orders.target])
        forbidden.append(~is_good | ((orders.shield > 0.0) & (world.stamina < 0.1)))
        step(orders)

    monkeypatch.setattr(world, "step", look)
    for _ in _ticks(host, 60):
        pass
    share = np.mean(forbidden)
    assert share > 0.3 if is_flat else share == 0.0


def test_a_fighters_orders_reach_the_field_as_they_were_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    host = WorldHost("Skirmish", 2, seed=3, is_flat=True, policy_settings=SMALL)
    given: list[Orders] = []
    world = host.world
    assert isinstance(world, Skirmish)
    monkeypatch.setattr(world, "step", given.append)
    interactor = host.interactor
    paths = {leaf.path: leaf for leaf in interactor.action_layout.leaves}
    attack, retreat = np.zeros((2, interactor.action_layout.vector_size), np.float32)

    def choose(vector: np.ndarray, path: str, option: int) -> None:
        vector[paths[path].action_offset + option] = 1.0

    choose(attack, "$.order.choice", Order.ATTACK)
    choose(attack, "$.order.attack.weapon", WEAPON_COUNT - 1)
    choose(attack, "$.order.attack.target", MAX_ENEMIES - 2)
    choose(attack, "$.shield.choice", 0)
    attack[paths["$.aim"].action_offset] = 20.0
    choose(retreat, "$.order.choice", Order.RETREAT)
    choose(retreat, "$.shield.choice", 1)
    retreat[paths["$.order.retreat"].action_offset] = -20.0
    retreat[paths["$.shield.valid"].action_offset] = 0.0
    interactor.gather_observations()
    for agent, vector in enumerate((attack, retreat)):
        interactor.set_action_vector(vector, interactor.action_hash, agent)
    interactor.perform_actions()
    (orders,) = given
    assert orders.order.tolist() == [Order.ATTACK, Order.RETREAT]
    assert (orders.weapon[0], orders.target[0]) == (WEAPON_COUNT - 1, MAX_ENEMIES - 2)
    assert orders.aim.tolist() == pytest.approx([1.0, 0.0])
    assert orders.retreat[1] == pytest.approx(0.0)
    assert orders.shield.tolist() == pytest.approx([0.0, 0.5])
