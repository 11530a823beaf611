"""A game that is recorded, in which every number tells whose and when it is; and what must be recorded of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.policy import Policy
from host_sdk.recorder import Recorder
from host_sdk.recording import Recording
from host_sdk.settings import RecorderSettings
from host_sdk.training_environment import Rewards
from protocol.completion import Completion
from protocol.policy_settings import PolicySettings
from protocol.recording import Episode
from tests.host_sdk.seeing_game import BoundInteractor, modifier, picture
from tests.host_sdk.small_game import Agent, SmallEnvironment, make_manager


class TellingEnvironment(SmallEnvironment):
    """The reward tells whose and when."""

    def __init__(self, interactor: BoundInteractor) -> None:
        super().__init__()
        self.broken: set[int] = set()
        self._interactor = interactor

    def gather_agent_rewards(self, agent_ids: AgentIds) -> Rewards:
        rewards = agent_ids + self._interactor.time / 64
        rewards[np.isin(agent_ids, list(self.broken))] = np.nan
        return rewards


class DemonstratedGame:
    """Ticks of it; what is expected is kept beside, agent by agent and step by step."""

    def __init__(
        self,
        agent_count: int = 3,
        max_agent_count: int = 5,
        *,
        has_environment: bool = True,
        recording: Recording | Path | None = None,
        settings: RecorderSettings | None = None,
    ) -> None:
        self.manager = make_manager(agent_count, max_agent_count)
        self.interactor = BoundInteractor.make_interactor(self.manager)
        self.environment = TellingEnvironment(self.interactor)
        self.environment.setup_training_environment(self.manager)
        self.policy = Policy.make_policy(self.manager, self.interactor, PolicySettings(hidden_sizes=(4,)))
        environment = self.environment if has_environment else None
        self.recorder = Recorder.make_recorder(self.manager, self.interactor, environment, recording, settings=settings)
        self._longest = (settings or RecorderSettings()).max_episode_step_count or 10**9
        self._has_environment = has_environment
        self.expected: list[tuple[int, tuple[int, ...], Completion]] = []
        """Agent, times of its steps and how it ended, for each episode."""
        self._open: dict[int, list[int]] = {}
        self._seen: dict[int, tuple[int, bool]] = {}

    # --- What happens ----------------------------------------------------------------------------------------------

    def play(
        self,
        completions: dict[int, Completion] | None = None,
        *,
        broken_rewards: Iterable[int] = (),
        broken_finals: Iterable[int] = (),
        broken_observations: Iterable[int] = (),
    ) -> None:
        """One tick: the outcome of the last step, and the next step."""
        self.outcome(completions, broken_rewards=broken_rewards, broken_finals=broken_finals)
        self.act(broken_observations)

    def outcome(
        self,
        completions: dict[int, Completion] | None = None,
        *,
        broken_rewards: Iterable[int] = (),
        broken_finals: Iterable[int] = (),
    ) -> None:
        """What came of the last step, if anybody made one."""
        acted = [agent for agent in self.manager.agent_ids.tolist() if self.manager.action_counts[agent]]
        if not acted:
            return
        self.environment.completions = (completions or {}) if self._has_environment else {}
        self.environment.broken = set(broken_rewards)
        self.interactor.poisoned = set(broken_finals)
        for agent in acted:
            self._expect(agent, set(broken_rewards) if self._has_environment else set(), set(broken_finals))
        if self._has_environment:
            self.environment.gather_completions()
            self.environment.gather_rewards()
        self.recorder.add_experience()

    def act(self, broken_observations: Iterable[int] = ()) -> None:
        """The next step of all agents."""
        self.interactor.poisoned = set(broken_observations)
        for agent in self.manager.agent_ids.tolist():
            self._seen[agent] = self.interactor.time, agent not in self.interactor.poisoned
        self.policy.run_inference()

    def reset(self, agents: Iterable[int]) -> None:
        """By the game itself."""
        for agent in agents:
            self._interrupted(agent)
        self.manager.reset_agents(list(agents))

    def remove(self, agents: Iterable[int]) -> None:
        """From the game."""
        for agent in agents:
            self._interrupted(agent)
        self.manager.remove_agents(list(agents))

    def add(self) -> None:
        """A newcomer, where there is room."""
        if self.manager.agent_count < self.manager.max_agent_count:
            self.manager.add_agent(Agent())

    def end(self) -> None:
        """Of the recording."""
        self.interactor.poisoned = set()
        for agent in sorted(self._open):
            time, is_finite = self._seen[agent]
            if time > self._open[agent][-1] and not is_finite:
                self._cut_before_last(agent)
            else:
                self._close(agent, Completion.TRUNCATION)
        self.recorder.end_recording()

    # --- What is expected ------------------------------------------------------------------------------------------

    def _expect(self, agent: int, broken_rewards: set[int], broken_finals: set[int]) -> None:
        time, is_finite = self._seen[agent]
        how = self.environment.completions.get(agent, Completion.RUNNING)
        if not is_finite:
            self._cut_before_last(agent)
        elif agent in broken_rewards:
            self._close(agent, Completion.TRUNCATION)
        else:
            self._open.setdefault(agent, []).append(time)
            if how or len(self._open[agent]) >= self._longest:
                if agent in broken_finals and how != Completion.TERMINATION:
                    self._cut_before_last(agent)
                else:
                    self._close(agent, how or Completion.TRUNCATION)

    def _interrupted(self, agent: int) -> None:
        if agent in self._open:
            time, is_finite = self._seen[agent]
            if time > self._open[agent][-1] and is_finite:
                self._close(agent, Completion.TRUNCATION)
            else:
                self._cut_before_last(agent)

    def _close(self, agent: int, how: Completion) -> None:
        times = self._open.pop(agent, [])
        if times:
            self.expected.append((agent, tuple(times), how))

    def _cut_before_last(self, agent: int) -> None:
        if agent in self._open:
            self._open[agent].pop()
            self._close(agent, Completion.TRUNCATION)

    # --- What is compared ------------------------------------------------------------------------------------------

    def assert_recorded(self, episodes: Iterable[Episode]) -> None:
        """These episodes are what happened, each whole and in its place."""
        received = list(episodes)
        told = [(episode.agent_id, _times(episode), episode.completion) for episode in received]
        assert sorted(told) == sorted(self.expected)
        assert [episode.serial for episode in received] == list(range(len(received)))
        for episode in received:
            self._assert_whole(episode)

    def _assert_whole(self, episode: Episode) -> None:
        agent, times = episode.agent_id, np.array(_times(episode))
        np.testing.assert_array_equal(np.diff(times), 1)
        np.testing.assert_allclose(episode.observations[:, 0] * 10, agent, atol=1e-5)
        np.testing.assert_array_equal(episode.images, picture(np.full(len(times), agent), times))
        np.testing.assert_array_equal(episode.action_modifiers, modifier(np.full(len(times), agent), times))
        np.testing.assert_array_equal(episode.actions[:, 1], np.float32(times / 8))
        if self._has_environment:
            np.testing.assert_allclose(episode.rewards, agent + (times + 1) / 64, rtol=1e-6)
        else:
            assert np.isnan(episode.rewards).all()
        if episode.final_observation.any():
            np.testing.assert_allclose(episode.final_observation * 10, [agent, times[-1] + 1], atol=1e-4)
        else:  # numbers that were not finite, which nothing follows upon
            assert episode.is_terminated
        np.testing.assert_array_equal(episode.final_image, picture([agent], [times[-1] + 1])[0])


def _times(episode: Episode) -> tuple[int, ...]:
    return tuple(np.rint(episode.observations[:, 1] * 10).astype(int).tolist())
