"""A world whose every number tells whose it is and when it was, recorded by a recorder and by the reference at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from host_sdk.trajectory_recorder import TrajectoryRecorder
from protocol.action_layout import ActionLayout
from protocol.collection_contract import CollectionContract
from protocol.completion import Completion
from protocol.experience import STEP_FIELDS, ExperienceBatch
from protocol.observation_layout import ObservationLayout
from protocol.schema import ContinuousAction, ContinuousObservation
from tests.host_sdk.reference_recorder import Action, Batch, ReferenceRecorder, Segment, Step, Vector

OBSERVATION = ObservationLayout.of(ContinuousObservation(3))
ACTION = ActionLayout.of(ContinuousAction(2))


@dataclass(frozen=True)
class Tick:
    """What happens in one tick, in this order; agents are named by their slots.

    Attributes:
        rewards: whether rewards are gathered for the last actions at all.
        completions: agents whose episodes end, and how.
        bad_rewards: agents whose reward is NaN.
        bad_finals: agents whose final observation is NaN, should it be asked for.
        releases: whether the oldest batch in flight is released.
        removed: agents that leave.
        added: slots that get an agent.
        reset: agents that are reset without a completion.
        bad_observations: agents whose observation is NaN.
        by_hand: agents whose action is set by hand.
        noise_scale: of the policy.
        new_version: whether new weights came.
    """

    rewards: bool = True
    completions: dict[int, Completion] = field(default_factory=dict)
    bad_rewards: frozenset[int] = frozenset()
    bad_finals: frozenset[int] = frozenset()
    releases: bool = False
    removed: frozenset[int] = frozenset()
    added: frozenset[int] = frozenset()
    reset: frozenset[int] = frozenset()
    bad_observations: frozenset[int] = frozenset()
    by_hand: frozenset[int] = frozenset()
    noise_scale: float = 1.0
    new_version: bool = False


class RecordedWorld:
    """Plays ticks to both recorders."""

    def __init__(
        self,
        max_agents: int,
        steps_per_hand_off: int,
        *,
        buffer_count: int = 2,
        horizon: int = 0,
        max_episode_step_count: int = 0,
    ) -> None:
        contract = CollectionContract(steps_per_hand_off, horizon, buffer_count, STEP_FIELDS, False)
        self.recorder = TrajectoryRecorder(
            OBSERVATION, ACTION, max_agents, contract, max_episode_step_count=max_episode_step_count
        )
        self.reference = ReferenceRecorder(steps_per_hand_off, buffer_count, max_episode_step_count)
        self.max_agents = max_agents
        self.time = 0
        self.version = 0
        self.agents: set[int] = set()
        self.agent_ids: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.batches: list[tuple[ExperienceBatch, Batch]] = []
        self.in_flight: list[int] = []

    def play(self, tick: Tick) -> None:
        if tick.rewards:
            self._end_step(tick)
            self._hand_off(tick)
        if tick.releases and self.in_flight:
            assert self.recorder.release(self.in_flight.pop(0))
            self.reference.release()
        self._change_agents(tick)
        self.version += tick.new_version
        self._begin_step(tick)
        self.time += 1

    def finish(self) -> None:
        """Cuts all that is open and hands it off, if a buffer is being written."""
        self._cut_and_take(Tick())

    def sees(self, agent: int) -> Vector:
        """The agent's observation now."""
        return (float(agent), float(self.time), 0.5)

    def _rows(self, agents: npt.NDArray[np.int64], bad: frozenset[int]) -> npt.NDArray[np.float32]:
        rows = np.array([self.sees(agent) for agent in agents.tolist()], dtype=np.float32).reshape(len(agents), 3)
        for row, agent in enumerate(agents.tolist()):
            if agent in bad:
                rows[row, 1] = np.nan
        return rows

    def _end_step(self, tick: Tick) -> None:
        ids = self.agent_ids
        reward = {agent: math.nan if agent in tick.bad_rewards else self.time + agent / 64 for agent in ids.tolist()}
        completions = {agent: tick.completions.get(agent, Completion.RUNNING) for agent in ids.tolist()}
        given = np.array(list(reward.values()), dtype=np.float32)
        closing = self.recorder.end_step(ids, given, np.array(list(completions.values()), dtype=np.uint8))
        for agent in ids.tolist():
            self.reference.end(agent, reward[agent])
        expected = {agent: self.reference.completion_of(agent, completions[agent]) for agent in ids.tolist()}
        expected = {agent: completion for agent, completion in expected.items() if completion}
        assert dict(zip(closing.agent_ids.tolist(), closing.completions.tolist(), strict=True)) == expected
        self._close(closing.agent_ids, expected, tick)

    def _close(self, ids: npt.NDArray[np.int64], completions: dict[int, Completion], tick: Tick) -> None:
        finals = self._rows(ids, tick.bad_finals)
        numbers = np.array([completions.get(agent, 0) for agent in ids.tolist()], dtype=np.uint8)
        self.recorder.close_segments(ids, numbers, finals)
        for agent, final in zip(ids.tolist(), finals.tolist(), strict=True):
            self.reference.close(agent, completions.get(agent, Completion.RUNNING), tuple(final))

    def _hand_off(self, tick: Tick) -> None:
        assert self.recorder.is_full == self.reference.is_full
        if self.recorder.is_full:
            self._cut_and_take(tick)

    def _cut_and_take(self, tick: Tick) -> None:
        open_ids = self.recorder.open_agent_ids
        assert set(open_ids.tolist()) == set(self.reference.open)
        waiting = [agent for agent in open_ids.tolist() if agent in self.reference.pending]
        self.recorder.cut_all(self._rows(open_ids, tick.bad_finals))
        for agent in waiting:
            self.reference.interrupt(agent)
        for agent in [agent for agent in open_ids.tolist() if agent not in waiting]:
            final = self._rows(np.array([agent]), tick.bad_finals)[0]
            self.reference.close(agent, Completion.RUNNING, tuple(final.tolist()))
        batch, expected = self.recorder.take(), self.reference.take()
        assert (batch is None) == (expected is None)
        if batch is not None and expected is not None:
            self.in_flight.append(batch.batch_id)
            self.batches.append((copied(batch), expected))

    def _change_agents(self, tick: Tick) -> None:
        removed = np.array(sorted(tick.removed & self.agents), dtype=np.int64)
        if removed.size:
            self.recorder.end_agents(removed)
            for agent in removed.tolist():
                self.reference.begin_agent(agent)
        self.agents -= tick.removed
        added = np.array(sorted(tick.added - self.agents), dtype=np.int64)
        if added.size:
            self.recorder.begin_agents(added)
            for agent in added.tolist():
                self.reference.begin_agent(agent)
        self.agents |= tick.added
        if removed.size or added.size:
            self.agent_ids = np.array(sorted(self.agents), dtype=np.int64)
        reset = np.array(sorted(tick.reset & self.agents), dtype=np.int64)
        if reset.size:
            self.recorder.begin_agents(reset)
            for agent in reset.tolist():
                self.reference.begin_agent(agent)

    def _begin_step(self, tick: Tick) -> None:
        everyone = np.arange(self.max_agents)
        observations = self._rows(everyone, frozenset())
        is_finite = np.array([agent not in tick.bad_observations for agent in range(self.max_agents)])
        observations[~is_finite] = 0.0
        actions = np.stack([everyone + 0.25, np.full(self.max_agents, self.time + 0.5)], axis=1).astype(np.float32)
        log_probs = (-self.time - everyone / 64).astype(np.float32)
        by_hand = np.array([agent in tick.by_hand for agent in range(self.max_agents)])
        self.recorder.begin_step(
            self.agent_ids,
            observations,
            actions,
            log_probs,
            policy_version=self.version,
            noise_scale=tick.noise_scale,
            is_set_by_hand=by_hand,
            is_finite=is_finite,
        )
        for agent in self.agent_ids.tolist():
            action = Action(
                self.sees(agent),
                (agent + 0.25, self.time + 0.5),
                -self.time - agent / 64,
                self.version,
                is_recorded=False,
                is_finite=bool(is_finite[agent]),
            )
            self.reference.begin(agent, action, tick.noise_scale == 1.0 and not by_hand[agent])


