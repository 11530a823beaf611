"""Behavioural cloning."""

from __future__ import annotations

from trainer_process.algorithms.bc.algorithm import BC
from trainer_process.algorithms.bc.settings import BCSettings

__all__ = ["BC", "BCSettings"]
