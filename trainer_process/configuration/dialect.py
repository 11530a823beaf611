"""A whole configuration: ML-Agents' YAML dialect, and our own additions to it."""

from __future__ import annotations

from pydantic import Field

from trainer_process.configuration.behavior import Behavior
from trainer_process.configuration.environment_parameter import EnvironmentParameter
from trainer_process.configuration.run_part import (
    CheckpointSettings,
    EngineSettings,
    EnvSettings,
    EvaluationSettings,
    MetricsSettings,
    TorchSettings,
)
from trainer_process.configuration.value import Flag, Text
from trainer_process.settings import Settings


class Dialect(Settings):
    """All that a configuration file may hold.

    Attributes:
        default_settings: what holds for behaviors that aren't named, and beneath those that are.
        behaviors: by name.
        env_settings: which hosts are started.
        engine_settings: what their engine is told.
        environment_parameters: by name.
        checkpoint_settings: where the run is kept, and what it goes on from.
        torch_settings: where torch computes.
        debug: log more.
        metrics_settings: our own part.
        evaluation_settings: our own part.
        sources: in a configuration that a run has written: where its values came from that aren't defaults.
    """

    default_settings: Behavior | None = None
    behaviors: dict[Text, Behavior] = Field(default_factory=dict)
    env_settings: EnvSettings = EnvSettings()
    engine_settings: EngineSettings = EngineSettings()
    environment_parameters: dict[Text, EnvironmentParameter] = Field(default_factory=dict)
    checkpoint_settings: CheckpointSettings = CheckpointSettings()
    torch_settings: TorchSettings = TorchSettings()
    debug: Flag = False
    metrics_settings: MetricsSettings = MetricsSettings()
    evaluation_settings: EvaluationSettings = EvaluationSettings()
    sources: dict[Text, Text] = Field(default_factory=dict)
