"""Recordings: whole episodes of what agents saw, did and got for it, in memory, in a file and on the wire."""

from protocol.recording.episode import Episode, EpisodeSizes
from protocol.recording.flat_episodes import FlatEpisodes, flatten_episodes
from protocol.recording.header import RecordingHeader
from protocol.recording.reader import RecordingReader
from protocol.recording.selected_episodes import SelectedEpisodes, select_whole
from protocol.recording.statistics import RolloutStatistics
from protocol.recording.writer import RecordingWriter, save_recording

__all__ = [
    "Episode",
    "EpisodeSizes",
    "FlatEpisodes",
    "RecordingHeader",
    "RecordingReader",
    "RecordingWriter",
    "RolloutStatistics",
    "SelectedEpisodes",
    "flatten_episodes",
    "save_recording",
    "select_whole",
]
