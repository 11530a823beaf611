"""The algorithms, all of them behind one seam."""

from __future__ import annotations

from trainer_process.algorithms.base import (
    Algorithm,
    AlgorithmSettings,
    AlgorithmState,
    BehaviorSpec,
    ConsumedBatch,
    ExperienceSettings,
    UpdateReport,
)
from trainer_process.algorithms.registry import ALGORITHMS, AlgorithmEntry, algorithm_entry, make_algorithm

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "AlgorithmEntry",
    "AlgorithmSettings",
    "AlgorithmState",
    "BehaviorSpec",
    "ConsumedBatch",
    "ExperienceSettings",
    "UpdateReport",
    "algorithm_entry",
    "make_algorithm",
]
