"""The host side of learning-bridge: run a policy inside an engine and hand its experience to a trainer.

What a game needs is here by name, as `from host_sdk import Interactor, Manager`; each is loaded when first asked for, so
that importing the package costs an engine next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import protocol

if not getattr(protocol, "LEARNING_BRIDGE_PROTOCOL", False):
    stray = getattr(protocol, "__file__", None) or list(protocol.__path__)
    raise ImportError(
        f"host_sdk needs learning-bridge's package `protocol`, and Python found another one at {stray}; rename that, or "
        "take its folder off sys.path"
    )

if TYPE_CHECKING:
    from host_sdk import completions, errors, rewards
    from host_sdk.action_object import ActionObject, ActionObjectElement, ActionObjectElements
    from host_sdk.action_schema import ActionSchema, ActionSchemaElement
    from host_sdk.agent_selection import AgentIds
    from host_sdk.communicator import Communicator
    from host_sdk.critic import Critic
    from host_sdk.failure import FailureCode, TrainingFailure
    from host_sdk.interactor import Interactor
    from host_sdk.interactor_callbacks import ObservationObjectElements
    from host_sdk.manager import Manager
    from host_sdk.manager_listener import ManagerListener
    from host_sdk.observation_object import ObservationObject, ObservationObjectElement
    from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
    from host_sdk.policy import Policy
    from host_sdk.ppo_trainer import PPOTrainer
    from host_sdk.ppo_training_settings import PPOTrainingSettings
    from host_sdk.settings import CommunicatorSettings, PPOTrainerSettings, TrainerProcessSettings
    from host_sdk.training_environment import TrainingEnvironment
    from protocol.completion import Completion
    from protocol.policy_settings import CriticSettings, PolicySettings

__all__ = [
    "ActionObject",
    "ActionObjectElement",
    "ActionObjectElements",
    "ActionSchema",
    "ActionSchemaElement",
    "AgentIds",
    "Communicator",
    "CommunicatorSettings",
    "Completion",
    "Critic",
    "CriticSettings",
    "FailureCode",
    "Interactor",
    "Manager",
    "ManagerListener",
    "ObservationObject",
    "ObservationObjectElement",
    "ObservationObjectElements",
    "ObservationSchema",
    "ObservationSchemaElement",
    "PPOTrainer",
    "PPOTrainerSettings",
    "PPOTrainingSettings",
    "Policy",
    "PolicySettings",
    "TrainerProcessSettings",
    "TrainingEnvironment",
    "TrainingFailure",
    "completions",
    "errors",
    "rewards",
]

_HOMES = {
    "ActionObject": "host_sdk.action_object",
    "ActionObjectElement": "host_sdk.action_object",
    "ActionObjectElements": "host_sdk.action_object",
    "ActionSchema": "host_sdk.action_schema",
    "ActionSchemaElement": "host_sdk.action_schema",
    "AgentIds": "host_sdk.agent_selection",
    "Communicator": "host_sdk.communicator",
    "CommunicatorSettings": "host_sdk.settings",
    "Completion": "protocol.completion",
    "Critic": "host_sdk.critic",
    "CriticSettings": "protocol.policy_settings",
    "FailureCode": "host_sdk.failure",
    "Interactor": "host_sdk.interactor",
    "Manager": "host_sdk.manager",
    "ManagerListener": "host_sdk.manager_listener",
    "ObservationObject": "host_sdk.observation_object",
    "ObservationObjectElement": "host_sdk.observation_object",
    "ObservationObjectElements": "host_sdk.interactor_callbacks",
    "ObservationSchema": "host_sdk.observation_schema",
    "ObservationSchemaElement": "host_sdk.observation_schema",
    "PPOTrainer": "host_sdk.ppo_trainer",
    "PPOTrainerSettings": "host_sdk.settings",
    "PPOTrainingSettings": "host_sdk.ppo_training_settings",
    "Policy": "host_sdk.policy",
    "PolicySettings": "protocol.policy_settings",
    "TrainerProcessSettings": "host_sdk.settings",
    "TrainingEnvironment": "host_sdk.training_environment",
    "TrainingFailure": "host_sdk.failure",
    "completions": "host_sdk.completions",
    "errors": "host_sdk.errors",
    "rewards": "host_sdk.rewards",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(home)
    value: object = module if home == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
