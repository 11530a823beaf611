"""Experience of Gymnasium environments, and the policy playing them, with the whole SDK and no trainer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker
from host_sdk.host_program.episode_evaluation import evaluate_episodes
from host_sdk.trajectory_recorder import TrajectoryRecorder
from protocol.collection_contract import CollectionContract
from protocol.completion import Completion
from protocol.environment_sampler import ConstantSampler, UniformSampler
from protocol.experience import STEP_FIELDS, ExperienceBatch
from protocol.policy_settings import PolicySettings
from tests.host_sdk.adapters.telling_environment import TellingEnvironment

SMALL = PolicySettings(hidden_sizes=(8,))
REAL = ("CartPole-v1", "Pendulum-v1", "LunarLander-v3", "HalfCheetah-v5", "Hopper-v5")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MuJoCo writes a log into the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(TellingEnvironment, "made", 0)


def _collect(host: GymnasiumHost, step_count: int) -> ExperienceBatch:
    """Plays, as a trainer would, until a batch of at least `step_count` steps is full."""
    contract = CollectionContract(step_count, 0, 1, STEP_FIELDS, synchronous=True)
    interactor, policy, environment = host.interactor, host.policy, host.environment
    recorder = TrajectoryRecorder(
        interactor.observation_layout, interactor.action_layout, host.manager.max_agent_count, contract
    )

    def begin_step(agent_ids: np.ndarray, noise_scale: float) -> None:
        buffer = interactor.buffer
        recorder.begin_step(
            agent_ids, buffer.observation_vectors, buffer.action_vectors, policy.log_probs, policy_version=0
        )

    policy.after_inference = begin_step
    while not recorder.is_full:
        policy.run_inference()
        environment.gather_completions()
        environment.gather_rewards()
        agent_ids, rewards, completions = environment.collect_outcomes()
        closing = recorder.end_step(agent_ids, rewards, completions)
        if closing.agent_ids.size:
            recorder.close_segments(*closing, interactor.peek_observations(closing.agent_ids))
            host.manager.reset_agents(closing.agent_ids)
            recorder.begin_agents(closing.agent_ids)
    recorder.cut_all(interactor.peek_observations(recorder.open_agent_ids))
    batch = recorder.take()
    assert batch is not None
    return batch


def test_every_step_and_every_final_observation_is_of_its_own_copy_and_episode() -> None:
    with GymnasiumHost(TellingEnvironment, 3, seed=1, policy_settings=SMALL) as host:
        batch = _collect(host, 60)
    table = batch.segments
    assert len(table) >= 15
    for k in range(len(table)):
        lane, first, length = int(table.lane[k]), int(table.first_row[k]), int(table.length[k])
        seen = batch.observations[first : first + length, lane]
        copy, episode = seen[0, 0], seen[0, 1]
        start = int(table.first_step[k])
        steps = np.arange(start, start + length)
        assert copy == table.agent_id[k]
        assert np.array_equal(seen, np.stack([np.full(length, copy), np.full(length, episode), steps], axis=1))
        assert batch.final_observations[k].tolist() == [copy, episode, start + length]
        rewards = batch.rewards[first : first + length, lane]
        assert np.array_equal(rewards, 100.0 * copy + 10.0 * episode + steps + 1)


def test_terminations_and_truncations_reach_the_experience_as_they_were() -> None:
    with GymnasiumHost(TellingEnvironment, 2, seed=1, policy_settings=SMALL) as host:
        batch = _collect(host, 40)
    table = batch.segments
    episodes = batch.observations[table.first_row, table.lane, 1]
    ended = table.completion != Completion.RUNNING
    assert ended.sum() >= 10
    expected = np.where(episodes % 2 == 0, Completion.TERMINATION, Completion.TRUNCATION)
    assert np.array_equal(table.completion[ended], expected[ended])


def test_a_time_limit_is_a_truncation_of_the_episode() -> None:
    maker = environment_maker("Pendulum-v1")
    with GymnasiumHost(maker, 2, policy_settings=SMALL) as host:
        batch = _collect(host, 900)
    ended = batch.segments.completion[batch.segments.completion != Completion.RUNNING]
    assert len(ended) >= 4
    assert (ended == Completion.TRUNCATION).all()
    assert batch.statistics.episode_lengths.tolist() == [200] * len(ended)


def test_the_same_seed_gives_the_same_experience_and_another_seed_another() -> None:
    def play(seed: int) -> ExperienceBatch:
        settings = PolicySettings(hidden_sizes=(8,), seed=seed)
        with GymnasiumHost(environment_maker("CartPole-v1"), 3, seed=seed, policy_settings=settings) as host:
            return _collect(host, 300)

    first, again, other = play(4), play(4), play(5)
    rows = first.flat_rows()
    size = first.observations.shape[-1]
    assert np.array_equal(rows, again.flat_rows())
    seen = [batch.observations.reshape(-1, size)[rows] for batch in (first, again)]
    assert np.array_equal(*seen)
    assert not np.array_equal(seen[0][:4], other.observations.reshape(-1, size)[:4])


def test_copies_begin_differently() -> None:
    with GymnasiumHost(environment_maker("CartPole-v1"), 2, seed=0, policy_settings=SMALL) as host:
        host.interactor.gather_observations()
        first, second = (host.interactor.get_observation_vector(agent_id)[0] for agent_id in (0, 1))
        expected = gymnasium.make("CartPole-v1").reset(seed=1)[0]
    assert not np.array_equal(first, second)
    assert np.array_equal(second, expected)


# Box2D's SWIG types lack a module name; as an error inside their C code the warning would end the process.
@pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning")
@pytest.mark.parametrize("env_id", REAL)
def test_real_environments_are_played_for_hundreds_of_ticks(env_id: str) -> None:
    with GymnasiumHost(environment_maker(env_id), 2, seed=0, policy_settings=SMALL) as host:
        batch = _collect(host, 600)
    rows = batch.flat_rows()
    assert batch.step_count >= 600
    assert np.isfinite(batch.observations.reshape(-1, batch.observations.shape[-1])[rows]).all()
    assert batch.rewards.reshape(-1)[rows].std() > 0 or env_id == "CartPole-v1"
    assert batch.statistics.non_finite_steps == 0


class _DictEnvironment(gymnasium.Env[dict[str, Any], dict[str, Any]]):
    """Observes and is moved by nested dictionaries; remembers what it was given."""

    def __init__(self) -> None:
        self.observation_space = spaces.Dict(
            {
                "arm": spaces.Dict({"angle": spaces.Box(-1.0, 1.0, (2,), np.float32), "held": spaces.MultiBinary(2)}),
                "mode": spaces.Discrete(3, start=1),
            }
        )
        self.action_space = spaces.Dict(
            {"push": spaces.Box(-0.5, 0.5, (2,), np.float32), "tool": spaces.MultiDiscrete([2, 3])}
        )
        self.given: list[dict[str, Any]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action: dict[str, Any]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.given.append(action)
        return self.observation_space.sample(), float(action["push"].sum()), False, len(self.given) % 7 == 0, {}


def test_dict_spaces_are_played_and_each_copy_gets_its_own_action() -> None:
    with GymnasiumHost(_DictEnvironment, 2, seed=2, policy_settings=SMALL) as host:
        batch = _collect(host, 60)
        given = [copy.given for copy in host.world.copies]
    assert batch.observations.shape[-1] == 2 + 2 + 3
    assert not np.array_equal(given[0][0]["push"], given[1][0]["push"])
    tools = {tuple(action["tool"].tolist()) for action in given[0]}
    assert len(tools) > 1


def _short(length: int) -> Callable[[], TellingEnvironment]:
    return lambda: TellingEnvironment(length)


def test_an_evaluation_plays_each_copys_share_of_whole_episodes() -> None:
    with GymnasiumHost(_short(4), 3, policy_settings=SMALL) as host:
        evaluation = evaluate_episodes(host, 7)
    assert len(evaluation.returns) == 7
    assert evaluation.lengths.tolist() == [4] * 7
    # copy c, episode e gives 4 (100 c + 10 e) + 1 + 2 + 3 + 4; the last copy plays the odd episode
    expected = [
        4.0 * (100 * copy + 10 * episode) + 10.0 for copy, share in enumerate((2, 2, 3)) for episode in range(share)
    ]
    assert sorted(evaluation.returns.tolist()) == sorted(expected)
    assert evaluation.figures()["return_mean"] == pytest.approx(np.mean(expected))


def test_an_evaluation_is_deterministic() -> None:
    def play() -> list[float]:
        with GymnasiumHost(environment_maker("CartPole-v1"), 2, seed=8, policy_settings=SMALL) as host:
            return evaluate_episodes(host, 4).returns.tolist()

    assert play() == play()


def test_no_episodes_are_refused() -> None:
    host = GymnasiumHost(TellingEnvironment, 1, policy_settings=SMALL)
    with host, pytest.raises(ValueError, match="at least 1 episode"):
        evaluate_episodes(host, 0)


def test_each_copy_s_reset_gets_the_parameters_of_its_episode_and_none_before_there_are_any() -> None:
    with GymnasiumHost(TellingEnvironment, 2, policy_settings=SMALL) as host:
        host.policy.run_inference()
        host.manager.reset_all_agents()
        parameters = host.environment.environment_parameters
        parameters.set_samplers({"gravity": UniformSampler(7.0, 12.0, 3), "drag": ConstantSampler(0.5)})
        host.manager.reset_all_agents()
        values = parameters.get_many("gravity", 0.0, host.manager.agent_ids).tolist()
        assert [copy.options for copy in host.world.copies] == [
            [None, None, {"gravity": value, "drag": 0.5}] for value in values
        ]
        assert values[0] != values[1]
