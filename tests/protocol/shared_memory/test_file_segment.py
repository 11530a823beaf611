"""Segments as files: who may enter, what room they need, and when they are swept."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from protocol.errors import SharedMemoryError
from protocol.shared_memory import attach_segment, create_segment, sweep_stale_segments
from protocol.shared_memory.segment import make_name
from tests.protocol.shared_memory.peer_process import REPOSITORY, peer_process

file_segment = pytest.importorskip("protocol.shared_memory.file_segment", reason="files of POSIX")

MEBIBYTE = 2**20
needs_room_of_its_own = pytest.mark.skipif(
    sys.platform != "linux"
    or os.geteuid() != 0
    or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs the right to mount",
)


def foreign_file(folder: Path, *, mode: int = 0o600, size: int = 100) -> str:
    """A file with the name of a segment, which nobody holds."""
    name = make_name()
    (folder / name).write_bytes(bytes(size))
    (folder / name).chmod(mode)
    return name


class TestWhoMayEnter:
    def test_a_segment_is_its_user_s_alone(self, folder: Path) -> None:
        before = os.umask(0)
        try:
            made = create_segment(100)
        finally:
            os.umask(before)
        assert (folder / made.name).stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
    def test_a_file_that_others_may_enter_is_refused(self, folder: Path, mode: int) -> None:
        name = foreign_file(folder, mode=mode)
        with pytest.raises(SharedMemoryError, match=f"mode 0600, got owner .* and mode {mode:04o}"):
            attach_segment(name)

    def test_a_file_of_another_user_is_refused(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        name, user = foreign_file(folder), os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
        with pytest.raises(SharedMemoryError, match=f"expected a file of user {user + 1} .* got owner {user}"):
            attach_segment(name)

    def test_a_link_to_a_file_is_refused(self, folder: Path) -> None:
        target, name = foreign_file(folder), make_name()
        (folder / name).symlink_to(folder / target)
        with pytest.raises(SharedMemoryError, match="expected shared memory that a process on this machine made"):
            attach_segment(name)

    def test_a_folder_is_refused(self, folder: Path) -> None:
        name = make_name()
        (folder / name).mkdir(mode=0o700)
        with pytest.raises(SharedMemoryError):
            attach_segment(name)

    @pytest.mark.timeout(10)
    def test_a_pipe_is_refused_and_waited_for_by_nobody(self, folder: Path) -> None:
        name = make_name()
        os.mkfifo(folder / name, 0o600)
        with pytest.raises(SharedMemoryError, match="expected a file"):
            attach_segment(name)
        assert sweep_stale_segments() == []

    def test_an_empty_file_is_refused(self, folder: Path) -> None:
        with pytest.raises(SharedMemoryError, match=r"expected a segment of 1 to \d+ bytes, got 0"):
            attach_segment(foreign_file(folder, size=0))

    def test_a_file_above_the_limit_is_refused(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("protocol.shared_memory.segment.MAX_ARENA_BYTES", 99)
        with pytest.raises(SharedMemoryError, match="expected a segment of 1 to 99 bytes, got 100"):
            attach_segment(foreign_file(folder))


class TestRoom:
    def test_all_memory_is_taken_at_once(self, folder: Path) -> None:
        made = create_segment(3 * MEBIBYTE + 1)
        assert (folder / made.name).stat().st_blocks * 512 >= made.size

    def test_too_little_free_space_is_told_with_a_remedy_before_anything_is_made(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=16, f_frsize=4096))
        assert create_segment(16 * 4096).size == 16 * 4096
        with pytest.raises(SharedMemoryError) as caught:
            create_segment(16 * 4096 + 1)
        text = str(caught.value)
        assert f"expected 65,537 bytes free in {folder}, got 65,536" in text
        assert "--shm-size" in text
        assert "lower steps_per_update" in text
        assert list(folder.iterdir()) == []

    @pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="takes the memory of a file")
    @pytest.mark.parametrize(
        ("number", "words"), [(errno.ENOSPC, "make it larger"), (errno.EIO, "expected 100 bytes in")]
    )
    def test_space_that_went_meanwhile_is_an_error_and_no_signal(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(SharedMemoryError, match=words):
            create_segment(100)
        assert list(folder.iterdir()) == []

    def test_a_folder_that_is_not_there_is_an_error(self, folder: Path) -> None:
        folder.rmdir()
        with pytest.raises(SharedMemoryError, match="shared memory: expected"):
            create_segment(100)
        assert sweep_stale_segments() == []

    @needs_room_of_its_own
    def test_a_small_shared_memory_is_used_to_its_end_and_no_further(self) -> None:
        program = """
from protocol.errors import SharedMemoryError
from protocol.shared_memory import create_segment
import os
held = [create_segment(400_000)]
try:
    create_segment(700_000)
except SharedMemoryError as error:
    print(error)
