"""What the configuration of a run says to a host that its trainer launched.

`learning-bridge train CONFIG.yaml --env GAME` leaves it in the game's environment. A game that wants to follow the
file builds its networks from it, and sets its engine by it:

    run = RunSettings.from_environment()
    policy = Policy.make_policy(manager, interactor, run.policy_settings("Walker", PolicySettings()))
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, TypeVar

from host_sdk.errors import InvalidSettingsError
from protocol.endpoint import RUN_SETTINGS_VARIABLE
from protocol.errors import SchemaError
from protocol.policy_settings import CriticSettings, PolicySettings

_Settings = TypeVar("_Settings", PolicySettings, CriticSettings)
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_WHERE = RUN_SETTINGS_VARIABLE


@dataclass(frozen=True)
class EngineSettings:
    """How the engine shall play, under ML-Agents' names; a game takes of it what means something in it.

    Attributes:
        width: pixels of the window.
        height: pixels of the window.
        quality_level: of the drawing, from 0, the fastest.
        time_scale: simulated seconds in a second of the clock.
        target_frame_rate: frames a second at most; -1 sets no limit.
        capture_frame_rate: frames in a simulated second, where each takes the same of it; 0 leaves that to the clock.
        no_graphics: draw nothing.
        no_graphics_monitor: draw, and show it on no monitor.
    """

    width: int = 84
    height: int = 84
    quality_level: int = 5
    time_scale: float = 20.0
    target_frame_rate: int = -1
    capture_frame_rate: int = 60
    no_graphics: bool = False
    no_graphics_monitor: bool = False

    @classmethod
    def from_plain(cls, data: object) -> EngineSettings:
        """The settings out of plain JSON; what isn't there keeps its default.

        Raises:
            InvalidSettingsError: a key is not known, or a value is of another kind.
        """
        given = _mapping(data, "$.engine_settings")
        known = {item.name: item.default for item in fields(cls)}
        _refuse_unknown(given, known, "$.engine_settings")
        for name, value in given.items():
            _require_kind(value, type(known[name]), f"$.engine_settings.{name}")
        return cls(**given)


@dataclass(frozen=True)
class EvaluationRequest:
    """Evaluations that the run's first host shall make while it trains.

    Attributes:
        interval_steps: agent-steps of training between them; 0 makes none.
        episodes: of each.
    """

    interval_steps: int = 0
    episodes: int = 10

    @classmethod
    def from_plain(cls, data: object) -> EvaluationRequest:
        """The request out of plain JSON; what isn't there keeps its default.

        Raises:
            InvalidSettingsError: a key is not known, or a value is of another kind or below 0.
        """
        given = _mapping(data, "$.evaluation_settings")
        _refuse_unknown(given, {item.name for item in fields(cls)}, "$.evaluation_settings")
        for name, value in given.items():
            _require_kind(value, int, f"$.evaluation_settings.{name}")
            if value < 0:
                raise _wrong(f"$.evaluation_settings.{name}", "at least 0", value)
        return cls(**given)


@dataclass(frozen=True)
class RunSettings:
    """What a run's configuration says to its hosts; all defaults in a host that no trainer launched.

    Attributes:
        seed: of the run; None where it says none.
        deterministic: agents act by their policy's mode, and don't sample.
        learns: whether the policy is trained; else it only plays.
        num_areas: copies of the training area that each host shall play.
        engine: how to play.
        evaluation: what the first host shall evaluate; trainers follow it where their own settings say nothing.
        networks: by behavior, `{"policy_settings": {...}, "critic_settings": {...}}` with what the file names.
        other_networks: the same for behaviors that aren't in `networks`.
    """

    seed: int | None = None
    deterministic: bool = False
    learns: bool = True
    num_areas: int = 1
    engine: EngineSettings = field(default_factory=EngineSettings)
    evaluation: EvaluationRequest = field(default_factory=EvaluationRequest)
    networks: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=lambda: _NOTHING)
    other_networks: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)

    @classmethod
    def from_environment(cls) -> RunSettings:
        """What the trainer that launched this host left in its environment; all defaults where there is nothing.

        Raises:
            InvalidSettingsError: it is damaged, or of another version of learning-bridge.
        """
        text = os.environ.get(RUN_SETTINGS_VARIABLE, "")
        if not text:
            return cls()
        try:
            data = json.loads(text)
        except ValueError as error:
            raise InvalidSettingsError(f"{_WHERE}: expected JSON, got {text!r:.200}: {error}") from error
        return cls.from_plain(data)

    @classmethod
    def from_plain(cls, data: object) -> RunSettings:
        """The settings out of plain JSON, as they are in the environment.

        Raises:
            InvalidSettingsError: with the path of what is wrong.
        """
        given = _mapping(data, "$")
        kinds = {"seed": int, "deterministic": bool, "learns": bool, "num_areas": int}
        _refuse_unknown(given, {*kinds, "engine_settings", "evaluation_settings", "behaviors", "default"}, "$")
        values = {name: given[name] for name in kinds if name in given}
        for name, value in values.items():
            _require_kind(value, kinds[name], f"$.{name}")
        if values.get("num_areas", 1) < 1:
            raise _wrong("$.num_areas", "at least 1", values["num_areas"])
        behaviors = _mapping(given.get("behaviors", {}), "$.behaviors")
        return cls(
            **values,
            engine=EngineSettings.from_plain(given.get("engine_settings", {})),
            evaluation=EvaluationRequest.from_plain(given.get("evaluation_settings", {})),
            networks={name: _networks(entry, f"$.behaviors.{name}") for name, entry in behaviors.items()},
            other_networks=_networks(given.get("default", {}), "$.default"),
        )

    @property
    def action_noise_scale(self) -> float:
        """For `Policy.run_inference`: 0 where agents shall not sample, or only play."""
        return 0.0 if self.deterministic or not self.learns else 1.0

    def policy_settings(self, behavior: str, base: PolicySettings | None = None) -> PolicySettings:
        """How a behavior's policy is built.

        Args:
            behavior: its name.
            base: what holds where the run's configuration says nothing; the defaults unless given.

        Raises:
            InvalidSettingsError: the configuration names a value that can't be.
        """
        return self._changed(behavior, "policy_settings", base or PolicySettings())

    def critic_settings(self, behavior: str, base: CriticSettings | None = None) -> CriticSettings:
        """How a behavior's critic is built; likewise."""
        return self._changed(behavior, "critic_settings", base or CriticSettings())

    def _changed(self, behavior: str, part: str, base: _Settings) -> _Settings:
        is_named = behavior in self.networks
        named = (self.networks[behavior] if is_named else self.other_networks).get(part, _NOTHING)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in named.items()
        }
        try:
            return replace(base, **values)
        except SchemaError as error:
            path = f"$.{f'behaviors.{behavior}' if is_named else 'default'}.{part}{error.path.removeprefix('$')}"
            raise _wrong(path, error.expected, error.received) from error


