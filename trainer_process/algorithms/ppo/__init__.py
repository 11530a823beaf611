"""Proximal policy optimisation."""

from __future__ import annotations

from trainer_process.algorithms.ppo.algorithm import PPO
from trainer_process.algorithms.ppo.settings import PPOSettings, UnrealObjectiveSettings

__all__ = ["PPO", "PPOSettings", "UnrealObjectiveSettings"]
