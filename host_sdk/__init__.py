"""The host side of learning-bridge: run a policy inside an engine and hand its experience to a trainer.

What a game needs is here by name, as `from host_sdk import Interactor, Manager`. It is loaded when the first name is
asked for, so that importing the package, or one module of it, costs an engine no more than it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import protocol

if not getattr(protocol, "LEARNING_BRIDGE_PROTOCOL", False):
    stray = getattr(protocol, "__file__", None) or list(protocol.__path__)
    raise ImportError(
        f"host_sdk needs learning-bridge's package `protocol`, and Python found another one at {stray}; rename it, or "
        "take its folder off sys.path"
    )

if TYPE_CHECKING:
    from host_sdk.host_api import (
        ActionModifier,
        ActionModifierElement,
        ActionModifierElements,
        ActionObject,
        ActionObjectElement,
        ActionObjectElements,
        ActionSchema,
        ActionSchemaElement,
        ActionValue,
        ActionValues,
        AdversarialTrainer,
        AdversarialTrainingSettings,
        AgentIds,
        Communicator,
        CommunicatorSettings,
        Completion,
        Controller,
        Critic,
        CriticSettings,
        DAggerTrainer,
        DAggerTrainerSettings,
        DAggerTrainingSettings,
        EngineSettings,
        EnvironmentParameters,
        EvaluationRequest,
        FailureCode,
        ImitationTrainer,
        ImitationTrainerSettings,
        ImitationTrainingSettings,
        Interactor,
        Manager,
        ManagerListener,
        ObservationObject,
        ObservationObjectElement,
        ObservationObjectElements,
        ObservationSchema,
        ObservationSchemaElement,
        Policy,
        PolicyController,
        PolicySettings,
        Polyline,
        PPOTrainer,
        PPOTrainerSettings,
        PPOTrainingSettings,
        Recorder,
        RecorderSettings,
        Recording,
        RunSettings,
        Spline,
        StatAggregation,
        StatsRecorder,
        TrainerProcessSettings,
        TrainingEnvironment,
        TrainingFailure,
        Transform,
        completions,
        errors,
        geometry,
        rewards,
    )

__all__ = [
    "ActionModifier",
    "ActionModifierElement",
    "ActionModifierElements",
    "ActionObject",
    "ActionObjectElement",
    "ActionObjectElements",
    "ActionSchema",
    "ActionSchemaElement",
    "ActionValue",
    "ActionValues",
    "AdversarialTrainer",
    "AdversarialTrainingSettings",
    "AgentIds",
    "Communicator",
    "CommunicatorSettings",
    "Completion",
    "Controller",
    "Critic",
    "CriticSettings",
    "DAggerTrainer",
    "DAggerTrainerSettings",
    "DAggerTrainingSettings",
    "EngineSettings",
    "EnvironmentParameters",
    "EvaluationRequest",
    "FailureCode",
    "ImitationTrainer",
    "ImitationTrainerSettings",
    "ImitationTrainingSettings",
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
    "PolicyController",
    "PolicySettings",
    "Polyline",
    "Recorder",
    "RecorderSettings",
    "Recording",
    "RunSettings",
    "Spline",
    "StatAggregation",
    "StatsRecorder",
    "TrainerProcessSettings",
    "TrainingEnvironment",
    "TrainingFailure",
    "Transform",
    "completions",
    "errors",
    "geometry",
    "rewards",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from host_sdk import host_api

    for public in __all__:
        globals()[public] = getattr(host_api, public)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
