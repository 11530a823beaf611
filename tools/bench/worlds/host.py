"""A world with everything of the SDK around it."""

from __future__ import annotations

from host_sdk.manager import Manager
from host_sdk.policy import Policy
from protocol.policy_settings import PolicySettings
from tools.bench.worlds.catalogue import WORLDS
from tools.bench.worlds.world import WorldEnvironment


class WorldHost:
    """Copies of a world as the agents 0, 1, 2 … of one manager, acting by one policy.

    Attributes:
        world, manager, interactor, environment, policy: set up, the agents added.
    """

    def __init__(
        self,
        name: str,
        agent_count: int,
        *,
        seed: int = 0,
        is_flat: bool = False,
        policy_settings: PolicySettings | None = None,
    ) -> None:
        """
        Args:
            name: in the catalogue.
            agent_count: how many agents.
            seed: of the world, and of the sampling of actions.
            is_flat: whether the agents see and act without structure.
            policy_settings: of the network.
        """
        self.world, self.interactor = WORLDS[name].make(agent_count, seed, is_flat=is_flat)
        self.manager = Manager(agent_count)
        self.interactor.setup_interactor(self.manager)
        self.environment = WorldEnvironment(self.world)
        self.environment.setup_training_environment(self.manager)
        settings = policy_settings or PolicySettings(seed=seed)
        self.policy = Policy.make_policy(self.manager, self.interactor, settings, seed=seed)
        self.manager.add_agents([object() for _ in range(agent_count)])
