"""What goes to a Minari data set comes back the same, and others' data sets are read or refused with a reason."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from gymnasium import Space, spaces
from hypothesis import HealthCheck, given, settings
from PIL import Image

from host_sdk.adapters.minari.__main__ import main
from host_sdk.adapters.minari.dataset_folder import DATA_FILE, METADATA_FILE
from host_sdk.adapters.minari.space_text import space_from_text, space_to_text
from protocol.recording import RecordingHeader, RecordingReader, save_recording
from protocol.schema import ContinuousAction
from tests.host_sdk.adapters.exchanged_recording import make_recording
from tests.host_sdk.adapters.space_strategies import any_space
from tests.protocol.recording.episode_builder import OBSERVATION, assert_same_episode, make_episode

CART_POLE = {"world": "gymnasium:CartPole-v1", "actor": "expert", "seed": "3"}


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the program with paths of the test's folder; its summary, or its error."""

    def run(*arguments: str, exit_code: int = 0) -> str:
        found = main(
            [text if text.startswith(("-", "minari:", "gymnasium:")) else str(tmp_path / text) for text in arguments]
        )
        said = capsys.readouterr()
        assert found == exit_code, said.err
        return said.err if exit_code else said.out

    return run


def edit_metadata(folder: Path, **changes: object) -> None:
    path = folder / "data" / METADATA_FILE
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def episodes_of(path: Path) -> list[Any]:
    with RecordingReader(path) as reader:
        return list(reader)


def test_a_recording_comes_back_exactly(tmp_path: Path, convert: Callable[..., str]) -> None:
    observation = spaces.Dict(
        {
            "eye": spaces.Box(0, 255, (8, 6, 3), np.uint8),
            "pose": spaces.Tuple([spaces.Box(-np.inf, np.inf, (2, 2), np.float32), spaces.Discrete(4, start=1)]),
        }
    )
    action = spaces.Dict({"turn": spaces.Box(-2, 2, (3,), np.float32), "jump": spaces.MultiBinary(2)})
    expected = make_recording(tmp_path / "in.lbr", observation, action, metadata={"player": "Ann"})
    summary = json.loads(convert("in.lbr", "set"))["summary"]
    assert (summary["episodes"], summary["steps"]) == (3, 9)
    convert("set", "out.lbr")
    with RecordingReader(tmp_path / "in.lbr") as before, RecordingReader(tmp_path / "out.lbr") as after:
        assert after.header.observation == before.header.observation
        assert after.header.action == before.header.action
        assert after.header.metadata["player"] == "Ann"
        for received, episode in zip(after, expected, strict=True):
            assert_same_episode(received, episode)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(space=any_space())
