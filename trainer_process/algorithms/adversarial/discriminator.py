"""What both adversarial algorithms give PPO its rewards by: a network that learns to tell experts from the policy."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque

import numpy as np
import torch
from torch import Tensor

from protocol.experience import FloatArray, Int64Array
from trainer_process.algorithms.adversarial.discriminator_step import DiscriminatorStep, StepFigures
from trainer_process.algorithms.adversarial.expert_steps import ExpertSteps
from trainer_process.algorithms.adversarial.settings import AdversarialSettings
from trainer_process.algorithms.base import ReportProgress
from trainer_process.algorithms.ppo.reward_model import LearnedRewards, PolicyDensity, RewardModel
from trainer_process.data.rollout import Rollout
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.data.transitions import Transitions, joined_transitions
from trainer_process.errors import DivergedError
from trainer_process.models import FlatAdam
from trainer_process.models.reward_file import SavedReward
from trainer_process.models.reward_input import RewardInputs
from trainer_process.models.reward_network import RewardDesign, RewardNetwork
from trainer_process.models.reward_normalisation import normalized_rewards
from trainer_process.seeding import numpy_generator

_ADAM_EPSILON = 1e-8


class Discriminator(RewardModel):
    """A reward network, the experience and the demonstrations that it learns from. Abstract: a subclass says what of
    it is the logit, and what the reward.

    Attributes:
        network: the reward.
        optimizer: of its weights.
        expert: the demonstrations.
        recent: the policy's steps of the last rounds, the oldest first.
        outputs: running statistics of the rewards, as they come out of the network.
        generator: draws rows.
    """

    def __init__(self, name: str, design: RewardDesign, settings: AdversarialSettings) -> None:
        """
        Args:
            name: of the behavior; random draws depend on it.
            design: of the network.
            settings: how it learns.
        """
        self.network = RewardNetwork(design, settings.seed, settings.device)
        self.optimizer = FlatAdam(
            self.network.weights,
            learning_rate=settings.discriminator_learning_rate,
            epsilon=_ADAM_EPSILON,
            weight_decay=0.0,
        )
        self.expert = ExpertSteps()
        self.recent: deque[Transitions] = deque(maxlen=settings.generator_buffer_rounds)
        self.outputs = RunningStatistics(1)
        self.generator = numpy_generator(settings.seed, name, "discriminator")
        self._name = name
        self._settings = settings
        self._step: DiscriminatorStep | None = None

    @abstractmethod
    def log_probs_of(self, steps: Transitions, policy: PolicyDensity) -> Tensor | None:
        """[S] what the logit needs of the policy as it is now; None where it needs nothing."""

    @abstractmethod
    def rewards_of(self, network_rewards: Tensor) -> Tensor:
        """[S] the rewards that the network's output, shaped where it has a potential, comes to."""

    @abstractmethod
    def saved_reward(self) -> SavedReward:
        """The reward as it is now, for a file."""

    def rewards(self, rollout: Rollout, policy: PolicyDensity, report_progress: ReportProgress) -> LearnedRewards:
        steps = Transitions.of_rollout(rollout)
        metrics = self._learn(steps, np.flatnonzero(rollout.is_on_policy), policy, report_progress)
        rewards = self._judged(steps)
        if not np.isfinite(rewards).all():
            raise DivergedError("learned rewards", f"behavior {self._name!r}")
        return LearnedRewards(rewards, metrics)

    def _judged(self, steps: Transitions) -> FloatArray:
        """float32[S] rewards of steps, which are counted before they are normalised."""
        raw = self.rewards_of(self.network.shaped_rewards(self.network.inputs(steps))).cpu().numpy()
        self.outputs.add(raw[:, None])
        return normalized_rewards(raw, self.outputs) if self._settings.normalize_learned_reward else raw

    def _learn(
        self, steps: Transitions, on_policy: Int64Array, policy: PolicyDensity, report_progress: ReportProgress
    ) -> dict[str, float]:
        """The round's gradient steps; taken back where they leave the finite numbers."""
        if not len(on_policy):
            return {}
        self.recent.append(steps if len(on_policy) == steps.count else steps.taken(on_policy))
        settings, size = self._settings, self._settings.demonstration_batch_size
        count = size * settings.discriminator_updates_per_round
        expert = self.expert.draw(count, self.generator)
        self.network.normalizer.count(expert, self.recent[-1])
        of_policy = self._drawn_recent(count)
        log_probs = self._log_probs(expert, of_policy, policy)
        report_progress()
        expert_inputs, policy_inputs = self.network.inputs(expert), self.network.inputs(of_policy)
        step = self._made_step(expert_inputs)
        backup = self.network.weights.values.clone(), [part.clone() for part in self.optimizer.state]
        figures: list[StepFigures] = []
        with torch.no_grad():
            for start in range(0, count, size):
                rows = slice(start, start + size)
                both = None if log_probs is None else torch.cat([part[rows] for part in log_probs])
                figures.append(step.run(expert_inputs.part(rows), policy_inputs.part(rows), both))
                report_progress()
        if not bool(torch.isfinite(self.network.weights.values).all()):
            self.network.weights.values.copy_(backup[0])
            for part, saved in zip(self.optimizer.state, backup[1], strict=True):
                part.copy_(saved)
            raise DivergedError("discriminator weights", f"behavior {self._name!r}")
        return _metrics(figures)

    def _drawn_recent(self, count: int) -> Transitions:
        """Rows of the last rounds, each as likely as any other; without repetition while there are enough."""
        total = sum(part.count for part in self.recent)
        rows = self.generator.choice(total, count, replace=count > total)
        return joined_transitions(list(self.recent)).taken(rows)

    def _log_probs(
        self, expert: Transitions, of_policy: Transitions, policy: PolicyDensity
    ) -> tuple[Tensor, Tensor] | None:
        of_expert, of_generated = self.log_probs_of(expert, policy), self.log_probs_of(of_policy, policy)
        return None if of_expert is None or of_generated is None else (of_expert, of_generated)

    def _made_step(self, example: RewardInputs) -> DiscriminatorStep:
        if self._step is None:
            self._step = DiscriminatorStep(
                self.network,
                self.optimizer,
                example,
                self._settings.demonstration_batch_size,
                label_smoothing=self._settings.label_smoothing,
                entropy_coefficient=self._settings.discriminator_entropy_coefficient,
            )
        return self._step


def _metrics(figures: list[StepFigures]) -> dict[str, float]:
    mean = StepFigures(*np.array(figures, np.float64).mean(axis=0).tolist())
    return {
        "discriminator_loss": mean.loss,
        "discriminator_accuracy": 0.5 * (mean.accuracy_expert + mean.accuracy_generator),
        "discriminator_accuracy_expert": mean.accuracy_expert,
        "discriminator_accuracy_generator": mean.accuracy_generator,
        "discriminator_estimate_expert": mean.estimate_expert,
        "discriminator_estimate_generator": mean.estimate_generator,
        "discriminator_entropy": mean.entropy,
    }
