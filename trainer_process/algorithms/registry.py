"""The algorithms by the name that Configure and the settings file give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trainer_process.algorithms.base import Algorithm, AlgorithmSettings, BehaviorSpec
from trainer_process.algorithms.bc.algorithm import BC
from trainer_process.algorithms.bc.settings import BCSettings
from trainer_process.algorithms.ppo.algorithm import PPO
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.errors import SettingsError


@dataclass(frozen=True)
class AlgorithmEntry:
    """An algorithm's settings, and how to make it from them.

    Attributes:
        settings_class: validates what the file or the host set.
        make: makes the algorithm, given settings that are an instance of `settings_class`.
    """

    settings_class: type[AlgorithmSettings]
    make: Callable[[BehaviorSpec, AlgorithmSettings], Algorithm]


def _make_ppo(behavior: BehaviorSpec, settings: AlgorithmSettings) -> Algorithm:
    if not isinstance(settings, PPOSettings):
        raise TypeError(f"ppo takes PPOSettings, got {type(settings).__name__}")
    return PPO(behavior, settings)


def _make_bc(behavior: BehaviorSpec, settings: AlgorithmSettings) -> Algorithm:
    if not isinstance(settings, BCSettings):
        raise TypeError(f"bc takes BCSettings, got {type(settings).__name__}")
    return BC(behavior, settings)


ALGORITHMS: Mapping[str, AlgorithmEntry] = {
    BC.name: AlgorithmEntry(BCSettings, _make_bc),
    PPO.name: AlgorithmEntry(PPOSettings, _make_ppo),
}


def algorithm_entry(trainer_type: str, path: str = "$.trainer_type") -> AlgorithmEntry:
    """The entry of that name.

    Raises:
        SettingsError: there is none; names the ones there are.
    """
    entry = ALGORITHMS.get(trainer_type)
    if entry is None:
        raise SettingsError(path, f"one of the algorithms {', '.join(sorted(ALGORITHMS))}", repr(trainer_type))
    return entry


def make_algorithm(
    behavior: BehaviorSpec,
    trainer_type: str,
    settings: Mapping[str, object],
    path: str = "$.settings",
) -> Algorithm:
    """An algorithm out of its name and plain settings.

    Raises:
        SettingsError: the name is unknown or a setting is wrong.
    """
    entry = algorithm_entry(trainer_type)
    return entry.make(behavior, entry.settings_class.validated(settings, path))