def copied(batch: ExperienceBatch) -> ExperienceBatch:
    """A batch that outlives its buffer."""
    arrays = {name: value.copy() for name, value in vars(batch).items() if isinstance(value, np.ndarray)}
    return ExperienceBatch(**{**vars(batch), **arrays})


def segments_of(batch: ExperienceBatch) -> list[Segment]:
    """The segments of a batch, those that only another strip of rows had parted joined again."""
    table, segments = batch.segments, []
    versions = batch.policy_versions().tolist()
    for index in range(len(table)):
        lane, length = int(table.lane[index]), int(table.length[index])
        segment = Segment(
            agent=int(table.agent_id[index]),
            episode=int(table.episode[index]),
            first_step=int(table.first_step[index]),
            is_on_policy=bool(table.is_on_policy[index]),
            completion=Completion(int(table.completion[index])),
            final_observation=tuple(batch.final_observations[index].tolist()),
        )
        for row in range(int(table.first_row[index]), int(table.first_row[index]) + length):
            segment.steps.append(
                Step(
                    tuple(batch.observations[row, lane].tolist()),
                    tuple(batch.actions[row, lane].tolist()),
                    float(batch.log_probs[row, lane]),
                    versions.pop(0),
                    float(batch.rewards[row, lane]),
                )
            )
        segments.append(segment)
    return joined(segments)


def joined(segments: list[Segment]) -> list[Segment]:
    """Segments in order of agent, episode and step, with neighbours of one episode joined."""
    whole: list[Segment] = []
    for segment in sorted(segments, key=lambda part: (part.agent, part.episode, part.first_step)):
        last = whole[-1] if whole else None
        if (
            last is not None
            and (last.agent, last.episode, last.is_on_policy) == (segment.agent, segment.episode, segment.is_on_policy)
            and last.completion is Completion.RUNNING
            and last.first_step + len(last.steps) == segment.first_step
        ):
            assert last.final_observation == segment.steps[0].observation
            last.steps += segment.steps
            last.completion, last.final_observation = segment.completion, segment.final_observation
        else:
            whole.append(segment)
    return whole
