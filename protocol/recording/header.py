"""What a recording says of all its episodes: the schemas of their vectors, and what anybody wants to know later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from protocol.action_layout import ActionLayout
from protocol.errors import RecordingError, SchemaError
from protocol.limits import MAX_HEADER_BYTES, MAX_METRICS, MAX_NAME_BYTES, MAX_TEXT_BYTES
from protocol.observation_layout import ObservationLayout
from protocol.recording.episode import Episode, EpisodeSizes
from protocol.schema import (
    ActionElement,
    ObservationElement,
    action_from_wire,
    action_to_wire,
    observation_from_wire,
    observation_to_wire,
)
from protocol.schema_difference import first_difference
from protocol.schema_hash import action_hash, observation_hash

_KEYS = frozenset(
    {"action_hash", "action_schema", "has_modifiers", "metadata", "observation_hash", "observation_schema"}
)


@dataclass(frozen=True)
class RecordingHeader:
    """The beginning of a recording.

    Attributes:
        observation: the schema of what was seen.
        action: the schema of what was done.
        has_modifiers: whether the game made action modifiers.
        metadata: free strings by name: the game, the player, the level.

    Raises:
        RecordingError: the metadata aren't strings, or too many or too long.
    """

    observation: ObservationElement
    action: ActionElement
    has_modifiers: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_metadata(self.metadata)

    @cached_property
    def sizes(self) -> EpisodeSizes:
        """Of every episode."""
        observation, action = ObservationLayout.of(self.observation), ActionLayout.of(self.action)
        return EpisodeSizes(
            observation=observation.size,
            action=action.vector_size,
            modifier=action.distribution_size if self.has_modifiers else 0,
            image=observation.image_size,
        )

    @property
    def observation_hash(self) -> int:
        """The compatibility hash of the observation schema."""
        return observation_hash(self.observation)

    @property
    def action_hash(self) -> int:
        """The compatibility hash of the action schema."""
        return action_hash(self.action)

    def check_schemas(self, observation: ObservationElement, action: ActionElement, where: str = "recording") -> None:
        """Refuses a recording whose vectors mean something else than those of these schemas.

        Encodings, priors and tags may differ.

        Raises:
            RecordingError: names the element that differs, and both.
        """
        pairs = (("observation", observation, self.observation), ("action", action, self.action))
        for name, wanted, recorded in pairs:
            found = first_difference(wanted, recorded, f"$.{name}")
            if found is not None:
                raise RecordingError(
                    f"{where}: {found.path}: expected {found.ours}, got {found.theirs}: it was recorded with another "
                    "schema; record anew, or use the interactor that it was recorded with"
                )

    def check_episode(self, episode: Episode, where: str = "recording") -> None:
        """Refuses an episode of other sizes.

        Raises:
            RecordingError: names the size that differs, and both.
        """
        expected, received = self.sizes, episode.sizes
        if expected != received:
            raise RecordingError(f"{where}: expected an episode of {expected}, got one of {received}")


def encode_header(header: RecordingHeader) -> bytes:
    """UTF-8 JSON with sorted keys.

    Raises:
        RecordingError: it is too long.
    """
    content = {
        "observation_schema": observation_to_wire(header.observation),
        "action_schema": action_to_wire(header.action),
        "observation_hash": f"{header.observation_hash:#018x}",
        "action_hash": f"{header.action_hash:#018x}",
        "has_modifiers": header.has_modifiers,
        "metadata": dict(header.metadata),
    }
    encoded = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False).encode("utf-8")
    if len(encoded) > MAX_HEADER_BYTES:
        raise RecordingError(f"the header takes {len(encoded)} bytes, at most {MAX_HEADER_BYTES} are allowed")
    return encoded


def decode_header(content: bytes) -> RecordingHeader:
    """The header out of what `encode_header` wrote; nothing in it is trusted.

    Raises:
        RecordingError: it is something else, or its hashes are not those of its schemas.
    """
    try:
        data: Any = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"its header is not valid JSON: {error}") from None
    if not isinstance(data, dict) or set(data) != _KEYS:
        received = sorted(data) if isinstance(data, dict) else type(data).__name__
        raise RecordingError(f"$: expected the keys {sorted(_KEYS)}, got {received!r}"[:1000])
    if type(data["has_modifiers"]) is not bool:
        raise RecordingError(f"$.has_modifiers: expected true or false, got {data['has_modifiers']!r}"[:300])
    if not isinstance(data["metadata"], dict):
        raise RecordingError("$.metadata: expected an object of strings")
    try:
        header = RecordingHeader(
            observation=observation_from_wire(data["observation_schema"]),
            action=action_from_wire(data["action_schema"]),
            has_modifiers=data["has_modifiers"],
            metadata=data["metadata"],
        )
    except SchemaError as error:
        raise RecordingError(f"its schema can't be read: {error}") from None
    for key in ("observation_hash", "action_hash"):
        computed = f"{getattr(header, key):#018x}"
        if data[key] != computed:
            raise RecordingError(
                f"$.{key}: its schema has the hash {computed}, the file says {data[key]!r}: it is damaged, or was "
                "written by a release that hashes otherwise"
            )
    return header


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > MAX_METRICS:
        raise RecordingError(f"$.metadata: expected at most {MAX_METRICS} entries, got {len(metadata)}")
    for key, value in metadata.items():
        for text, limit in ((key, MAX_NAME_BYTES), (value, MAX_TEXT_BYTES)):
            if not isinstance(text, str) or len(text.encode("utf-8", "replace")) > limit:
                raise RecordingError(f"$.metadata: expected texts of at most {limit} bytes, got {text!r:.200}")
