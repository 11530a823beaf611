"""The weights that a training starts from, out of whatever a path means: counters begin at 0 all the same.

A path is a policy file, a checkpoint, a folder of checkpoints, a behavior's folder or a run's. Of a checkpoint that the
same algorithm made with the same critic network the critic goes along.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from protocol.errors import PolicyFileError, SchemaError
from protocol.policy_file import PolicyFile, load_policy
from protocol.schema import action_from_wire, observation_from_wire
from protocol.schema.element import Element
from protocol.schema_difference import first_difference as first_schema_difference
from protocol.weights import WeightsSnapshot
from trainer_process.behavior_plan import BehaviorPlan
from trainer_process.checkpoint import Checkpoint
from trainer_process.checkpoint_folder import find_checkpoint
from trainer_process.errors import CheckpointError
from trainer_process.run_folder import POLICY_FILE_NAME, SETTINGS_FILE_NAME, RunFolder
from trainer_process.settings_resolution import first_tree_difference

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class StartPoint:
    """Weights to start from.

    Attributes:
        policy: with its normaliser; its version is at least 1, so that hosts at version 0 get it.
        critic: None where it has to begin anew.
        path: where they lay.
    """

    policy: WeightsSnapshot
    critic: WeightsSnapshot | None
    path: Path


def find_start(path: Path, plan: BehaviorPlan) -> StartPoint:
    """The weights that a path means for a behavior.

    Raises:
        CheckpointError: there are none, or they are of another network; both are told.
        PolicyFileError: a policy file can't be used.
    """
    if path.is_file():
        return _of_policy_file(path, plan)
    place = _behavior_folder(path, plan.spec.name)
    try:
        return _of_checkpoint(find_checkpoint(place), plan)
    except CheckpointError as error:
        if (place / POLICY_FILE_NAME).is_file() and not _has_checkpoints(place):
            return _of_policy_file(place / POLICY_FILE_NAME, plan)
        raise error


def _behavior_folder(path: Path, name: str) -> Path:
    """The behavior's folder in a run's; any other path as it is."""
    if not path.is_dir():
        raise CheckpointError(f"{path}: expected a policy file, a checkpoint or the folder of a run, got nothing")
    if _is_behavior_folder(path) or _has_checkpoints(path) or (path / "state.json").is_file():
        return path
    own = RunFolder(path.parent, path.name).behavior(name).path
    if own.is_dir():
        return own
    others = [folder for folder in sorted(path.iterdir()) if folder.is_dir() and _is_behavior_folder(folder)]
    if len(others) == 1:
        return others[0]
    there = ", ".join(folder.name for folder in others) or "none"
    raise CheckpointError(f"{path}: expected a run with the behavior {name!r}, got one with these: {there}")


def _is_behavior_folder(path: Path) -> bool:
    return (path / POLICY_FILE_NAME).is_file() or _has_checkpoints(path / CHECKPOINTS)


def _has_checkpoints(path: Path) -> bool:
    return path.is_dir() and any(folder.name.isdigit() and folder.is_dir() for folder in path.iterdir())


def _of_policy_file(path: Path, plan: BehaviorPlan) -> StartPoint:
    file = load_policy(path)
    if file.snapshot.network_hash != plan.spec.policy_spec.hash:
        raise _another_network(path, plan, _described_by_file(file), file.snapshot.network_hash)
    critic = file.critic_snapshot
    fits = critic is not None and critic.network_hash == plan.spec.critic_spec.hash
    return StartPoint(_from_version_1(file.snapshot), critic if fits else None, path)


def _of_checkpoint(checkpoint: Checkpoint, plan: BehaviorPlan) -> StartPoint:
    assert checkpoint.path is not None
    values, arrays, spec = checkpoint.state.values, checkpoint.state.arrays, plan.spec
    network_hash = _hash_of(values.get("policy_network_hash"))
    if "policy" not in arrays or network_hash is None:
        raise CheckpointError(f"{checkpoint.path}: expected a policy's weights in the checkpoint, got {sorted(arrays)}")
    if network_hash != spec.policy_spec.hash:
        raise _another_network(checkpoint.path, plan, _described_beside(checkpoint.path), network_hash)
    version = checkpoint.context.version
    policy = WeightsSnapshot(network_hash, version, np.asarray(arrays["policy"], np.float32))
    critic = None
    if "critic" in arrays and values.get("algorithm") == plan.trainer_type:
        critic_hash = _hash_of(values.get("critic_network_hash"))
        if critic_hash == spec.critic_spec.hash:
            critic = WeightsSnapshot(spec.critic_spec.hash, version, np.asarray(arrays["critic"], np.float32))
    return StartPoint(_from_version_1(policy), critic, checkpoint.path)


def _hash_of(text: object) -> int | None:
    try:
        return int(str(text), 16)
    except ValueError:
        return None


def _from_version_1(snapshot: WeightsSnapshot) -> WeightsSnapshot:
    return replace(snapshot, version=max(1, snapshot.version))


@dataclass(frozen=True)
class _Described:
    """What a network was made from."""

    observation: Element
    action: Element
    policy_settings: dict[str, Any]


def _described_by_file(file: PolicyFile) -> _Described:
    return _Described(file.observation, file.action, file.policy_settings.to_wire())


def _described_beside(checkpoint: Path) -> _Described | None:
    """By the settings or the policy that its behavior's folder holds; None where it was moved away from them."""
    folder = checkpoint.parent.parent
    readers: tuple[Callable[[], _Described], ...] = (
        lambda: _described_by_settings(folder / SETTINGS_FILE_NAME),
        lambda: _described_by_file(load_policy(folder / POLICY_FILE_NAME)),
    )
    for reader in readers:
        try:
            return reader()
        except (OSError, ValueError, KeyError, TypeError, SchemaError, PolicyFileError):
            continue
    return None


def _described_by_settings(path: Path) -> _Described:
    data = json.loads(path.read_bytes())
    observation = observation_from_wire(data["observation_schema"])
    return _Described(observation, action_from_wire(data["action_schema"]), dict(data["policy_settings"]))


def _another_network(path: Path, plan: BehaviorPlan, found: _Described | None, network_hash: int) -> CheckpointError:
    """Names both networks by the first thing in which they differ."""
    ours, theirs = f"the network {plan.spec.policy_spec.hash:#018x}", f"the network {network_hash:#018x}"
    if found is not None and (difference := _difference(plan, found)) is not None:
        where, wanted, received = difference
        ours, theirs = f"{ours}, with {where} {wanted}", f"{theirs}, with {received}"
    return CheckpointError(f"{path}: expected weights of {ours}; got those of {theirs}")


def _difference(plan: BehaviorPlan, found: _Described) -> tuple[str, object, object] | None:
    spec = plan.spec
    for with_encodings in (False, True):
        for name, mine, theirs in (
            ("observation_schema", spec.observation, found.observation),
            ("action_schema", spec.action, found.action),
        ):
            place = first_schema_difference(mine, theirs, f"$.{name}", with_encodings=with_encodings)
            if place is not None:
                return place.path, place.ours, place.theirs
    mine_plain = {name: value for name, value in spec.policy_settings.to_wire().items() if name != "seed"}
    theirs_plain = {name: value for name, value in found.policy_settings.items() if name != "seed"}
    return first_tree_difference(mine_plain, theirs_plain, "$.policy_settings")
