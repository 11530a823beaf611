"""Everything that `host_sdk` exports, in one import."""

from __future__ import annotations

from host_sdk import completions, errors, geometry, rewards
from host_sdk.action_element import ActionObjectElement, ActionObjectElements
from host_sdk.action_modifier import ActionModifier
from host_sdk.action_modifier_element import ActionModifierElement
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.action_value import ActionValue
from host_sdk.adversarial_trainer import AdversarialTrainer
from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.communicator import Communicator
from host_sdk.controller import ActionValues, Controller
from host_sdk.critic import Critic
from host_sdk.dagger_trainer import DAggerTrainer
from host_sdk.dagger_training_settings import DAggerTrainingSettings
from host_sdk.environment_parameters import EnvironmentParameters
from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.geometry import Transform
from host_sdk.imitation_trainer import ImitationTrainer
from host_sdk.imitation_training_settings import ImitationTrainingSettings
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interactor_callbacks import ActionModifierElements, ObservationObjectElements
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.manager_listener import ManagerListener
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.observation_value import ObservationObjectElement
from host_sdk.policy import Policy
from host_sdk.policy_controller import PolicyController
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.recorder import Recorder
from host_sdk.recording import Recording
from host_sdk.run_settings import EngineSettings, EvaluationRequest, RunSettings
from host_sdk.settings import (
    CommunicatorSettings,
    DAggerTrainerSettings,
    ImitationTrainerSettings,
    PPOTrainerSettings,
    RecorderSettings,
    TrainerProcessSettings,
)
from host_sdk.spline import Polyline, Spline
from host_sdk.stats_recorder import StatsRecorder
from host_sdk.training_environment import TrainingEnvironment
from protocol.completion import Completion
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.statistic import StatAggregation

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
