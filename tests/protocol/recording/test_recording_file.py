"""A recording gives back what was written, loses nothing that was whole, and says what is wrong with the rest."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.completion import Completion
from protocol.errors import DamagedRecordingError, RecordingError
from protocol.recording import Episode, RecordingHeader, RecordingReader, RecordingWriter, save_recording
from protocol.recording.layout import FORMAT_VERSION, HEAD_BYTES, PRELUDE_BYTES, payload_bytes
from protocol.schema import ActionElement, ContinuousAction, ContinuousObservation, ObservationElement
from tests.protocol.recording.episode_builder import ACTION, HEADER, OBSERVATION, assert_same_episode, make_episode
from tests.strategies import actions, observations
from tools.golden import FOLDER, golden_recording


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "moves.lbr"


def written(path: Path, *step_counts: int) -> list[Episode]:
    episodes = [make_episode(count, seed=index) for index, count in enumerate(step_counts)]
    save_recording(path, HEADER, episodes)
    return episodes


def block_starts(path: Path) -> list[int]:
    content = path.read_bytes()
    return [place for place in range(0, len(content), 64) if content.startswith(b"EPISODE\n", place)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(observations(), actions(), st.booleans(), st.lists(st.integers(1, 7), max_size=4), st.booleans())
def test_episodes_come_back_as_they_were_written(
    tmp_path: Path,
    observation: ObservationElement,
    action: ActionElement,
    has_modifiers: bool,
    step_counts: list[int],
    has_rewards: bool,
) -> None:
    header = RecordingHeader(observation, action, has_modifiers, {"a": "b"})
    episodes = [
        make_episode(count, header.sizes, seed=index, has_rewards=has_rewards)
        for index, count in enumerate(step_counts)
    ]
    assert save_recording(tmp_path / "any.lbr", header, episodes) == len(step_counts)
    with RecordingReader(tmp_path / "any.lbr") as reader:
        assert reader.header == header
        assert reader.step_counts.tolist() == step_counts
        assert reader.damaged == []
        assert reader.torn_bytes == 0
        for received, expected in zip(reader, episodes, strict=True):
            assert_same_episode(received, expected)


def test_the_bytes_are_the_golden_ones() -> None:
    assert (FOLDER / "recording.lbr").read_bytes() == golden_recording()


def test_a_recording_without_episodes_is_one(path: Path) -> None:
    written(path)
    with RecordingReader(path) as reader:
        assert len(reader) == 0
        assert reader.step_count == 0


def test_a_file_is_read_while_it_is_written(path: Path) -> None:
    with RecordingWriter(path, HEADER) as writer, RecordingReader(path) as reader:
        assert len(reader) == 0
        for count in (1, 5, 3):
            writer.append(make_episode(count))
            assert reader.refresh() == 1
            assert_same_episode(reader[-1], make_episode(count))
        assert reader.step_count == 9


def test_a_file_cut_at_any_byte_keeps_the_episodes_before(path: Path) -> None:
    episodes = written(path, 2, 1, 3)
    content, starts = path.read_bytes(), block_starts(path)
    ends = [*starts[1:], len(content)]
    for size in range(len(content)):
        path.write_bytes(content[:size])
        whole = sum(end <= size for end in ends)
        if size < PRELUDE_BYTES + int.from_bytes(content[12:16], "little"):
            with pytest.raises(DamagedRecordingError, match=f"it ends after {size} bytes"):
                RecordingReader(path)
            continue
        with RecordingReader(path) as reader:
            assert len(reader) == whole
            assert reader.torn_bytes == size - max([starts[0], *ends[:whole]]) or size < starts[0]
            for received, expected in zip(reader, episodes, strict=False):
                assert_same_episode(received, expected)


def test_a_flipped_bit_anywhere_costs_one_episode_at_most(path: Path) -> None:
    episodes = written(path, 1, 2, 1)
    content, starts = path.read_bytes(), block_starts(path)
    header_end = PRELUDE_BYTES + int.from_bytes(content[12:16], "little")
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        if place < header_end:
            with pytest.raises(RecordingError, match=r"moves\.lbr can't be used"):
                RecordingReader(path)
            continue
        hit = sum(place >= start for start in starts) - 1
        with RecordingReader(path) as reader:
            whole = [episode for _, episode in reader.whole_episodes() if isinstance(episode, Episode)]
        expected = [episode for index, episode in enumerate(episodes) if index != hit]
        assert len(whole) == len(expected)
        for received, wanted in zip(whole, expected, strict=True):
            assert_same_episode(received, wanted)


def test_a_damaged_episode_is_named_with_its_place_and_a_remedy(path: Path) -> None:
    written(path, 1, 2, 1)
    start = block_starts(path)[1]
    content = bytearray(path.read_bytes())
    content[start + HEAD_BYTES + 5] ^= 0xFF
    path.write_bytes(content)
    with RecordingReader(path) as reader:
        with pytest.raises(DamagedRecordingError, match=rf"episode 1 at byte {start}: .*inspect --repair"):
            reader[1]
        assert reader[0].step_count == reader[2].step_count == 1


def test_a_damaged_head_leaves_a_stretch_that_is_known(path: Path) -> None:
    written(path, 1, 2, 1)
    _, second, third = block_starts(path)
    content = bytearray(path.read_bytes())
    content[second + 9] ^= 0xFF
    path.write_bytes(content)
    with RecordingReader(path) as reader:
        assert len(reader) == 2
        assert [tuple(stretch) for stretch in reader.damaged] == [(second, third, 1)]


def test_a_length_that_is_a_lie_takes_no_memory(path: Path) -> None:
    written(path, 1)
    content = bytearray(path.read_bytes())
    start = block_starts(path)[0]
    content[start + 8 : start + 16] = (999_999).to_bytes(8, "little")
    content[start + 60 : start + 64] = zlib.crc32(content[start : start + 60]).to_bytes(4, "little")
    path.write_bytes(content)
    with RecordingReader(path) as reader:
        assert len(reader) == 0
        assert reader.torn_bytes == len(content) - start


def test_a_writer_goes_on_after_the_last_whole_episode(path: Path) -> None:
    episodes = written(path, 2, 3)
    path.write_bytes(path.read_bytes()[:-1])
    with RecordingWriter(path, HEADER, is_appending=True) as writer:
        writer.append(make_episode(4))
    with RecordingReader(path) as reader:
        assert reader.torn_bytes == 0
        assert_same_episode(reader[0], episodes[0])
        assert_same_episode(reader[1], make_episode(4))


def test_a_writer_that_is_killed_loses_no_episode_that_it_wrote(path: Path) -> None:
    program = (
        "import os, sys\n"
        "from protocol.recording import RecordingWriter\n"
        "from tests.protocol.recording.episode_builder import HEADER, make_episode\n"
        "writer = RecordingWriter(sys.argv[1], HEADER)\n"
        "for count in (3, 1):\n"
        "    writer.append(make_episode(count))\n"
        "os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, path], cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == 9
    with RecordingReader(path) as reader:
        assert reader.step_counts.tolist() == [3, 1]


def test_a_file_that_is_there_is_never_written_over_by_a_writer(path: Path) -> None:
    written(path, 1)
    with pytest.raises(RecordingError, match="expected no such file, got one"):
        RecordingWriter(path, HEADER)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_system_without_hard_links_will_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with RecordingWriter(path, HEADER) as writer:
        writer.append(make_episode(2))
    with RecordingReader(path) as reader:
        assert len(reader) == 1
    with pytest.raises(RecordingError, match="expected no such file, got one"):
        RecordingWriter(path, HEADER)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_recording_is_saved_whole_or_not_at_all(path: Path) -> None:
    written(path, 4)
    wrong = make_episode(1, RecordingHeader(ContinuousObservation(5), ACTION).sizes)
    with pytest.raises(RecordingError, match=r"expected an episode of .*observation=3.*got one of .*observation=5"):
        save_recording(path, HEADER, [make_episode(1), wrong])
    with RecordingReader(path) as reader:
        assert reader.step_counts.tolist() == [4]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_another_schema_is_named_by_its_element(path: Path) -> None:
    written(path, 1)
    with pytest.raises(RecordingError, match=r"\$\.action: expected continuous.*got struct"):
        RecordingWriter(path, RecordingHeader(OBSERVATION, ContinuousAction(2)), is_appending=True)
    with RecordingReader(path) as reader, pytest.raises(RecordingError, match=r"\$\.observation.*another schema"):
        reader.header.check_schemas(ContinuousObservation(3), ACTION)


def test_another_version_is_refused_with_both_numbers(path: Path) -> None:
    written(path, 1)
    content = bytearray(path.read_bytes())
    content[8:12] = (FORMAT_VERSION + 1).to_bytes(4, "little")
    content[20:24] = zlib.crc32(content[:20]).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"expected format version 1, got 2; install the release that wrote it"):
        RecordingReader(path)


def test_what_is_no_recording_is_refused(path: Path) -> None:
    with pytest.raises(RecordingError, match="can't be read"):
        RecordingReader(path)
    path.write_bytes(b"PK\x03\x04 something else, and long enough to hold a prelude")
    with pytest.raises(RecordingError, match="expected a recording"):
        RecordingReader(path)
    path.write_bytes(b"")
    with pytest.raises(DamagedRecordingError, match="ends after 0 bytes"):
        RecordingReader(path)


def test_numbers_that_are_not_finite_are_not_written(path: Path) -> None:
    episode = make_episode(3)
    episode.actions[1, 2] = np.inf
    with RecordingWriter(path, HEADER) as writer:
        writer.append(make_episode(2))
        with pytest.raises(RecordingError, match=r"episode.actions: expected finite numbers, got inf at \[1, 2\]"):
            writer.append(episode)
    with RecordingReader(path) as reader:
        assert len(reader) == 1


def test_a_full_disk_costs_the_episode_that_did_not_fit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RecordingWriter(path, HEADER) as writer:
        writer.append(make_episode(2))
        real_write = writer._file.write

        def write_half(content: bytes) -> int:
            real_write(content[: len(content) // 2])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(writer, "_file", _FileThat(writer._file, write_half))
        with pytest.raises(RecordingError, match=r"No space left.*the episodes before it are safe"):
            writer.append(make_episode(3))
        monkeypatch.undo()
        writer.append(make_episode(1))
    with RecordingReader(path) as reader:
        assert reader.step_counts.tolist() == [2, 1]


class _FileThat:
    """A file whose `write` is another one."""

    def __init__(self, file: object, write: object) -> None:
        self._file = file
        self.write = write

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file grows by no pages here")
def test_a_large_recording_is_not_read_into_memory(path: Path) -> None:
    header = RecordingHeader(ContinuousObservation(1000), ContinuousAction(1))
    with RecordingWriter(path, header) as writer:
        for seed in range(20):
            writer.append(make_episode(500, header.sizes, seed=seed))
    size = os.path.getsize(path)
    program = (
        "import resource, sys\n"
        "from protocol.recording import RecordingReader\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "reader = RecordingReader(sys.argv[1])\n"
        "assert reader.step_count == 10000\n"
        "reader[3]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    grown_kb = int(subprocess.check_output([sys.executable, "-c", program, path], cwd=Path(__file__).parents[3]))
    assert 1024 * grown_kb < size / 4


def test_what_a_block_takes_is_what_the_page_says() -> None:
    assert payload_bytes(5, HEADER.sizes) == 64 + 0 + 128 + 0 + 64 + 64 + 0
    assert HEAD_BYTES == 64
    assert Completion(2).name == "TERMINATION"
