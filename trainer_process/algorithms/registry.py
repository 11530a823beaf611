"""The algorithms by the name that Configure and the settings file give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from trainer_process.algorithms.airl.algorithm import AIRL
from trainer_process.algorithms.airl.settings import AIRLSettings
from trainer_process.algorithms.base import Algorithm, AlgorithmSettings, BehaviorSpec
from trainer_process.algorithms.bc.algorithm import BC
from trainer_process.algorithms.bc.settings import BCSettings
from trainer_process.algorithms.dagger.algorithm import DAgger
from trainer_process.algorithms.dagger.settings import DAggerSettings
from trainer_process.algorithms.gail.algorithm import GAIL
from trainer_process.algorithms.gail.settings import GAILSettings
from trainer_process.algorithms.ppo.algorithm import PPO
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.errors import SettingsError

_SettingsT = TypeVar("_SettingsT", bound=AlgorithmSettings)


@dataclass(frozen=True)
class AlgorithmEntry:
    """An algorithm's settings, and how to make it from them.

    Attributes:
        settings_class: validates what the file or the host set.
        make: makes the algorithm, given settings that are an instance of `settings_class`.
    """

    settings_class: type[AlgorithmSettings]
    make: Callable[[BehaviorSpec, AlgorithmSettings], Algorithm]


def _entry(settings_class: type[_SettingsT], make: Callable[[BehaviorSpec, _SettingsT], Algorithm]) -> AlgorithmEntry:
    def checked(behavior: BehaviorSpec, settings: AlgorithmSettings) -> Algorithm:
        if not isinstance(settings, settings_class):
            raise TypeError(f"expected {settings_class.__name__}, got {type(settings).__name__}")
        return make(behavior, settings)

    return AlgorithmEntry(settings_class, checked)


ALGORITHMS: Mapping[str, AlgorithmEntry] = {
    AIRL.name: _entry(AIRLSettings, AIRL),
    BC.name: _entry(BCSettings, BC),
    DAgger.name: _entry(DAggerSettings, DAgger),
    GAIL.name: _entry(GAILSettings, GAIL),
    PPO.name: _entry(PPOSettings, PPO),
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