os.statvfs = lambda path: os.statvfs_result((4096, 4096, 10**6, 10**6, 10**6, 0, 0, 0, 0, 255))
try:
    create_segment(700_000)
except SharedMemoryError as error:
    print(error)
print(len(os.listdir("/dev/shm")))
held.append(create_segment(300_000))
print("made")
"""
        mount = f'mount -t tmpfs -o size={MEBIBYTE} tmpfs /dev/shm && exec "$@"'
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c", program],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        by_looking, by_taking, file_count, last = done.stdout.splitlines()
        assert "expected 700,000 bytes free in /dev/shm, got 64" in by_looking
        assert "expected 700,000 bytes free in /dev/shm, got 0" in by_taking
        assert (file_count, last) == ("1", "made")


class TestSweeping:
    def test_a_segment_of_a_killed_process_is_swept_and_what_was_attached_stays(self, folder: Path) -> None:
        with peer_process(folder) as peer:
            name = peer.ask("make 1000")
            seen = attach_segment(name)
            assert sweep_stale_segments() == []
            peer.kill()
            assert (folder / name).exists()
            assert sweep_stale_segments() == [name]
            assert not (folder / name).exists()
            assert seen.memory[250] == 250

    def test_a_living_one_is_swept_neither_here_nor_there(self, folder: Path) -> None:
        made = create_segment(100)
        with peer_process(folder) as peer:
            other = peer.ask("make 100")
            assert peer.ask("sweep") == ""
            assert sweep_stale_segments() == []
        assert attach_segment(made.name).size == 100
        assert sweep_stale_segments() == [other]

    def test_the_end_of_its_maker_takes_the_name_away(self, folder: Path) -> None:
        with peer_process(folder) as peer:
            peer.ask("make 100")
            peer.ask("make 200")
            assert peer.end() == 0
        assert list(folder.iterdir()) == []

    def test_the_end_of_one_who_only_attached_takes_nothing_away_and_no_tracker_is_started(self, folder: Path) -> None:
        made = create_segment(100)
        with peer_process(folder) as peer:
            peer.ask(f"attach {made.name}")
            if sys.platform == "linux":
                assert peer.ask("children") == "0"
            assert peer.end() == 0
        assert attach_segment(made.name).size == 100
        assert sweep_stale_segments() == []

    def test_the_end_of_a_forked_child_takes_nothing_away(self, folder: Path) -> None:
        with peer_process(folder) as peer:
            name = peer.ask("make 100")
            assert peer.ask("fork") == "0"
            assert sweep_stale_segments() == []
            assert attach_segment(name).size == 100
            assert peer.ask("drop") == "dropped"
            assert list(folder.iterdir()) == []

    def test_only_segments_are_swept(self, folder: Path) -> None:
        for name in ("something", "learning-bridge-memory", "learning-bridge-memory-1-x", f"{make_name()}.old"):
            (folder / name).write_bytes(b"1")
        (folder / make_name()).mkdir()
        (folder / make_name()).symlink_to(folder / "something")
        before = set(folder.iterdir())
        assert sweep_stale_segments() == []
        assert set(folder.iterdir()) == before

    def test_a_sweep_between_making_and_locking_begins_the_making_anew(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        swept: list[str] = []
        lock_own = file_segment._lock_own

        def sweep_first(descriptor: int, path: Path) -> bool:
            if not swept:
                swept.extend(sweep_stale_segments())
            return bool(lock_own(descriptor, path))

        monkeypatch.setattr(file_segment, "_lock_own", sweep_first)
        made = create_segment(100)
        assert len(swept) == 1
        assert made.name not in swept
        assert [path.name for path in folder.iterdir()] == [made.name]
        assert sweep_stale_segments() == []

    def test_a_sweeper_that_holds_the_lock_begins_the_making_anew(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweepers: list[int] = []
        lock_own = file_segment._lock_own

        def lock_first(descriptor: int, path: Path) -> bool:
            if not sweepers:
                sweepers.append(os.open(path, os.O_RDONLY))
                file_segment.fcntl.flock(sweepers[0], file_segment.fcntl.LOCK_EX)
            return bool(lock_own(descriptor, path))

        monkeypatch.setattr(file_segment, "_lock_own", lock_first)
        made = create_segment(100)
        assert len(list(folder.iterdir())) == 2
        os.close(sweepers[0])
        sweep_stale_segments()
        assert [path.name for path in folder.iterdir()] == [made.name]

    def test_making_against_a_sweeper_without_end_is_given_up(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock_own = file_segment._lock_own

        def sweep_always(descriptor: int, path: Path) -> bool:
            sweep_stale_segments()
            return bool(lock_own(descriptor, path))

        monkeypatch.setattr(file_segment, "_lock_own", sweep_always)
        with pytest.raises(SharedMemoryError, match="got it swept away each time"):
            create_segment(100)
        assert list(folder.iterdir()) == []
