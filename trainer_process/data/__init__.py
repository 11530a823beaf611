"""Experience on its way to a learner: checked, laid out flat, judged, scaled and turned into targets."""

from __future__ import annotations

from trainer_process.data.episode_window import EpisodeWindow
from trainer_process.data.minibatch_order import drawn_order
from trainer_process.data.pending_batches import PendingBatches
from trainer_process.data.returns import AdvantageEstimate, generalized_advantages
from trainer_process.data.reward_scaling import RewardScaling
from trainer_process.data.rollout import Rollout, assemble_rollout
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.data.staleness import StalenessReport, judge_staleness
from trainer_process.data.trajectory_window import TrajectoryWindows, cut_windows

__all__ = [
    "AdvantageEstimate",
    "EpisodeWindow",
    "PendingBatches",
    "RewardScaling",
    "Rollout",
    "RunningStatistics",
    "StalenessReport",
    "TrajectoryWindows",
    "assemble_rollout",
    "cut_windows",
    "drawn_order",
    "generalized_advantages",
    "judge_staleness",
]
