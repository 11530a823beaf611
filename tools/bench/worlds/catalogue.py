"""The worlds by name, and what their agents see and do with structure and without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from host_sdk.interactor import Interactor
from tools.bench.worlds.cart_pole import CartPole
from tools.bench.worlds.cart_pole_interactor import CartPoleInteractor
from tools.bench.worlds.foraging import Foraging
from tools.bench.worlds.foraging_interactor import FlatForagingInteractor, ForagingInteractor
from tools.bench.worlds.gathering import Gathering
from tools.bench.worlds.gathering_interactor import FlatGatheringInteractor, GatheringInteractor
from tools.bench.worlds.skirmish import Skirmish
from tools.bench.worlds.skirmish_interactor import FlatSkirmishInteractor, SkirmishInteractor
from tools.bench.worlds.world import World

_World = TypeVar("_World", bound=World)


@dataclass(frozen=True)
class WorldEntry(Generic[_World]):
    """One world.

    Attributes:
        world: its rules; made with a number of agents and a seed.
        structured: its interactor that makes use of structure; made with the world.
        flat: the one that doesn't.
    """

    world: Callable[..., _World]
    structured: Callable[[_World], Interactor]
    flat: Callable[[_World], Interactor]

    def make(self, agent_count: int, seed: int, *, is_flat: bool) -> tuple[World, Interactor]:
        """A world of so many agents, and how they see and act."""
        world = self.world(agent_count, seed=seed)
        return world, (self.flat if is_flat else self.structured)(world)


WORLDS: Mapping[str, WorldEntry[CartPole] | WorldEntry[Gathering] | WorldEntry[Skirmish] | WorldEntry[Foraging]] = {
    "CartPoleWithoutVelocities": WorldEntry(CartPole, CartPoleInteractor, CartPoleInteractor),
    "Gathering": WorldEntry(Gathering, GatheringInteractor, FlatGatheringInteractor),
    "Skirmish": WorldEntry(Skirmish, SkirmishInteractor, FlatSkirmishInteractor),
    "Foraging": WorldEntry(Foraging, ForagingInteractor, FlatForagingInteractor),
}