def test_actions_and_rewards_come_back_exactly_by_the_spaces_alone(
    space: Space[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("set")
    expected = make_recording(folder / "in.lbr", spaces.Discrete(2), space, lengths=(2,))
    assert main([str(folder / "in.lbr"), str(folder / "set")]) == 0
    edit_metadata(folder / "set", learning_bridge_header=None)
    assert main([str(folder / "set"), str(folder / "out.lbr")]) == 0
    (received,) = episodes_of(folder / "out.lbr")
    np.testing.assert_array_equal(received.rewards, expected[0].rewards)
    assert sorted(received.actions.ravel()) == sorted(expected[0].actions.ravel())  # a Dict's keys are sorted


@settings(max_examples=50, deadline=None)
@given(space=any_space())
def test_a_space_is_its_text(space: Space[Any]) -> None:
    text = space_to_text(space)
    assert space_to_text(space_from_text(text)) == text


def test_the_file_is_laid_out_as_minari_reads_it(tmp_path: Path, convert: Callable[..., str]) -> None:
    expected = make_recording(
        tmp_path / "in.lbr", spaces.Box(-4.8, 4.8, (4,), np.float32), spaces.Discrete(2), metadata=CART_POLE
    )
    convert("in.lbr", "cartpole-expert-v0")
    folder = tmp_path / "cartpole-expert-v0" / "data"
    with h5py.File(folder / DATA_FILE) as file:
        group = file["episode_1"]
        assert dict(group.attrs) == {"id": 1, "total_steps": 5, "agent_id": 1, "serial": 11}
        assert group["observations"].shape == (6, 4)
        assert group["actions"][()].tolist() == expected[1].actions.argmax(axis=1).tolist()
        assert group["rewards"].dtype == np.float64
        assert group["truncations"][()].tolist() == [False] * 4 + [True]
        assert not group["terminations"][()].any()
        assert file["episode_0"]["terminations"][()].tolist() == [True]
    metadata = json.loads((folder / METADATA_FILE).read_text())
    assert metadata["dataset_id"] == "cartpole-expert-v0"
    assert (metadata["total_episodes"], metadata["total_steps"]) == (3, 9)
    assert json.loads(metadata["env_spec"])["id"] == "CartPole-v1"
    assert json.loads(metadata["action_space"]) == {"type": "Discrete", "dtype": "int64", "start": 0, "n": 2}


def test_a_data_set_is_found_by_its_id_below_minaris_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, convert: Callable[..., str]
) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "root"))
    make_recording(tmp_path / "in.lbr", spaces.Discrete(3), spaces.Discrete(2))
    convert("in.lbr", "minari:walk/expert-v0")
    assert (tmp_path / "root" / "walk" / "expert-v0" / "data" / DATA_FILE).is_file()
    convert("minari:walk/expert-v0", "out.lbr")
    with RecordingReader(tmp_path / "out.lbr") as reader:
        assert reader.header.metadata["source"] == "minari:walk/expert-v0"
    assert "expected no such data set, got one" in convert("in.lbr", "minari:walk/expert-v0", exit_code=1)
    assert "minari download walk/other-v0" in convert("minari:walk/other-v0", "x.lbr", exit_code=1)
    assert "expected an id" in convert("minari:../up", "x.lbr", exit_code=1)


def test_episodes_without_rewards_stay_so(tmp_path: Path, convert: Callable[..., str]) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Discrete(3), spaces.Discrete(2), has_rewards=False)
    convert("in.lbr", "set")
    convert("set", "nan.lbr")
    assert not any(episode.has_rewards for episode in episodes_of(tmp_path / "nan.lbr"))
    with h5py.File(tmp_path / "set" / "data" / DATA_FILE, "a") as file:
        for group in file.values():
            del group["rewards"]
    convert("set", "none.lbr")
    assert not any(episode.has_rewards for episode in episodes_of(tmp_path / "none.lbr"))


def test_a_data_set_of_others_is_read_by_its_spaces_or_its_world(tmp_path: Path, convert: Callable[..., str]) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Box(-4, 4, (4,), np.float32), spaces.Discrete(2), metadata=CART_POLE)
    convert("in.lbr", "set")
    edit_metadata(tmp_path / "set", learning_bridge_header=None, author=["Ann", "Bob"])
    convert("set", "by_spaces.lbr")
    with RecordingReader(tmp_path / "by_spaces.lbr") as reader:
        assert reader.header.metadata["world"] == "gymnasium:CartPole-v1"
        assert reader.header.metadata["author"] == "Ann, Bob"
    edit_metadata(tmp_path / "set", observation_space=None, action_space=None)
    convert("set", "by_world.lbr")
    edit_metadata(tmp_path / "set", env_spec=None)
    assert "--env gymnasium:ID" in convert("set", "x.lbr", exit_code=1)
    convert("set", "asked.lbr", "--env", "gymnasium:CartPole-v1")
    convert("set", "like.lbr", "--like", str(tmp_path / "in.lbr"))
    first = episodes_of(tmp_path / "by_spaces.lbr")
    for name in ("by_world.lbr", "asked.lbr", "like.lbr"):
        for received, expected in zip(episodes_of(tmp_path / name), first, strict=True):
            assert_same_episode(received, expected)


