"""Generative adversarial imitation learning."""

from __future__ import annotations

from trainer_process.algorithms.gail.algorithm import GAIL
from trainer_process.algorithms.gail.settings import GAILSettings

__all__ = ["GAIL", "GAILSettings"]
