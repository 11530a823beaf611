"""Arrays with the field's names become recordings and back; nothing is guessed in silence, nothing unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import Space, spaces
from hypothesis import given, settings

from host_sdk.adapters.trajectories.__main__ import main
from protocol.completion import Completion
from protocol.recording import Episode, RecordingReader, save_recording
from protocol.schema import (
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ImageObservation,
    InclusiveDiscreteAction,
)
from tests.host_sdk.adapters.exchanged_recording import make_recording
from tests.host_sdk.adapters.space_strategies import any_space
from tests.protocol.recording.episode_builder import HEADER

OBS = np.arange(8, dtype=np.float32).reshape(8, 1)
ACTS = np.array([0, 1, 2, 0, 1, 2])
REWS = np.arange(6, dtype=np.float64)


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs the program with paths of the test's folder; its summary, or its error."""

    def run(*arguments: str, exit_code: int = 0) -> Any:
        texts = [
            text if text.startswith(("-", "gymnasium:")) or text.isdecimal() else str(tmp_path / text)
            for text in arguments
        ]
        found = main(texts)
        said = capsys.readouterr()
        assert found == exit_code, said.err
        return said.err if exit_code else json.loads(said.out.splitlines()[-1])["summary"]

    return run


def episodes_of(path: Path) -> list[Episode]:
    with RecordingReader(path) as reader:
        return list(reader)


def test_a_recording_comes_back_exactly(tmp_path: Path, convert: Callable[..., Any]) -> None:
    observation = spaces.Dict(
        {"a": spaces.Box(-1, 1, (2,)), "b": spaces.Tuple([spaces.Discrete(3), spaces.Discrete(2)])}
    )
    expected = make_recording(tmp_path / "in.lbr", observation, spaces.Box(-1, 1, (2,), np.float32))
    assert convert("in.lbr", "out.npz")["steps"] == 9
    convert("out.npz", "back.lbr")
    for received, episode in zip(episodes_of(tmp_path / "back.lbr"), expected, strict=True):
        for name in ("observations", "actions", "rewards", "final_observation", "completion"):
            np.testing.assert_array_equal(getattr(received, name), getattr(episode, name), err_msg=name)