def _networks(data: object, path: str) -> Mapping[str, Mapping[str, Any]]:
    given = _mapping(data, path)
    kinds = {"policy_settings": PolicySettings, "critic_settings": CriticSettings}
    _refuse_unknown(given, kinds, path)
    for part, values in given.items():
        known = {item.name for item in fields(kinds[part])}
        _refuse_unknown(_mapping(values, f"{path}.{part}"), known, f"{path}.{part}")
    return given


def _mapping(data: object, path: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _wrong(path, "a dict of settings", data)
    return data


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, object] | set[str], path: str) -> None:
    for name in given:
        if name not in known:
            raise _wrong(f"{path}.{name}", f"one of {', '.join(sorted(known))}", "an unknown setting")


def _require_kind(value: object, kind: type, path: str) -> None:
    """Integers count as floats, booleans never as numbers."""
    accepted = (int, float) if kind is float else (kind,)
    is_wrong = not isinstance(value, accepted) or isinstance(value, bool) != (kind is bool)
    if is_wrong or (isinstance(value, float) and not math.isfinite(value)):
        raise _wrong(path, {bool: "true or false", int: "an integer"}.get(kind, "a finite number"), value)


def _wrong(path: str, expected: str, received: object) -> InvalidSettingsError:
    return InvalidSettingsError(
        f"{_WHERE} {path}: expected {expected}, got {received!r:.200}; it is written by `learning-bridge train`, whose "
        "version must be this host's"
    )
