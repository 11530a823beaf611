"""Networks and algorithms that a run's configuration names, held against those that a host made.

Hosts build the networks, since version 0 of the policy is theirs. So a name that the configuration gives can't be laid
over the host's: it is held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.policy_settings import CriticSettings, PolicySettings
from trainer_process.settings_resolution import FROM_COMMAND_LINE
from trainer_process.start_settings import StartSettings

_MEND_NETWORK = (
    "make the host's networks so, or leave {name} out of the configuration; a host that this trainer starts is told in "
    "LEARNING_BRIDGE_RUN_SETTINGS, which RunSettings.from_environment().policy_settings reads"
)
_MEND_TRAINER = "ask for {ours} in the host, or name {theirs} in the run's configuration"


@dataclass(frozen=True)
class NamedDifference:
    """Where a host differs from what the configuration names; fields as of `protocol.messages.Refused`."""

    code: str
    path: str
    expected: str
    received: str
    remedy: str


def first_named_difference(
    trainer_type: str, policy: PolicySettings, critic: CriticSettings, start: StartSettings
) -> NamedDifference | None:
    """The first of them; None where the host is as the configuration wants it."""
    if start.trainer_type and start.trainer_type != trainer_type:
        remedy = _MEND_TRAINER.format(ours=start.trainer_type, theirs=trainer_type)
        expected = f"{start.trainer_type} ({_source(start, 'trainer_type')})"
        return NamedDifference("SETTINGS_MISMATCH", "$.trainer_type", expected, trainer_type, remedy)
    for part, made in (("policy_settings", policy.to_wire()), ("critic_settings", critic.to_wire())):
        for name, value in start.networks.get(part, {}).items():
            if (found := _difference(part, name, value, made, start)) is not None:
                return found
    return None


def _difference(
    part: str, name: str, value: object, made: Mapping[str, object], start: StartSettings
) -> NamedDifference | None:
    path, source = f"{part}.{name}", _source(start, f"{part}.{name}")
    if name not in made:
        expected = f"one of the settings {', '.join(sorted(made))}"
        received = f"the unknown setting {name!r} ({source})"
        return NamedDifference("INVALID_SETTINGS", f"$.{path}", expected, received, "mend it where it was given")
    if _plain(value) == _plain(made[name]):
        return None
    remedy = _MEND_NETWORK.format(name=path)
    return NamedDifference("SETTINGS_MISMATCH", f"$.{path}", f"{_plain(value)} ({source})", str(made[name]), remedy)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _source(start: StartSettings, name: str) -> str:
    return start.override_sources.get(name, FROM_COMMAND_LINE)
