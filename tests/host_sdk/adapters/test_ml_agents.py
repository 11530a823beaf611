"""Demonstrations of ML-Agents are read as its documentation describes their bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from host_sdk.adapters.ml_agents.__main__ import main
from protocol.completion import Completion
from protocol.recording import Episode, RecordingHeader, RecordingReader
from protocol.schema import ContinuousAction, ContinuousObservation, ExclusiveDiscreteAction, ImageObservation
from tests.host_sdk.adapters.demonstration_bytes import (
    brain,
    meta,
    numbers,
    old_brain,
    picture,
    record,
)


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Converts bytes; the header and the episodes, or the error."""

    def run(content: bytes, exit_code: int = 0) -> Any:
        (tmp_path / "a.demo").write_bytes(content)
        found = main([str(tmp_path / "a.demo"), str(tmp_path / "out.lbr")])
        said = capsys.readouterr()
        assert found == exit_code, said.err
        if exit_code:
            assert not (tmp_path / "out.lbr").exists()
            return said.err
        with RecordingReader(tmp_path / "out.lbr") as reader:
            return reader.header, list(reader)

    return run


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="png")
    return buffer.getvalue()


def seen(value: float) -> list[bytes]:
    return [numbers([value, -value])]


def test_rewards_and_ends_come_from_the_record_behind(convert: Callable[..., Any]) -> None:
    content = meta() + brain(continuous=1)
    content += record(seen(1), continuous=[0.25], reward=9.0)
    content += record(seen(2), continuous=[-0.5], reward=1.0)
    content += record(seen(3), reward=2.0, done=True)
    content += record(seen(4), continuous=[1.0], agent=8)
    content += record(seen(5), reward=3.0, done=True, max_step=True, agent=8)
    header, (first, second) = convert(content)
    assert isinstance(header, RecordingHeader)
    assert header.metadata == {"source": "a.demo", "actor": "jump", "behavior": "Runner"}
    assert first.observations.tolist() == [[1, -1], [2, -2]]
    assert first.actions.ravel().tolist() == [0.25, -0.5]
    assert first.rewards.tolist() == [1, 2]
    assert first.final_observation.tolist() == [3, -3]
    assert (first.completion, first.agent_id, first.serial) == (Completion.TERMINATION, 7, 0)
    assert (second.completion, second.agent_id, second.serial) == (Completion.TRUNCATION, 8, 1)
    assert second.rewards.tolist() == [3]
    assert not header.has_modifiers


def test_a_file_that_was_stopped_ends_with_its_last_observation(convert: Callable[..., Any]) -> None:
    content = meta() + brain(continuous=1) + record(seen(1), continuous=[0.5])
    _, episodes = convert(content + record(seen(2), continuous=[0.75], reward=4.0))
    (episode,) = episodes
    assert episode.actions.tolist() == [[0.5]]
    assert episode.rewards.tolist() == [4]
    assert episode.final_observation.tolist() == [2, -2]
    assert episode.completion is Completion.TRUNCATION


def test_both_kinds_of_actions_and_masks_are_kept(convert: Callable[..., Any]) -> None:
    content = meta() + brain(continuous=2, branches=(3, 2))
    content += record(seen(1), continuous=[0.5, 0], discrete=[2, 0], mask=[1, 0, 0, 0, 1])
    content += record(seen(2), continuous=[0, 0], discrete=[0, 1], mask=[1, 0, 0, 0, 0])
    header, (episode,) = convert(content + record(seen(3), done=True))
    names = dict(header.action.elements)
    assert names["continuous"] == ContinuousAction(2, bounding="clip", low=(-1.0,) * 2, high=(1.0,) * 2)
    assert names["branch_0"] == ExclusiveDiscreteAction(3)
    assert episode.actions.tolist() == [[0.5, 0, 0, 0, 1, 1, 0], [0, 0, 1, 0, 0, 0, 1]]
    assert header.has_modifiers
    masks = episode.action_modifiers[:, 4:]
    assert masks.tolist() == [[1, 0, 0, 0, 1], [0, 0, 0, 0, 0]], "what was done could be done"


def test_numbers_beyond_one_make_an_action_without_bounds(convert: Callable[..., Any]) -> None:
    content = meta() + brain(continuous=1) + record(seen(1), continuous=[1.5]) + record(seen(2), done=True)
    header, _ = convert(content)
    assert dict(header.action.elements)["continuous"] == ContinuousAction(1)