@settings(max_examples=25, deadline=None)
@given(space=any_space())
def test_actions_and_rewards_of_every_space_come_back_exactly(
    space: Space[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("npz")
    expected = make_recording(folder / "in.lbr", spaces.Discrete(2), space, lengths=(2, 1))
    assert main([str(folder / "in.lbr"), str(folder / "a.npz")]) == 0
    assert main([str(folder / "a.npz"), str(folder / "out.lbr")]) == 0
    for received, episode in zip(episodes_of(folder / "out.lbr"), expected, strict=True):
        np.testing.assert_array_equal(received.actions, episode.actions)
        np.testing.assert_array_equal(received.rewards, episode.rewards)


def test_the_arrays_have_the_fields_names_and_layout(tmp_path: Path, convert: Callable[..., Any]) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Box(-1, 1, (2,), np.float32), spaces.Discrete(3))
    convert("in.lbr", "out.npz")
    with np.load(tmp_path / "out.npz") as file:
        assert file["obs"].shape == (12, 2)
        assert file["acts"].shape == file["rews"].shape == file["infos"].shape == (9,)
        assert file["indices"].tolist() == [1, 6]
        assert file["terminal"].tolist() == [True, False, False]
        assert file["dones"].tolist() == [True] + [False] * 8


def test_trajectories_of_others_are_read_by_their_indices(tmp_path: Path, convert: Callable[..., Any]) -> None:
    terminal = np.array([True, False])
    np.savez(tmp_path / "a.npz", obs=OBS, acts=ACTS, rews=REWS, indices=np.array([2]), terminal=terminal)
    assert "guessed" in convert("a.npz", "out.lbr")["notes"][0]
    first, second = episodes_of(tmp_path / "out.lbr")
    assert (first.step_count, first.completion, first.final_observation.tolist()) == (2, Completion.TERMINATION, [2.0])
    assert (second.step_count, second.completion, second.final_observation.tolist()) == (
        4,
        Completion.TRUNCATION,
        [7.0],
    )
    assert second.observations.ravel().tolist() == [3, 4, 5, 6]
    assert second.rewards.tolist() == [2, 3, 4, 5]
    assert first.actions.argmax(axis=1).tolist() == [0, 1]
    convert("a.npz", "limit.lbr", "--time-limit", "2")
    assert episodes_of(tmp_path / "limit.lbr")[0].completion is Completion.TRUNCATION


def test_flat_arrays_are_cut_where_they_are_done(tmp_path: Path, convert: Callable[..., Any]) -> None:
    dones = np.array([0, 1, 0, 0, 0, 0], bool)
    np.savez(tmp_path / "a.npz", obs=OBS[:6], acts=ACTS, rews=REWS, dones=dones)
    assert "1 steps were left out" in convert("a.npz", "out.lbr")["notes"][1]
    first, second = episodes_of(tmp_path / "out.lbr")
    assert (first.step_count, first.completion) == (2, Completion.TERMINATION)
    assert (second.step_count, second.final_observation.tolist(), second.completion) == (
        3,
        [5.0],
        Completion.TRUNCATION,
    )


def test_next_observations_and_timeouts_lose_nothing(tmp_path: Path, convert: Callable[..., Any]) -> None:
    np.savez(
        tmp_path / "d4rl.npz",
        observations=OBS[:6],
        next_observations=OBS[:6] + 100,
        actions=np.linspace(-1, 1, 6)[:, None],
        rewards=REWS,
        terminals=np.zeros(6, bool),
        timeouts=np.array([0, 0, 1, 0, 0, 0], bool),
    )
    assert convert("d4rl.npz", "out.lbr")["steps"] == 6
    first, second = episodes_of(tmp_path / "out.lbr")
    assert [first.step_count, second.step_count] == [3, 3]
    assert first.final_observation.tolist() == [102.0]
    assert second.completion is Completion.TRUNCATION


def test_episodes_without_rewards_stay_so(tmp_path: Path, convert: Callable[..., Any]) -> None:
    np.savez(tmp_path / "a.npz", obs=OBS, acts=ACTS, indices=np.array([2]), terminal=np.ones(2, bool))
    convert("a.npz", "out.lbr")
    assert not any(episode.has_rewards for episode in episodes_of(tmp_path / "out.lbr"))
    convert("out.lbr", "b.npz")
    with np.load(tmp_path / "b.npz") as file:
        assert "rews" not in file


@pytest.mark.parametrize(
    ("acts", "kind"),
    [
        (np.zeros((6, 2), np.float64), ContinuousAction),
        (ACTS - 1, ExclusiveDiscreteAction),
        (np.zeros((6, 3), bool), InclusiveDiscreteAction),
    ],
)
def test_what_nobody_said_is_guessed_from_types_and_shapes(
    acts: np.ndarray, kind: type, tmp_path: Path, convert: Callable[..., Any]
) -> None:
    pixels = np.zeros((6, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "a.npz", obs=pixels, acts=acts, dones=np.ones(6, bool))
    convert("a.npz", "out.lbr")
    with RecordingReader(tmp_path / "out.lbr") as reader:
        assert isinstance(reader.header.action, kind)
        assert isinstance(reader.header.observation, ImageObservation)


def test_a_world_says_what_arrays_mean(tmp_path: Path, convert: Callable[..., Any]) -> None:
    np.savez(
        tmp_path / "a.npz", obs=np.zeros((7, 3)), acts=np.full((6, 1), 1.5), indices=np.array([], int), terminal=[False]
    )
    assert not convert("a.npz", "out.lbr", "--env", "gymnasium:Pendulum-v1")["notes"]
    with RecordingReader(tmp_path / "out.lbr") as reader:
        assert reader.header.action == ContinuousAction(1, bounding="clip", low=(-2.0,), high=(2.0,))
        assert reader.header.observation == ContinuousObservation(3)
        assert reader.header.metadata["world"] == "gymnasium:Pendulum-v1"
    error = convert("a.npz", "x.lbr", "--env", "gymnasium:CartPole-v1", exit_code=1)
    assert "expected integers from 0 to 1, got 1.5 at step 0" in error
    assert "installed here" in convert("a.npz", "x.lbr", "--env", "gymnasium:Nowhere-v7", exit_code=1)


def test_python_objects_are_refused_and_not_run(tmp_path: Path, convert: Callable[..., Any]) -> None:
    np.savez(tmp_path / "a.npz", obs=np.array([{}, {}], object), acts=ACTS, dones=ACTS)
    error = convert("a.npz", "out.lbr", exit_code=1)
    assert "expected numbers, got Python objects" in error
    infos = np.array([{}] * 6, object)
    np.savez(tmp_path / "b.npz", obs=OBS, acts=ACTS, indices=[2], terminal=[True, True], infos=infos)
    assert convert("b.npz", "out.lbr")["episodes"] == 2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"acts": ACTS}, "expected an array obs or observations, got acts"),
        ({"obs": OBS, "acts": ACTS, "indices": [9], "terminal": [True, True]}, "expected indices that cut 6 steps"),
        ({"obs": OBS[:6], "acts": ACTS, "indices": [2], "terminal": [True, True]}, "expected 8 observations for 6"),
        ({"obs": OBS, "acts": ACTS, "dones": ACTS}, "expected 6 observations, one for each action, got 8"),
        ({"obs": OBS[:6], "acts": ACTS, "dones": ACTS[:2]}, "expected 6 dones, one for each action, got 2"),
        ({"obs": OBS[:6], "acts": ACTS}, "expected an array dones or terminals or terminations"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    arrays: dict[str, Any], message: str, tmp_path: Path, convert: Callable[..., Any]
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    assert message in convert("a.npz", "out.lbr", exit_code=1)
    assert not (tmp_path / "out.lbr").exists()


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path, convert: Callable[..., Any]) -> None:
    (tmp_path / "text.npz").write_text("nothing")
    assert "expected an .npz file of arrays" in convert("text.npz", "x.lbr", exit_code=1)
    (tmp_path / "folder.npz").mkdir()
    assert "Hugging Face" in convert("folder.npz", "x.lbr", exit_code=1)
    np.save(tmp_path / "single.npz.npy", OBS)
    (tmp_path / "single.npz.npy").rename(tmp_path / "single.npz")
    assert "got a single array" in convert("single.npz", "x.lbr", exit_code=1)
    save_recording(tmp_path / "none.lbr", HEADER, [])
    assert "expected at least one episode" in convert("none.lbr", "y.npz", exit_code=1)
