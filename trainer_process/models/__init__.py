"""Policies and critics in torch: network specs with gradients, their optimiser, and the probabilities of actions."""

from __future__ import annotations

from trainer_process.models.action_density import ActionDensity
from trainer_process.models.clamped_row import keep_within_clamps
from trainer_process.models.distribution import entropy, log_prob
from trainer_process.models.flat_adam import AdamState, FlatAdam
from trainer_process.models.gradient_norm import clip_norm
from trainer_process.models.image_buffers import ImageBuffers
from trainer_process.models.memory_window import forward_windows
from trainer_process.models.network import FlatWeights, SpecNetwork
from trainer_process.models.network_gradient import NetworkGradient, network_gradient
from trainer_process.models.recurrent_gradient import recurrent_gradient

__all__ = [
    "ActionDensity",
    "AdamState",
    "FlatAdam",
    "FlatWeights",
    "ImageBuffers",
    "NetworkGradient",
    "SpecNetwork",
    "clip_norm",
    "entropy",
    "forward_windows",
    "keep_within_clamps",
    "log_prob",
    "network_gradient",
    "recurrent_gradient",
]
