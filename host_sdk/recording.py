"""Recordings of what agents did: kept, put together, saved, loaded and looked into."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import TypeAlias

from host_sdk.collection.episode_sequence import EpisodeSequence
from host_sdk.interactor import Interactor
from protocol.completion import Completion
from protocol.errors import DamagedRecordingError, RecordingError
from protocol.experience import ByteArray, FloatArray, Int64Array
from protocol.recording import (
    Episode,
    RecordingHeader,
    RecordingReader,
    RolloutStatistics,
    save_recording,
    select_whole,
)

Path: TypeAlias = str | PathLike[str]

_logger = logging.getLogger(__name__)


class Recording:
    """Records of whole episodes of one kind of agents: observations, actions, modifiers, rewards and how each ended.

    A record is one agent's episode. Those of files stay in them, mapped: a recording of many gigabytes takes no more
    memory than what is being looked at. Schemas are kept with the records, and only what fits them is taken in.

    Unreal's names are here where it has them; `record_count`, `step_counts` and `episodes` are Python's ways.
    """

    # --- Making ----------------------------------------------------------------------------------------------------

    def __init__(self, header: RecordingHeader) -> None:
        """
        Args:
            header: the schemas of all records, and free metadata.
        """
        self._header = header
        self._episodes = EpisodeSequence()

    @classmethod
    def make_recording(
        cls, like: Interactor | RecordingHeader, *, metadata: Mapping[str, str] | None = None
    ) -> Recording:
        """An empty recording.

        Args:
            like: the interactor whose agents will be recorded, or a header.
            metadata: free strings by name, in the place of the header's.

        Raises:
            RecordingError: the metadata aren't strings, or too many or too long.
        """
        if isinstance(like, RecordingHeader):
            return cls(like if metadata is None else replace(like, metadata=dict(metadata)))
        return cls(header_of(like, metadata))

    @classmethod
    def load_recording(cls, path: Path, *, skip_damaged: bool = False) -> Recording:
        """The recording that a file holds; it may be one that is still being recorded.

        Args:
            path: of the file.
            skip_damaged: whether episodes that are damaged are left out, each with a word to the log; the whole file is
                read for that. Else damage between episodes is an error now, and damage inside of one when it is asked
                for.

        Raises:
            RecordingError: there is no such file, it is no recording, or of another version.
            DamagedRecordingError: it is damaged; names the episode, the byte and the remedy.
        """
        with RecordingReader(path) as reader:
            recording = cls(reader.header)
            recording._take_in(reader, skip_damaged=skip_damaged)
        return recording

    # --- Changing --------------------------------------------------------------------------------------------------

    def reset_recording(self) -> None:
        """Forgets all records; files keep theirs."""
        self._episodes = EpisodeSequence()

    def append_episode(self, episode: Episode) -> None:
        """Adds a record.

        Raises:
            RecordingError: it has other sizes than the schemas say, or numbers that aren't finite.
        """
        self._header.check_episode(episode)
        episode.check_finite()
        self._episodes.append(episode)

    def append_recording(self, other: Recording) -> None:
        """Adds all records of another recording, which keeps them too; nothing is copied. Its metadata are not taken.

        Raises:
            RecordingError: it has other schemas; names the element that differs.
        """
        self._check_header(other.header, "the other recording")
        self._episodes.extend(other._episodes)

    def append_recording_from_file(self, path: Path, *, skip_damaged: bool = False) -> None:
        """Adds all records of a file, which stay in it. Raises as `load_recording` and `append_recording`."""
        with RecordingReader(path) as reader:
            self._check_header(reader.header, str(path))
            self._take_in(reader, skip_damaged=skip_damaged)

    def save_recording(self, path: Path) -> None:
        """Writes all records to a file, which holds the old ones or all of the new ones, whatever happens meanwhile.

        Raises:
            RecordingError: it can't be written, or a record comes from a file that is damaged there; an old file stays.
        """
        save_recording(path, self._header, self._episodes)

    # --- What is in it ---------------------------------------------------------------------------------------------

    def get_record_num(self) -> int:
        """How many records there are; `record_count` is the same."""
        return len(self._episodes)

    def get_record_step_num(self, record: int) -> int:
        """Steps of a record. Raises RecordingError where there is no such record."""
        self._check_record(record)
        return self._episodes.step_count_of(record)

    def get_observation_vector(self, record: int, step: int) -> tuple[FloatArray, int]:
        """float32[O] (a copy), what the agent saw at a step, and the hash of its schema.

        Raises:
            RecordingError: there is no such record or step, or the file is damaged there.
        """
        return self._step_of(record, step).observations[step].copy(), self._header.observation_hash

    def get_image_vector(self, record: int, step: int) -> ByteArray:
        """uint8[I] (a copy), the images of the same observation. Raises likewise."""
        images: ByteArray = self._step_of(record, step).images[step].copy()
        return images

    def get_action_vector(self, record: int, step: int) -> tuple[FloatArray, int]:
        """float32[A] (a copy), what it did, as a policy samples it, and the hash of its schema. Raises likewise."""
        return self._step_of(record, step).actions[step].copy(), self._header.action_hash

    def get_action_modifier_vector(self, record: int, step: int) -> tuple[FloatArray, int]:
        """float32[M] (a copy), what bound it, and the hash of the action schema. Raises likewise."""
        return self._step_of(record, step).action_modifiers[step].copy(), self._header.action_hash

    def get_reward(self, record: int, step: int) -> float:
        """What it got for that; NaN where nobody gave rewards. Raises likewise."""
        return float(self._step_of(record, step).rewards[step])

    def get_final_observation_vector(self, record: int) -> tuple[FloatArray, int]:
        """float32[O] (a copy), what the agent saw after its last step, and the hash of its schema. Raises likewise."""
        return self._step_of(record, 0).final_observation.copy(), self._header.observation_hash

    def get_completion(self, record: int) -> Completion:
        """How the record ended: TERMINATION or TRUNCATION. Raises likewise."""
        return self._step_of(record, 0).completion

    def statistics(self) -> RolloutStatistics:
        """Returns and lengths of all records; reads them once."""
        return RolloutStatistics.of(self._episodes)

    @property
    def header(self) -> RecordingHeader:
        """The schemas of all records, and the metadata."""
        return self._header

    @property
    def metadata(self) -> Mapping[str, str]:
        """Free strings by name: the game, the player, the level. May be set, which tells no file before it is saved."""
        return self._header.metadata

    @metadata.setter
    def metadata(self, metadata: Mapping[str, str]) -> None:
        self._header = replace(self._header, metadata=dict(metadata))

    @property
    def episodes(self) -> EpisodeSequence:
        """All records, in their order; those of files are mapped, and checked when they are first asked for."""
        return self._episodes

    @property
    def record_count(self) -> int:
        """How many records there are."""
        return len(self._episodes)

    @property
    def step_counts(self) -> Int64Array:
        """int64[E], steps of each record."""
        return self._episodes.step_counts

    @property
    def step_count(self) -> int:
        """Steps of all records."""
        return int(self._episodes.step_counts.sum())

    def __len__(self) -> int:
        return len(self._episodes)

    def _check_header(self, theirs: RecordingHeader, where: str) -> None:
        theirs.check_schemas(self._header.observation, self._header.action, where)
        if theirs.has_modifiers != self._header.has_modifiers:
            raise RecordingError(
                f"{where}: expected a game that makes {'' if self._header.has_modifiers else 'no '}action modifiers, "
                "got another; keep both in recordings of their own"
            )

    def _check_record(self, record: int) -> None:
        if not 0 <= record < len(self._episodes):
            raise RecordingError(f"recording: expected a record from 0 to {len(self._episodes) - 1}, got {record}")

    def _step_of(self, record: int, step: int) -> Episode:
        self._check_record(record)
        episode = self._episodes[record]
        if not 0 <= step < episode.step_count:
            raise RecordingError(
                f"recording: expected a step of record {record} from 0 to {episode.step_count - 1}, got {step}"
            )
        return episode

    def _take_in(self, reader: RecordingReader, *, skip_damaged: bool) -> None:
        if reader.torn_bytes:
            _logger.warning(
                "the recording %s: its last %d bytes are no whole episode: it is being recorded, or its recorder was "
                "killed; the %d episodes before them are whole",
                reader.path,
                reader.torn_bytes,
                len(reader),
            )
        if not skip_damaged:
            if reader.damaged:
                start, end, episode = reader.damaged[0]
                raise DamagedRecordingError(
                    f"the recording {reader.path}: bytes {start} to {end}, where episode {episode} should begin, are "
                    "not those that were written; load it with skip_damaged=True, or use `learning-bridge inspect "
                    "--repair`, to keep the others"
                )
            self._episodes.append_file(reader)
            return
        for start, end, episode in reader.damaged:
            _logger.warning(
                "the recording %s: left out bytes %d to %d before episode %d", reader.path, start, end, episode
            )
        self._episodes.append_file(select_whole(reader, _leave_out))


def header_of(interactor: Interactor, metadata: Mapping[str, str] | None = None) -> RecordingHeader:
    """What a recording says of an interactor's agents. Raises RecordingError where the metadata can't be kept."""
    return RecordingHeader(
        interactor.observation_schema_element,
        interactor.action_schema_element,
        has_modifiers=interactor.get_action_modifier_vector_size() > 0,
        metadata=dict(metadata or {}),
    )


def _leave_out(error: RecordingError) -> None:
    _logger.warning("left out: %s", error)
