"""ML-Agents' names of settings, and this project's: one table, which the tests hold complete against the models.

What a behavior of a file names stands over what hosts ask for; what it doesn't name has ML-Agents' default, which
stands beneath what hosts ask for. That goes for the algorithm's settings. Networks belong to hosts, so that of those
only what is named is asked of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer_process.configuration.behavior import BehaviorSettings
from trainer_process.configuration.written import leaves
from trainer_process.settings_resolution import merge_settings


def _same(value: object) -> object:
    """The value as it is."""
    return value


def _contrary(value: bool) -> bool:
    return not value


def _layers(units: int, count: int) -> list[int]:
    return [units] * count


def _cell(memory: object) -> str:
    return "none" if memory is None else "lstm"


def _half(size: int) -> int:
    """ML-Agents counts a cell's state and its output together, and has as many units as half of that."""
    return size // 2


@dataclass(frozen=True)
class Translation:
    """What values of a behavior in a file are here.

    Attributes:
        theirs: dotted paths within the behavior; naming one of them names all.
        ours: the part that it goes to, and the name there: settings.…, policy_settings.… or critic_settings.….
        convert: of the values, in the order of `theirs`.
        named_by: a path that names them too, by being there.
    """

    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    convert: Callable[..., object] = _same
    named_by: str = ""


_LEARNING = (
    Translation(("hyperparameters.batch_size",), ("settings.minibatch_size",)),
    Translation(("hyperparameters.learning_rate",), ("settings.learning_rate",)),
    Translation(("hyperparameters.learning_rate_schedule",), ("settings.learning_rate_schedule",)),
)
_NETWORKS = (
    Translation(("network_settings.normalize",), ("policy_settings.normalize_observations",)),
    Translation(
        ("network_settings.hidden_units", "network_settings.num_layers"),
        ("policy_settings.hidden_sizes", "critic_settings.hidden_sizes"),
        _layers,
    ),
    Translation(("network_settings.memory",), ("policy_settings.memory_cell",), _cell),
    Translation(
        ("network_settings.memory.memory_size",),
        ("policy_settings.memory_state_size",),
        _half,
        named_by="network_settings.memory",
    ),
    Translation(
        ("network_settings.memory.sequence_length",),
        ("settings.memory_window",),
        named_by="network_settings.memory",
    ),
)
_PPO = (
    *_LEARNING,
    Translation(("hyperparameters.buffer_size",), ("settings.steps_per_update",)),
    Translation(("hyperparameters.beta",), ("settings.entropy_coefficient",)),
    Translation(("hyperparameters.beta_schedule",), ("settings.entropy_coefficient_schedule",)),
    Translation(("hyperparameters.epsilon",), ("settings.clip_range",)),
    Translation(("hyperparameters.epsilon_schedule",), ("settings.clip_range_schedule",)),
    Translation(("hyperparameters.lambd",), ("settings.gae_lambda",)),
    Translation(("hyperparameters.num_epoch",), ("settings.epochs",)),
    Translation(("max_steps",), ("settings.total_steps",)),
    Translation(("time_horizon",), ("settings.time_horizon",)),
    Translation(("threaded",), ("settings.synchronous",), _contrary),
    Translation(("reward_signals.extrinsic.gamma",), ("settings.discount_factor",)),
    Translation(("reward_signals.extrinsic.strength",), ("settings.reward_strength",)),
    *_NETWORKS,
)

TRANSLATIONS: Mapping[str, tuple[Translation, ...]] = {
    "ppo": _PPO,
    "gail": _PPO,
    "airl": _PPO,
    "bc": (*_LEARNING, Translation(("hyperparameters.num_epoch",), ("settings.epochs",)), *_NETWORKS),
    "dagger": (*_LEARNING, Translation(("hyperparameters.num_epoch",), ("settings.epochs_per_round",)), *_NETWORKS),
}
"""By trainer_type."""

KEPT_BY_THE_RUN: Mapping[str, str] = {
    "checkpoint_interval": "checkpoint_steps",
    "even_checkpoints": "checkpoint_steps",
    "init_path": "start_path",
    "keep_checkpoints": "kept_checkpoints",
    "summary_freq": "summary_steps",
    "trainer_type": "trainer_type",
}
"""What of a behavior goes to `StartSettings` by itself, and under which name."""

TOLD_TO_HOSTS = frozenset({"network_settings.deterministic"})
"""What of a behavior hosts are told, and the trainer has no use for."""

