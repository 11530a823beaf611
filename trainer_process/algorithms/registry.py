"""The algorithms by the name that Configure and the settings file give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
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
from trainer_process.algorithms.ppo.saved_reward import SavedRewardModel
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.errors import RewardFileError, SettingsError

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


def _make_ppo(behavior: BehaviorSpec, settings: PPOSettings) -> Algorithm:
    """PPO on the game's rewards, or on those of a saved network. Raises SettingsError where that can't be used."""
    if not settings.reward_path:
        return PPO(behavior, settings)
    path, is_scaled = Path(settings.reward_path), settings.reward_scaling
    try:
        model = SavedRewardModel.load(path, settings.reward_type, behavior, settings.device, is_scaled=is_scaled)
    except RewardFileError as error:
        wanted = "a reward file of this behavior's schemas"
        raise SettingsError("$.settings.reward_path", wanted, str(error)) from error
    return PPO(behavior, settings, model)


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
    PPO.name: _entry(PPOSettings, _make_ppo),
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
