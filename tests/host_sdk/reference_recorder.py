"""A slow recorder in plain Python that says what `TrajectoryRecorder` must record, while there is always room."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from protocol.completion import Completion

Vector = tuple[float, ...]


@dataclass(frozen=True)
class Step:
    """One whole transition's beginning: what was seen and done, and what came of it."""

    observation: Vector
    action: Vector
    log_prob: float
    version: int
    reward: float


@dataclass
class Segment:
    """Consecutive steps of one episode."""

    agent: int
    episode: int
    first_step: int
    is_on_policy: bool
    steps: list[Step] = field(default_factory=list)
    completion: Completion = Completion.RUNNING
    final_observation: Vector = ()


@dataclass
class Action:
    """An action that waits for its reward."""

    observation: Vector
    action: Vector
    log_prob: float
    version: int
    is_recorded: bool
    is_finite: bool


@dataclass
class Batch:
    """One hand-off."""

    segments: list[Segment]
    unrecorded_steps: int
    dropped_actions: int
    non_finite_steps: int
    episodes: list[tuple[float, int]]


class ReferenceRecorder:
    """One agent at a time, lists only; the rules are those of the recorder's docstrings."""

    def __init__(self, steps_per_hand_off: int, buffer_count: int, max_episode_step_count: int) -> None:
        self.steps_per_hand_off = steps_per_hand_off
        self.free_buffers = buffer_count
        self.max_episode_step_count = max_episode_step_count
        self.pending: dict[int, Action] = {}
        self.open: dict[int, Segment] = {}
        self.closed: list[Segment] = []
        self.episode: dict[int, int] = {}
        self.step: dict[int, int] = {}
        self.total: dict[int, float] = {}
        self.next_episode = 0
        self.unrecorded = self.dropped = self.non_finite = 0
        self.episodes: list[tuple[float, int]] = []

    @property
    def is_full(self) -> bool:
        steps = [segment.steps for segment in [*self.closed, *self.open.values()]]
        return self.free_buffers > 0 and sum(len(part) for part in steps) >= self.steps_per_hand_off

    def begin_episode(self, agent: int) -> None:
        self.episode[agent] = self.next_episode
        self.next_episode += 1
        self.step[agent] = 0
        self.total[agent] = 0.0

    def begin_agent(self, agent: int) -> None:
        self.interrupt(agent)
        self.begin_episode(agent)

    def interrupt(self, agent: int) -> None:
        action = self.pending.pop(agent, None)
        if action is not None:
            if action.is_finite:
                self.dropped += 1
            if agent in self.open:
                self.cut(agent, Completion.RUNNING, action.observation)
        elif agent in self.open:
            self.dropped += 1
            self.take_back_and_cut(agent)

    def begin(self, agent: int, action: Action, is_on_policy: bool) -> None:
        if agent in self.pending:
            self.interrupt(agent)
            self.step[agent] += 1
        if not action.is_finite:
            self.non_finite += 1
            if agent in self.open:
                self.non_finite += 1
                self.take_back_and_cut(agent)
            self.pending[agent] = action
            return
        action.is_recorded = self.free_buffers > 0
        self.pending[agent] = action
        if not action.is_recorded:
            return
        if agent in self.open and self.open[agent].is_on_policy != is_on_policy:
            self.cut(agent, Completion.RUNNING, action.observation)
        if agent not in self.open:
            self.open[agent] = Segment(agent, self.episode[agent], self.step[agent], is_on_policy)

    def end(self, agent: int, reward: float) -> None:
        action = self.pending.pop(agent, None)
        if action is None:
            return
        self.step[agent] += 1
        self.total[agent] += reward if math.isfinite(reward) else 0.0
        if not action.is_finite:
            return
        if not action.is_recorded:
            self.unrecorded += 1
        elif math.isfinite(reward):
            step = Step(action.observation, action.action, action.log_prob, action.version, reward)
            self.open[agent].steps.append(step)
        else:
            self.non_finite += 1
            self.cut(agent, Completion.RUNNING, action.observation)

    def completion_of(self, agent: int, completion: Completion) -> Completion:
        limit = self.max_episode_step_count
        if completion is Completion.RUNNING and limit and self.step[agent] >= limit:
            return Completion.TRUNCATION
        return completion

    def close(self, agent: int, completion: Completion, final_observation: Vector) -> None:
        if agent in self.open:
            is_finite = all(math.isfinite(value) for value in final_observation)
            if completion is Completion.TERMINATION and not is_finite:
                final_observation = tuple(0.0 for _ in final_observation)
            elif not is_finite:
                self.non_finite += 1
                self.take_back_and_cut(agent)
        if agent in self.open:
            self.cut(agent, completion, final_observation)
        if completion is not Completion.RUNNING:
            if self.step[agent]:
                self.episodes.append((self.total[agent], self.step[agent]))
            self.begin_episode(agent)

    def take(self) -> Batch | None:
        assert not self.open
        if not self.closed:
            return None
        batch = Batch(self.closed, self.unrecorded, self.dropped, self.non_finite, self.episodes)
        self.closed, self.episodes = [], []
        self.unrecorded = self.dropped = self.non_finite = 0
        self.free_buffers -= 1
        return batch

    def release(self) -> None:
        self.free_buffers += 1

    def take_back_and_cut(self, agent: int) -> None:
        last = self.open[agent].steps.pop()
        self.cut(agent, Completion.RUNNING, last.observation)

    def cut(self, agent: int, completion: Completion, final_observation: Vector) -> None:
        segment = self.open.pop(agent)
        segment.completion, segment.final_observation = completion, final_observation
        if segment.steps:
            self.closed.append(segment)