UNREACHABLE = frozenset(
    {
        "behavioral_cloning",
        "hyperparameters.shared_critic",
        "network_settings.goal_conditioning_type",
        "network_settings.vis_encode_type",
        "reward_signals.curiosity",
        "reward_signals.extrinsic.network_settings",
        "reward_signals.gail",
        "reward_signals.rnd",
        "self_play",
    }
)
"""What of a behavior is refused, or told to be of no effect, unless it is as here."""

DIALECT_DEFAULTS: Mapping[str, object] = {
    "adam_epsilon": 1e-8,
    "advantage_batch": "update",
    "clip_range_final": 0.1,
    "entropy_coefficient_final": 1e-5,
    "learning_rate_final": 1e-10,
}
"""What ML-Agents' PPO does without having a name for it.

It also clips no gradient; here max_grad_norm stays 0.5, since with Adam that changes little but where an update would
have gone astray. And it means to clip values by epsilon, which has no effect, since it holds them against the returns
in place of the old values: value_clip_range stays off, which is what a file was tuned with.
"""


@dataclass(frozen=True)
class Translated:
    """A behavior of a file under this project's names.

    Attributes:
        overrides: settings of the algorithm that are named.
        override_sources: for their dotted names, where they came from.
        defaults: settings of the algorithm that aren't named, by ML-Agents' defaults.
        networks: what is named, as `{"policy_settings": {...}, "critic_settings": {...}}`.
        network_sources: for `policy_settings.hidden_sizes` and others, where they came from.
        origins: for `settings.minibatch_size` and others, the path within the behavior that names them.
    """

    overrides: dict[str, object] = field(default_factory=dict)
    override_sources: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, object] = field(default_factory=dict)
    networks: dict[str, dict[str, object]] = field(default_factory=dict)
    network_sources: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


def translate(behavior: BehaviorSettings, named: Mapping[str, str]) -> Translated:
    """A behavior under this project's names.

    Args:
        behavior: as in the file.
        named: for every dotted path within the behavior that is named, where its value came from.
    """
    result = Translated()
    kind = trainer_type_of(behavior)
    for translation in TRANSLATIONS.get(kind, ()):
        values = [_at(behavior, path) for path in translation.theirs]
        if any(value is _NOTHING for value in values):
            continue
        naming = next((path for path in (*translation.theirs, translation.named_by) if path in named), "")
        value = translation.convert(*values)
        for ours in translation.ours:
            part, _, name = ours.partition(".")
            if naming:
                _put(result, part, name, value, named[naming])
                result.origins[ours] = naming
            elif part == "settings" and kind == "ppo" and not translation.named_by:
                result.defaults[name] = value
    if kind == "ppo":
        result.defaults.update(DIALECT_DEFAULTS)
    _lay_over_own_names(result, behavior, named)
    return result


def trainer_type_of(behavior: BehaviorSettings) -> str:
    """Of a behavior of any kind."""
    return str(getattr(behavior, "trainer_type", "ppo"))


class _Nothing:
    """What isn't there at all."""


_NOTHING = _Nothing()


def _at(behavior: BehaviorSettings, path: str) -> Any:
    """The value there; nothing where something above it is missing, or an unset hyperparameter of our own trainers."""
    value: Any = behavior
    for part in path.split("."):
        if value is None:
            return _NOTHING
        value = getattr(value, part, _NOTHING)
        if value is _NOTHING:
            return _NOTHING
    return _NOTHING if value is None and path.startswith("hyperparameters.") else value


def _put(result: Translated, part: str, name: str, value: object, source: str) -> None:
    if part == "settings":
        result.overrides[name] = value
        result.override_sources[name] = source
    else:
        result.networks.setdefault(part, {})[name] = value
        result.network_sources[f"{part}.{name}"] = source


def _lay_over_own_names(result: Translated, behavior: BehaviorSettings, named: Mapping[str, str]) -> None:
    """What a file gives under this project's own names wins over the rest."""
    merged = merge_settings(result.overrides, behavior.settings)
    result.overrides.update(merged)
    for name in behavior.settings:
        result.origins[f"settings.{name}"] = f"settings.{name}"
    for part in ("policy_settings", "critic_settings"):
        for name, value in getattr(behavior, part).items():
            _put(result, part, name, value, named.get(f"{part}.{name}", ""))
            result.origins[f"{part}.{name}"] = f"{part}.{name}"
    for name, _ in leaves(behavior.settings):
        result.override_sources[name] = named.get(f"settings.{name}", "")
