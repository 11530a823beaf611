"""A Gymnasium world with everything of the SDK around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import gymnasium

from host_sdk.adapters.gymnasium.environment import GymnasiumTrainingEnvironment
from host_sdk.adapters.gymnasium.interactor import GymnasiumInteractor
from host_sdk.adapters.gymnasium.world import Environment, GymnasiumWorld
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from protocol.policy_settings import PolicySettings


def environment_maker(env_id: str, arguments: Mapping[str, Any] | None = None) -> Callable[[], Environment]:
    """What makes one copy of a registered environment; `module:Name-v0` imports the module that registers it."""
    return lambda: gymnasium.make(env_id, **dict(arguments or {}))


class GymnasiumHost:
    """Copies of an environment as the agents 0, 1, 2 … of one manager, acting by one policy.

    Use it in a `with` block, or `close` it.

    Attributes:
        world, manager, interactor, environment, policy: set up, the agents added.
    """

    def __init__(
        self,
        make_environment: Callable[[], Environment],
        copy_count: int,
        *,
        seed: int = 0,
        policy_settings: PolicySettings | None = None,
    ) -> None:
        """
        Args:
            make_environment: makes one copy.
            copy_count: how many agents.
            seed: of the first copy; each further one adds one.
            policy_settings: of the network.

        Raises:
            ValueError: no copies.
            SchemaError: the environment has a space without a schema element.
        """
        self.world = GymnasiumWorld(make_environment, copy_count, seed=seed)
        self.manager = Manager(copy_count)
        self.interactor = GymnasiumInteractor(self.world)
        self.interactor.setup_interactor(self.manager)
        self.environment = GymnasiumTrainingEnvironment(self.world)
        self.environment.setup_training_environment(self.manager)
        self.policy = Policy.make_policy(self.manager, self.interactor, policy_settings or PolicySettings(seed=seed))
        self.manager.add_agents(self.world.copies)

    def close(self) -> None:
        """Closes the environments."""
        self.world.close()

    def __enter__(self) -> GymnasiumHost:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
