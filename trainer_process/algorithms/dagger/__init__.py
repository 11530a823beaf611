"""Dataset aggregation."""

from __future__ import annotations

from trainer_process.algorithms.dagger.algorithm import DAgger
from trainer_process.algorithms.dagger.settings import DAggerSettings

__all__ = ["DAgger", "DAggerSettings"]
