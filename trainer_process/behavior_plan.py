"""What a Configure asks for, read and judged: the first one makes the plan, later ones are held against it.

Importing this module imports torch, which takes seconds; the server leaves that to the learner thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from protocol.errors import SchemaError
from protocol.field_rule import shorten
from protocol.messages import Configure, Refused
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import action_from_wire, observation_from_wire
from protocol.schema.element import Element
from protocol.schema_difference import first_difference as first_schema_difference
from protocol.schema_hash import action_hash, observation_hash
from trainer_process.algorithms.base import AlgorithmSettings, BehaviorSpec
from trainer_process.algorithms.registry import algorithm_entry
from trainer_process.errors import ConfigurationRefusedError, SettingsError
from trainer_process.named_networks import first_named_difference
from trainer_process.settings_resolution import (
    first_difference,
    first_tree_difference,
    merge_settings,
    setting_sources,
)
from trainer_process.start_settings import StartSettings

Part = TypeVar("Part")
Difference: TypeAlias = tuple[str, object, object]

MAX_SHOWN_BYTES = 2048
"""Of a value in a refusal; a whole schema would drown the difference."""

_ONE_RELEASE = "install the same release of learning-bridge for the host and the trainer"
_SAME_OR_OTHER = (
    "give all hosts of one behavior the same {what}, or train under another behavior name, or start the trainer anew"
)


@dataclass(frozen=True)
class BehaviorPlan:
    """What the command line and the first host fixed for a behavior.

    Attributes:
        spec: schemas, layouts and networks.
        trainer_type: the algorithm's name.
        settings: the algorithm's, validated, every default filled in.
        sources: for the dotted name of each setting, where its value came from.
        overrides: what the configuration file and the command line set.
        defaults: what holds where nobody sets anything, in place of the algorithm's own defaults.
        first: the Configure that the plan was made from, without its weights.
    """

    spec: BehaviorSpec
    trainer_type: str
    settings: AlgorithmSettings
    sources: Mapping[str, str]
    overrides: Mapping[str, object]
    defaults: Mapping[str, object]
    first: Configure


def make_plan(configure: Configure, start: StartSettings) -> BehaviorPlan:
    """Reads the first Configure of a behavior, and lays the run's own settings over and beneath it.

    Raises:
        ConfigurationRefusedError: a schema or a setting is wrong, or the two sides derive different hashes.
    """
    spec = _read_spec(configure)
    _check_named(configure, spec, start)
    _check_hashes(configure, spec)
    settings = _validated(configure, start.overrides, start.defaults)
    sources = setting_sources(
        settings.to_plain(),
        configure.settings,
        start.overrides,
        override_sources=start.override_sources,
        defaults=start.defaults,
    )
    return BehaviorPlan(
        spec=spec,
        trainer_type=configure.trainer_type,
        settings=settings,
        sources=sources,
        overrides=start.overrides,
        defaults=start.defaults,
        first=replace(configure, weights=None),
    )


def check_later_host(plan: BehaviorPlan, configure: Configure) -> None:
    """Holds a later host's Configure against the running behavior.

    Raises:
        ConfigurationRefusedError: names the first place where they differ, and both values.
    """
    schema = _schema_difference(plan, configure)
    if schema is not None:
        raise _refusal(configure, "SCHEMA_MISMATCH", *schema, _SAME_OR_OTHER.format(what="schemas"))
    settings = _settings_difference(plan, configure)
    if settings is not None:
        raise _refusal(configure, "SETTINGS_MISMATCH", *settings, _SAME_OR_OTHER.format(what="settings"))
    if plan.first.network_hash != configure.network_hash:
        hashes = f"{plan.first.network_hash:#018x}", f"{configure.network_hash:#018x}"
        raise _refusal(configure, "SCHEMA_MISMATCH", "network_hash", *hashes, _ONE_RELEASE)


def _schema_difference(plan: BehaviorPlan, configure: Configure) -> Difference | None:
    """By meaning first, then by how networks read the elements; at last by the hashes, which follow from both."""
    schemas: tuple[tuple[str, Element, Element], ...] = (
        ("observation_schema", plan.spec.observation, _read(configure, "observation_schema", observation_from_wire)),
        ("action_schema", plan.spec.action, _read(configure, "action_schema", action_from_wire)),
    )
    for with_encodings in (False, True):
        for name, mine, theirs in schemas:
            found = first_schema_difference(mine, theirs, f"$.{name}", with_encodings=with_encodings)
            if found is not None:
                return found.path, found.ours, found.theirs
    for name in ("observation_hash", "action_hash"):
        ours, received = getattr(plan.first, name), getattr(configure, name)
        if ours != received:
            return name, f"{ours:#018x}", f"{received:#018x}"
    return None


def _settings_difference(plan: BehaviorPlan, configure: Configure) -> Difference | None:
    first = plan.first
    if first.trainer_type != configure.trainer_type:
        return "$.trainer_type", first.trainer_type, configure.trainer_type
    for part in ("policy_settings", "critic_settings"):
        mine, theirs = _without_seed(getattr(first, part)), _without_seed(getattr(configure, part))
        if (place := first_tree_difference(mine, theirs, f"$.{part}")) is not None:
            return place
    asked = _validated(configure, plan.overrides, plan.defaults).to_plain()
    given = _without_seed(configure.settings)
    place = first_difference(given, asked, plan.settings.to_plain(), plan.overrides)
    return None if place is None else (f"$.settings.{place[0]}", place[1], place[2])


def _read_spec(configure: Configure) -> BehaviorSpec:
    return BehaviorSpec.create(
        configure.behavior,
        _read(configure, "observation_schema", observation_from_wire),
        _read(configure, "action_schema", action_from_wire),
        _read(configure, "policy_settings", PolicySettings.from_wire),
        _read(configure, "critic_settings", CriticSettings.from_wire) if configure.critic_settings else None,
    )


def _read(configure: Configure, part: str, reader: Callable[[object], Part]) -> Part:
    try:
        return reader(getattr(configure, part))
    except SchemaError as error:
        where = f"$.{part}{error.path.removeprefix('$')}"
        code = "INVALID_SETTINGS" if part.endswith("settings") else "SCHEMA_MISMATCH"
        raise _refusal(configure, code, where, error.expected, error.received, f"mend {part} in the host") from None


def _check_hashes(configure: Configure, spec: BehaviorSpec) -> None:
    """Both sides derive hashes and networks from the schemas; where they differ, their releases do."""
    pairs = [
        ("observation_hash", observation_hash(spec.observation), configure.observation_hash),
        ("action_hash", action_hash(spec.action), configure.action_hash),
        ("network_hash", spec.policy_spec.hash, configure.network_hash),
    ]
    if configure.critic_network_hash != 0:
        pairs.append(("critic_network_hash", spec.critic_spec.hash, configure.critic_network_hash))
    for name, mine, theirs in pairs:
        if mine != theirs:
            raise _refusal(configure, "SCHEMA_MISMATCH", name, f"{mine:#018x}", f"{theirs:#018x}", _ONE_RELEASE)


def _check_named(configure: Configure, spec: BehaviorSpec, start: StartSettings) -> None:
    """Holds the algorithm and the networks that a host made against what the run's configuration names of them.

    Raises:
        ConfigurationRefusedError: names the first place where they differ, both values and where ours came from.
    """
    found = first_named_difference(configure.trainer_type, spec.policy_settings, spec.critic_settings, start)
    if found is not None:
        raise _refusal(configure, found.code, found.path, found.expected, found.received, found.remedy)


def _validated(
    configure: Configure, overrides: Mapping[str, object], defaults: Mapping[str, object]
) -> AlgorithmSettings:
    try:
        entry = algorithm_entry(configure.trainer_type)
        asked = merge_settings(merge_settings(defaults, configure.settings), overrides)
        return entry.settings_class.validated(asked, "$.settings")
    except SettingsError as error:
        remedy = "mend the setting where it was given: in the host, in the run's configuration, or with --set"
        raise _refusal(configure, "INVALID_SETTINGS", error.path, error.expected, error.received, remedy) from None


def _without_seed(settings: Mapping[str, object]) -> dict[str, object]:
    """Hosts that differ in nothing but their seed train together: each has a world and a noise of its own."""
    return {name: value for name, value in settings.items() if name != "seed"}


def _refusal(
    configure: Configure, code: str, where: str, expected: object, received: object, remedy: str
) -> ConfigurationRefusedError:
    return ConfigurationRefusedError(
        Refused(
            code=code,
            behavior=configure.behavior,
            where=shorten(where, MAX_SHOWN_BYTES),
            expected=shorten(str(expected), MAX_SHOWN_BYTES),
            received=shorten(str(received), MAX_SHOWN_BYTES),
            remedy=remedy,
        )
    )
