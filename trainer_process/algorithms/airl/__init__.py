"""Adversarial inverse reinforcement learning."""

from __future__ import annotations

from trainer_process.algorithms.airl.algorithm import AIRL
from trainer_process.algorithms.airl.settings import AIRLSettings

__all__ = ["AIRL", "AIRLSettings"]
