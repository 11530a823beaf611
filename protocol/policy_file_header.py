"""A policy with everything it takes to run it, and the JSON header that describes it in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from protocol.errors import PolicyFileError, WeightsError
from protocol.limits import MAX_HEADER_BYTES, MAX_INT64, MAX_METRICS, MAX_NAME_BYTES, MAX_TEXT_BYTES
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.network_spec import NetworkSpec
from protocol.network_wire import network_from_wire, network_to_wire
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import (
    ActionElement,
    ObservationElement,
    action_from_wire,
    action_to_wire,
    observation_from_wire,
    observation_to_wire,
)
from protocol.schema_hash import action_hash, observation_hash
from protocol.weights import WeightsLayout, WeightsSnapshot

MAX_METADATA_ENTRIES = MAX_METRICS

_KEYS = frozenset(
    {
        "action_hash",
        "action_schema",
        "behavior",
        "critic",
        "critic_settings",
        "metadata",
        "observation_hash",
        "observation_schema",
        "policy",
        "policy_settings",
    }
)
_NETWORK_KEYS = frozenset({"network", "network_hash", "size", "version"})


@dataclass(frozen=True)
class PolicyFile:
    """A policy with everything it takes to run it.

    Attributes:
        behavior: the name it was trained under.
        observation: the schema of what it sees.
        action: the schema of what it does.
        policy_settings: what its network was built from.
        snapshot: its weights.
        critic_settings: what the critic's network was built from, where there is one.
        critic_snapshot: the critic's weights, where there is one.
        metadata: free strings, such as the run it came from.

    Raises:
        PolicyFileError: a name or a text is too long, or only half of a critic is there.
    """

    behavior: str
    observation: ObservationElement
    action: ActionElement
    policy_settings: PolicySettings
    snapshot: WeightsSnapshot
    critic_settings: CriticSettings | None = None
    critic_snapshot: WeightsSnapshot | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_string(self.behavior, MAX_NAME_BYTES, "$.behavior")
        _check_metadata(self.metadata)
        if (self.critic_settings is None) != (self.critic_snapshot is None):
            raise PolicyFileError("$.critic: expected both settings and weights, or neither")

    @property
    def policy_spec(self) -> NetworkSpec:
        """The policy's network."""
        return build_policy_spec(self.observation, self.action, self.policy_settings)

    @property
    def critic_spec(self) -> NetworkSpec | None:
        """The critic's network, where there is one."""
        if self.critic_settings is None:
            return None
        return build_critic_spec(self.observation, self.policy_settings, self.critic_settings)


@dataclass(frozen=True)
class WeightsDescription:
    """What a header says of one network's weights, once it has proved right."""

    network_hash: int
    version: int
    size: int

    def snapshot(self, values: np.ndarray[Any, np.dtype[np.float32]]) -> WeightsSnapshot:
        """These weights."""
        return WeightsSnapshot(self.network_hash, self.version, values)


def encode_header(policy: PolicyFile) -> bytes:
    """The header as UTF-8 JSON with sorted keys.

    Raises:
        PolicyFileError: the weights don't fit the schemas and settings or aren't finite, or the header is too long.
    """
    critic_spec, critic = policy.critic_spec, None
    if critic_spec is not None and policy.critic_snapshot is not None:
        critic = _describe_weights(critic_spec, policy.critic_snapshot)
    header = {
        "behavior": policy.behavior,
        "observation_schema": observation_to_wire(policy.observation),
        "action_schema": action_to_wire(policy.action),
        "observation_hash": _hexadecimal(observation_hash(policy.observation)),
        "action_hash": _hexadecimal(action_hash(policy.action)),
        "policy_settings": policy.policy_settings.to_wire(),
        "policy": _describe_weights(policy.policy_spec, policy.snapshot),
        "critic_settings": policy.critic_settings.to_wire() if policy.critic_settings else None,
        "critic": critic,
        "metadata": dict(policy.metadata),
    }
    encoded = json.dumps(header, sort_keys=True, ensure_ascii=False, allow_nan=False).encode("utf-8")
    if len(encoded) > MAX_HEADER_BYTES:
        raise PolicyFileError(f"the header takes {len(encoded)} bytes, at most {MAX_HEADER_BYTES} are allowed")
    return encoded


