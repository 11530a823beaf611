"""A learned reward in one file, which PPO takes in place of a game's: safetensors, with its description as JSON.

The metadata key "learning_bridge_reward" holds a JSON object: "format", "method" ("gail" or "airl"), "reward_form",
"observation_schema", "action_schema", "hidden_sizes", "potential_hidden_sizes" (null without a potential),
"reads_next", "discount_factor" and "networks" (the hashes of both). Tensors: "weights", the trainable ones of the base
and then of the potential in the order of `WeightsLayout`, and the running statistics "observations", "actions" and
"outputs", each as ".count", ".mean" and ".squared_deviations".

One file rather than two, so that one rename replaces weights and description together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from protocol.errors import BridgeError
from protocol.schema import action_from_wire, action_to_wire, observation_from_wire, observation_to_wire
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.errors import RewardFileError
from trainer_process.models.reward_form import RewardForm
from trainer_process.models.reward_network import RewardDesign, RewardNetwork

REWARD_FILE_NAME = "reward.safetensors"
FORMAT = "learning-bridge reward 1"

RewardMethod: TypeAlias = Literal["gail", "airl"]
_KEY = "learning_bridge_reward"
_FORMS = ("logit", "positive", "negative")


@dataclass(frozen=True)
class SavedReward:
    """What a reward file holds.

    Attributes:
        method: by which it was learnt.
        form: of GAIL's logit; "logit" for AIRL, whose output is the reward.
        network: both networks and their normaliser.
        outputs: statistics of single rewards, in that form, and shaped where there is a potential.
    """

    method: RewardMethod
    form: RewardForm
    network: RewardNetwork
    outputs: RunningStatistics


def encode_reward(reward: SavedReward) -> bytes:
    """The file's content."""
    design = reward.network.design
    header = {
        "format": FORMAT,
        "method": reward.method,
        "reward_form": reward.form,
        "observation_schema": observation_to_wire(design.observation),
        "action_schema": action_to_wire(design.action),
        "hidden_sizes": design.hidden_sizes,
        "potential_hidden_sizes": design.potential_hidden_sizes,
        "reads_next": design.reads_next,
        "discount_factor": design.discount_factor,
        "networks": reward.network.hashes,
    }
    arrays: dict[str, npt.NDArray[np.generic]] = {"weights": reward.network.weights.values.cpu().numpy().copy()}
    for name, statistics in _statistics_of(reward).items():
        arrays |= statistics.arrays(name)
    return save(arrays, metadata={_KEY: json.dumps(header)})


def load_reward(path: Path, device: str = "cpu") -> SavedReward:
    """Reads a reward file; nothing in it is trusted.

    Raises:
        RewardFileError: it can't be read, is damaged, or of another format.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        header: Any = json.loads(metadata.get(_KEY, "null"))
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            found = header.get("format") if isinstance(header, dict) else "no description"
            raise RewardFileError(f"{path}: expected the format {FORMAT!r}, got {found!r}")
        return _decoded(header, arrays, device)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, BridgeError) as error:
        if isinstance(error, RewardFileError):
            raise
        raise RewardFileError(f"{path}: expected a reward file, got {type(error).__name__}: {error}") from error


def _decoded(header: dict[str, Any], arrays: dict[str, npt.NDArray[np.generic]], device: str) -> SavedReward:
    method, form = header["method"], header["reward_form"]
    if method not in ("gail", "airl") or form not in _FORMS:
        raise ValueError(f"method {method!r} and form {form!r}")
    potential = header["potential_hidden_sizes"]
    design = RewardDesign(
        observation=observation_from_wire(header["observation_schema"]),
        action=action_from_wire(header["action_schema"]),
        hidden_sizes=tuple(map(int, header["hidden_sizes"])),
        potential_hidden_sizes=None if potential is None else tuple(map(int, potential)),
        reads_next=bool(header["reads_next"]),
        discount_factor=float(header["discount_factor"]),
    )
    network = RewardNetwork(design, 0, device)
    if network.hashes != header["networks"]:
        raise ValueError(f"networks {header['networks']} where this release builds {network.hashes}")
    weights = arrays["weights"].astype(np.float32)
    if weights.shape != tuple(network.weights.values.shape) or not np.isfinite(weights).all():
        raise ValueError(f"expected {network.weights.values.shape[0]} finite weights, got {weights.shape}")
    network.weights.values.copy_(torch.from_numpy(weights))
    reward = SavedReward(method, cast(RewardForm, form), network, RunningStatistics(1))
    for name, statistics in _statistics_of(reward).items():
        statistics.load_arrays(name, arrays)
        if not (np.isfinite(statistics.mean).all() and np.isfinite(statistics.squared_deviations).all()):
            raise ValueError(f"{name}: expected finite statistics")
    return reward


def _statistics_of(reward: SavedReward) -> dict[str, RunningStatistics]:
    normalizer = reward.network.normalizer
    return {"observations": normalizer.observations, "actions": normalizer.actions, "outputs": reward.outputs}