def test_actions_beyond_their_bounds_are_refused_or_clipped(tmp_path: Path, convert: Callable[..., str]) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Discrete(3), spaces.Box(-1, 1, (1,), np.float32))
    convert("in.lbr", "set")
    edit_metadata(tmp_path / "set", learning_bridge_header=None)
    with h5py.File(tmp_path / "set" / "data" / DATA_FILE, "a") as file:
        file["episode_1"]["actions"][2] = 1.5
    error = convert("set", "out.lbr", exit_code=1)
    assert "episode_1: actions" in error
    assert "got 1.5 at step 2; --clip-actions" in error
    assert not (tmp_path / "out.lbr").exists()
    convert("set", "out.lbr", "--clip-actions")
    assert episodes_of(tmp_path / "out.lbr")[1].actions[2] == 1.0


def test_compressed_images_are_decompressed(tmp_path: Path, convert: Callable[..., str]) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Box(0, 255, (8, 8, 3), np.uint8), spaces.Discrete(2), lengths=(1,))
    convert("in.lbr", "set")
    edit_metadata(tmp_path / "set", learning_bridge_header=None, jpeg_encoding=True)
    pixels = np.full((8, 8, 3), 7, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="png")
    frame = np.frombuffer(buffer.getvalue(), np.uint8)
    with h5py.File(tmp_path / "set" / "data" / DATA_FILE, "a") as file:
        del file["episode_0"]["observations"]
        file["episode_0"].create_dataset("observations", data=[frame, frame])
    convert("set", "out.lbr")
    (episode,) = episodes_of(tmp_path / "out.lbr")
    np.testing.assert_array_equal(episode.images[0], pixels.ravel())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda group: group.__delitem__("actions"), "expected observations, actions and how it ended"),
        (lambda group: group["terminations"].write_direct(np.array([True] * 5)), "got one at step 0"),
        (lambda group: group["observations"].resize((4,)), "expected 6 observations for 5 actions, got 4"),
        (lambda group: group["actions"].write_direct(np.full(5, 9)), "expected integers from 0 to 1, got 9 at step 0"),
    ],
    ids=["no actions", "ends early", "observations missing", "unknown action"],
)
def test_what_is_no_episode_is_refused_by_name(
    damage: Callable[[Any], object], message: str, tmp_path: Path, convert: Callable[..., str]
) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Discrete(3), spaces.Discrete(2))
    convert("in.lbr", "set")
    with h5py.File(tmp_path / "set" / "data" / DATA_FILE, "a") as file:
        group = file["episode_1"]
        values = group["observations"][()]
        del group["observations"]
        group.create_dataset("observations", data=values, maxshape=(None,), chunks=True)
        damage(group)
    error = convert("set", "out.lbr", exit_code=1)
    assert "episode_1" in error
    assert message in error


def test_another_format_and_no_data_set_are_refused(tmp_path: Path, convert: Callable[..., str]) -> None:
    make_recording(tmp_path / "in.lbr", spaces.Discrete(3), spaces.Discrete(2))
    convert("in.lbr", "set")
    edit_metadata(tmp_path / "set", data_format="arrow")
    assert "expected a data set in HDF5, got one in 'arrow'" in convert("set", "x.lbr", exit_code=1)
    (tmp_path / "empty").mkdir()
    assert "expected a Minari data set" in convert("empty", "x.lbr", exit_code=1)
    assert "can't be read" in convert("nowhere.lbr", "other", exit_code=1)


def test_squashed_actions_are_exported_as_the_game_got_them(tmp_path: Path, convert: Callable[..., str]) -> None:
    action = ContinuousAction(1, bounding="squash", low=(-2.0,), high=(2.0,))
    header = RecordingHeader(OBSERVATION, action)
    episode = make_episode(4, header.sizes)
    save_recording(tmp_path / "in.lbr", header, [episode])
    convert("in.lbr", "set")
    with h5py.File(tmp_path / "set" / "data" / DATA_FILE) as file:
        np.testing.assert_allclose(file["episode_0"]["actions"][()], 2 * np.tanh(episode.actions), rtol=1e-5)
    convert("set", "out.lbr")
    np.testing.assert_allclose(episodes_of(tmp_path / "out.lbr")[0].actions, episode.actions, rtol=1e-3, atol=1e-5)