def decode_header(content: bytes) -> tuple[PolicyFile, WeightsDescription, WeightsDescription | None]:
    """The policy that the header describes, with empty snapshots, and what its policy's and critic's weights are.

    Raises:
        PolicyFileError: the header is not what `encode_header` writes, or its hashes are not those of its content.
        SchemaError: a schema, a setting or a network in it is wrong.
    """
    header = _keyed(_parse(content), _KEYS, "$")
    critic_settings = header["critic_settings"]
    empty = WeightsSnapshot(0, 0, np.empty(0, dtype=np.float32))
    policy = PolicyFile(
        behavior=header["behavior"],
        observation=observation_from_wire(header["observation_schema"]),
        action=action_from_wire(header["action_schema"]),
        policy_settings=PolicySettings.from_wire(header["policy_settings"]),
        snapshot=empty,
        critic_settings=None if critic_settings is None else CriticSettings.from_wire(critic_settings),
        critic_snapshot=None if header["critic"] is None else empty,
        metadata=header["metadata"],
    )
    hashes = {"observation_hash": observation_hash(policy.observation), "action_hash": action_hash(policy.action)}
    for key, value in hashes.items():
        _require_hash(f"$.{key}", "the schema", value, header[key])
    critic_spec = policy.critic_spec
    critic = None if critic_spec is None else _check_weights(header["critic"], critic_spec, "$.critic")
    return policy, _check_weights(header["policy"], policy.policy_spec, "$.policy"), critic


def _describe_weights(spec: NetworkSpec, snapshot: WeightsSnapshot) -> dict[str, Any]:
    try:
        WeightsLayout.of(spec).check(snapshot)
    except WeightsError as error:
        raise PolicyFileError(f"the weights can't be saved: {error}") from error
    return {
        "network": network_to_wire(spec),
        "network_hash": _hexadecimal(spec.hash),
        "version": snapshot.version,
        "size": snapshot.values.size,
    }


def _check_weights(data: Any, spec: NetworkSpec, path: str) -> WeightsDescription:
    network = _keyed(data, _NETWORK_KEYS, path)
    written = _hexadecimal(network_from_wire(network["network"]).hash)
    _require_hash(f"{path}.network", "what schemas and settings give", spec.hash, written)
    _require_hash(f"{path}.network_hash", "what schemas and settings give", spec.hash, network["network_hash"])
    size, version = network["size"], network["version"]
    if type(size) is not int or size != spec.parameter_count:
        raise PolicyFileError(f"{path}.size: expected {spec.parameter_count}, got {size!r}"[:300])
    if type(version) is not int or not 0 <= version <= MAX_INT64:
        raise PolicyFileError(f"{path}.version: expected an integer in 0..{MAX_INT64}, got {version!r}"[:300])
    return WeightsDescription(spec.hash, version, size)


def _hexadecimal(value: int) -> str:
    return f"{value:#018x}"


def _require_hash(path: str, owner: str, expected: int, received: object) -> None:
    if received != _hexadecimal(expected):
        raise PolicyFileError(
            f"{path}: {owner} has the hash {_hexadecimal(expected)}, the file says {received!r}"[:300]
        )


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise PolicyFileError(f"its header is not valid JSON: {error}") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _keyed(data: Any, keys: frozenset[str], path: str) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) != keys:
        received = sorted(data) if isinstance(data, dict) else type(data).__name__
        raise PolicyFileError(f"{path}: expected the keys {sorted(keys)}, got {received!r}"[:1000])
    return data


def _check_string(value: object, max_bytes: int, path: str) -> None:
    try:
        if isinstance(value, str) and len(value.encode("utf-8")) <= max_bytes:
            return
    except UnicodeEncodeError:
        pass
    raise PolicyFileError(f"{path}: expected a string of at most {max_bytes} bytes in UTF-8, got {value!r}"[:300])


def _check_metadata(metadata: object) -> None:
    if not isinstance(metadata, Mapping) or len(metadata) > MAX_METADATA_ENTRIES:
        raise PolicyFileError(f"$.metadata: expected at most {MAX_METADATA_ENTRIES} pairs of strings")
    for key, value in metadata.items():
        _check_string(key, MAX_NAME_BYTES, "$.metadata")
        _check_string(value, MAX_TEXT_BYTES, f"$.metadata.{key}")