@pytest.mark.parametrize(
    ("parameters", "old", "vector"),
    [
        (old_brain([2], is_continuous=True), [0.5, -0.5], [0.5, -0.5]),
        (old_brain([3], is_continuous=False), [1], [0, 1, 0]),
    ],
)
def test_older_files_are_read_too(
    parameters: bytes, old: list[float], vector: list[float], convert: Callable[..., Any]
) -> None:
    content = meta(version=0) + parameters + record(seen(1), old=old) + record(seen(2), done=True)
    _, (episode,) = convert(content)
    assert episode.actions.tolist() == [vector]


def test_images_are_decompressed_and_grids_of_floats_become_images(convert: Callable[..., Any]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    grid = np.linspace(0, 1, 12, dtype=np.float32)
    observations = [
        numbers([1.0]),
        picture(png(pixels), (3, 4, 5), (0, 1, 2)),
        picture(png(pixels), (4, 5, 1), (0, 0, 0)),
        numbers(grid.tolist(), (2, 2, 3), (1, 2, 2)),
    ]
    content = meta() + brain(branches=(2,)) + record(observations, discrete=[1]) + record(observations, done=True)
    header, (episode,) = convert(content)
    elements = dict(header.observation.elements)
    assert elements["observation_0"] == ContinuousObservation(1)
    assert elements["observation_1"] == ImageObservation(4, 5, 3)
    assert elements["observation_2"] == ImageObservation(4, 5, 1)
    assert elements["observation_3"] == ImageObservation(2, 3, 2), "its channels came first"
    colours, greys, channels = np.split(episode.images[0], [60, 80])
    np.testing.assert_array_equal(colours.reshape(4, 5, 3), pixels)
    np.testing.assert_array_equal(greys.reshape(4, 5), np.rint(pixels.mean(axis=2)))
    np.testing.assert_array_equal(channels.reshape(2, 3, 2), np.moveaxis(np.rint(grid * 255).reshape(2, 2, 3), 0, -1))


RIGHT = meta() + brain(continuous=1) + record(seen(1), continuous=[0.5])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a .demo file"),
        (b"\xff" * 40, "its metadata, at byte 0: expected a length"),
        (meta(version=3), "expected api version 0 or 1, got 3"),
        (meta(), "its brain parameters, at byte 33"),
        (meta() + brain(), "expected at least one action"),
        (meta() + brain(continuous=1), "expected at least one record"),
        (meta() + brain(continuous=1) + record([]), "expected at least one observation"),
        (RIGHT[:-3], "it was cut"),
        (RIGHT + b"\x03\xff\xff\xff", "record 1, at byte"),
        (RIGHT + record([numbers([1.0])], done=True), "record 1: observation_0: expected 2 numbers, got 1"),
        (RIGHT + record([*seen(1), *seen(1)], done=True), "record 1: expected 1 observations, as in the first record"),
        (RIGHT + record(seen(1), discrete=[1]), "record 1: expected 1 continuous numbers and 0 choices, got 0 and 1"),
        (meta() + brain(branches=(2,)) + record(seen(1), discrete=[2]), "expected a choice from 0 to 1, got 2"),
        (meta() + brain(branches=(2,)) + record(seen(1), discrete=[1], mask=[1]), "expected a mask of 2 options"),
        (meta() + brain(branches=(2,)) + record([picture(b"no", (2, 2, 3))]), "expected a PNG image"),
        (meta() + brain(branches=(2,)) + record([numbers([7.0] * 4, (2, 2, 1))]), "from 0 to 1"),
        (
            meta() + brain(branches=(2,)) + record([picture(png(np.zeros((2, 2, 3), np.uint8)), (6, 2, 2), range(6))]),
            "stacked ones can't be read",
        ),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes, message: str, convert: Callable[..., Any]) -> None:
    error = convert(content, exit_code=1)
    assert message in error
    assert "Traceback" not in error


def test_a_folder_is_one_recording_and_its_files_must_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    end = record(seen(2), done=True)
    for name in ("a", "b"):
        (tmp_path / f"{name}.demo").write_bytes(RIGHT + end)
    assert main([str(tmp_path), str(tmp_path / "out.lbr")]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["episodes"] == 2
    with RecordingReader(tmp_path / "out.lbr") as reader:
        episodes: list[Episode] = list(reader)
        assert [episode.serial for episode in episodes] == [0, 1]
    (tmp_path / "b.demo").write_bytes(meta() + brain(continuous=2) + record(seen(1), continuous=[0, 0]) + end)
    assert main([str(tmp_path), str(tmp_path / "other.lbr")]) == 1
    assert "expected the same actions" in capsys.readouterr().err
