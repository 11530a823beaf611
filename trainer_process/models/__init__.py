"""Policies and critics in torch: network specs with gradients, and the probabilities of actions."""

from __future__ import annotations

from trainer_process.models.distribution import entropy, log_prob
from trainer_process.models.network import SpecNetwork

__all__ = ["SpecNetwork", "entropy", "log_prob"]
