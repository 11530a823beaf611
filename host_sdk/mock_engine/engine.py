"""The mock engine's loop: faults, one call into the SDK, physics, and the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from host_sdk.manager import Manager
from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import ArenaSettings
from host_sdk.mock_engine.environment import ArenaTrainingEnvironment
from host_sdk.mock_engine.interactor import ArenaInteractor
from host_sdk.mock_engine.misbehaviour import Misbehaviour, MisbehaviourSchedule
from host_sdk.policy import Policy
from protocol.completion import Completion
from protocol.policy_settings import PolicySettings


@dataclass(frozen=True)
class MockEngineSettings:
    """What the engine plays.

    Attributes:
        agent_count: agents at the start, and room for no more.
        seed: of the world, of the first weights and of the sampling of actions.
        arena: the world's constants.
        policy: the network's.
        misbehaviours: faults to commit.
    """

    agent_count: int = 64
    seed: int = 0
    arena: ArenaSettings = field(default_factory=ArenaSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    misbehaviours: tuple[Misbehaviour, ...] = ()


class Disc:
    """An agent's object in the game; the arena keeps what moves."""


class MockEngine:
    """A game of one arena, ready to be ticked.

    Attributes:
        arena: the world.
        manager, interactor, environment, policy: the SDK's objects, set up.
        tick_count: ticks played.
    """

    def __init__(self, settings: MockEngineSettings | None = None) -> None:
        self.settings = MockEngineSettings() if settings is None else settings
        count, seed = self.settings.agent_count, self.settings.seed
        self.arena = Arena(count, seed=seed, settings=self.settings.arena)
        self.manager = Manager(count)
        self.interactor = ArenaInteractor(self.arena)
        self.interactor.setup_interactor(self.manager)
        self.environment = ArenaTrainingEnvironment(self.arena)
        self.environment.setup_training_environment(self.manager)
        self.policy = Policy.make_policy(self.manager, self.interactor, settings=self.settings.policy, seed=seed)
        self.tick_count = 0
        self._schedule = MisbehaviourSchedule(self.settings.misbehaviours)
        self.manager.add_agents([Disc() for _ in range(count)])

    def tick(self, run_learning: Callable[[], None] | None = None) -> None:
        """Play one tick.

        Args:
            run_learning: the one call into the SDK, as `trainer.run_training` with its arguments; without it the
                policy just plays.
        """
        self._schedule.apply(self.tick_count, self)
        if run_learning is None:
            self.play()
        else:
            run_learning()
        self.advance()

    def advance(self) -> None:
        """Move the world on, by what agents are doing."""
        self.arena.step()
        self.manager.tick(self.arena.settings.tick_s)
        self.tick_count += 1

    def play(self, action_noise_scale: float = 1.0) -> None:
        """Let the policy decide without anything being recorded; episodes that ended begin anew."""
        if self.policy.has_acted:
            self.environment.gather_completions()
            self.environment.gather_rewards()
            ids = self.manager.agent_ids
            is_over = self.arena.completions[ids] != Completion.RUNNING
            if is_over.any():
                self.manager.reset_agents(ids[is_over])
        self.policy.run_inference(action_noise_scale)

    def stall(self, duration_s: float) -> None:
        """Let the engine's thread stand still."""
        time.sleep(duration_s)

    def poison_observation(self, agent_id: int) -> None:
        """Give this agent a NaN at the next gathering of observations."""
        self.interactor.poison_observation(agent_id)

    def poison_reward(self, agent_id: int) -> None:
        """Give this agent a NaN at the next gathering of rewards."""
        self.environment.poison_reward(agent_id)

    def replace_agents(self, count: int) -> None:
        """Remove `count` agents, every other one first, and add as many new ones; their ids are used again."""
        ids = self.manager.agent_ids
        leaving = np.concatenate([ids[::2], ids[1::2]])[:count]
        self.manager.remove_agents(leaving)
        self.manager.add_agents([Disc() for _ in leaving])
