"""A simulator: a world that moves only when its agents act, and can wait for its trainer."""

from __future__ import annotations

from typing import Protocol

from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.training_environment import TrainingEnvironment


class Simulator(Protocol):
    """A world with everything of the SDK around it, set up, its agents added; performing actions moves it."""

    @property
    def manager(self) -> Manager:
        """Of all agents."""

    @property
    def interactor(self) -> Interactor:
        """How they see and act."""

    @property
    def environment(self) -> TrainingEnvironment:
        """What they get for it."""

    @property
    def policy(self) -> Policy:
        """How they decide."""
