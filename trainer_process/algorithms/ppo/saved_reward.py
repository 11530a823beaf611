"""A reward from a file in place of the game's, for learning from it, or for seeing what it is worth."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from torch import Tensor

from protocol.schema.element import Element
from protocol.schema_difference import first_difference
from trainer_process.algorithms.base import BehaviorSpec, ReportProgress
from trainer_process.algorithms.ppo.reward_model import LearnedRewards, PolicyDensity, RewardModel
from trainer_process.data.rollout import Rollout
from trainer_process.data.transitions import Transitions
from trainer_process.errors import DivergedError, RewardFileError
from trainer_process.models.reward_file import REWARD_FILE_NAME, SavedReward, load_reward
from trainer_process.models.reward_form import gail_rewards
from trainer_process.models.reward_normalisation import normalized_rewards

RewardType: TypeAlias = Literal["unshaped", "shaped", "unnormalized", "normalized"]
"""What of a saved reward is taken; beside each what the library `imitation` calls it.

unshaped      the base network alone, which is what carries over to other dynamics    RewardNet_unshaped
shaped        with its potential; files without one are refused                       RewardNet_shaped
unnormalized  as it was learnt from, but for its scale: shaped where it can be        RewardNet_unnormalized
normalized    the same, less its mean and by its deviation, both as they were saved   RewardNet_normalized
"""

_logger = logging.getLogger(__name__)


class SavedRewardModel(RewardModel):
    """Judges steps by a saved reward, which stays as it is."""

    def __init__(self, reward: SavedReward, reward_type: RewardType, name: str) -> None:
        """
        Args:
            reward: of the behavior's schemas.
            reward_type: what of it is taken.
            name: of the behavior, for errors.
        """
        self._reward = reward
        self._type = reward_type
        self._name = name

    @classmethod
    def load(
        cls, path: Path, reward_type: RewardType, behavior: BehaviorSpec, device: str, *, is_scaled: bool
    ) -> SavedRewardModel:
        """Reads a reward, and holds it against a behavior.

        Args:
            path: of the file, or of the folder that it lies in.
            reward_type: what of it is taken.
            behavior: whose steps it shall judge.
            device: where it computes.
            is_scaled: whether PPO scales rewards itself.

        Raises:
            RewardFileError: it can't be read, was learnt with other schemas, or has no potential where one is asked
                for; names the element.
        """
        file = path / REWARD_FILE_NAME if path.is_dir() else path
        reward = load_reward(file, device)
        _check_schemas(reward, behavior, file)
        if reward_type == "shaped" and reward.network.potential is None:
            raise RewardFileError(
                f"{file}: expected a reward with a shaping potential for reward_type 'shaped', got one of "
                f"{reward.method} without; take 'unshaped'"
            )
        if reward_type == "normalized" and is_scaled:
            _logger.warning(
                "behavior %r: rewards are normalised twice, by reward_type 'normalized' and by reward_scaling; one of "
                "them will do",
                behavior.name,
            )
        return cls(reward, reward_type, behavior.name)

    def rewards(self, rollout: Rollout, policy: PolicyDensity, report_progress: ReportProgress) -> LearnedRewards:
        steps = Transitions.of_rollout(rollout)
        raw = self._raw(steps).cpu().numpy()
        rewards = normalized_rewards(raw, self._reward.outputs) if self._type == "normalized" else raw
        if not np.isfinite(rewards).all():
            raise DivergedError("rewards of the saved network", f"behavior {self._name!r}")
        return LearnedRewards(rewards)

    def _raw(self, steps: Transitions) -> Tensor:
        network = self._reward.network
        inputs = network.inputs(steps)
        judged = network.base_rewards(inputs) if self._type == "unshaped" else network.shaped_rewards(inputs)
        return gail_rewards(judged, self._reward.form)


def _check_schemas(reward: SavedReward, behavior: BehaviorSpec, file: Path) -> None:
    """By meaning first, then by how networks read the elements."""
    design = reward.network.design
    pairs: tuple[tuple[str, Element, Element], ...] = (
        ("observation_schema", behavior.observation, design.observation),
        ("action_schema", behavior.action, design.action),
    )
    for with_encodings in (False, True):
        for name, mine, theirs in pairs:
            found = first_difference(mine, theirs, f"$.{name}", with_encodings=with_encodings)
            if found is not None:
                raise RewardFileError(
                    f"{file}: expected {found.ours} at {found.path}, got {found.theirs}: the reward was learnt with "
                    "other schemas"
                )
