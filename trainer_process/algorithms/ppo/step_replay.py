"""The steps of an update, of full minibatches and of an epoch's rest; replayed from a CUDA graph where one can be."""

from __future__ import annotations

import logging
from functools import partial

from torch import Tensor

from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.losses import approximate_kl
from trainer_process.algorithms.ppo.minibatch_step import MinibatchStep, StepOutputs
from trainer_process.algorithms.ppo.objective import Objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.models.cuda_graph import Capture, Work, capture_cuda_graph

_logger = logging.getLogger(__name__)
_KL_MARGIN = 1.5
"""As in OpenAI's Spinning Up and Stable-Baselines3."""


class StepReplay:
    """Takes gradient steps on two networks; lives as long as they do."""

    def __init__(self, networks: ActorCritic, settings: PPOSettings, capture: Capture | None = None) -> None:
        """
        Args:
            networks: to be moved.
            settings: minibatch size, largest gradient norm and `target_kl`.
            capture: makes a graph of a step; on a CUDA device torch's by default, elsewhere none.
        """
        self.networks = networks
        self._settings = settings
        device = networks.weights.values.device
        self._capture = capture or (partial(capture_cuda_graph, device=device) if device.type == "cuda" else None)
        self._steps: dict[int, MinibatchStep] = {}
        self._columns: tuple[str, ...] = ()
        self._works: dict[int, list[Work]] = {}
        self._captured: tuple[tuple[MinibatchStep, float, float, bool], list[Work]] | None = None
        self._objective: Objective | None = None

    def prepare(self, objective: Objective, data: TrainingData) -> None:
        """Makes ready for an update's minibatches of `data`."""
        full_size = data.minibatch_rows(self._settings.minibatch_size)
        self._forget_steps_of_others(data)
        count, rest = divmod(data.step_count, full_size)
        sizes = [full_size] * (count > 0) + [rest] * (rest > 0)
        # The full one stays, since a graph reads and writes its buffers.
        self._steps = {size: step for size, step in self._steps.items() if size in (full_size, *sizes)}
        for size in sizes:
            if size not in self._steps:
                self._steps[size] = MinibatchStep(self.networks, data, size, self._settings.max_grad_norm)
        self._objective = objective
        self.networks.optimizer.learning_rate.fill_(objective.coefficients.learning_rate)
        self._works = {size: self._works_of(self._steps[size], objective) for size in sizes}
        if count > 0 and self._capture is not None:
            self._works[full_size] = self._captured_works(self._steps[full_size], objective)

    def log_probs(self, minibatch: TrainingData) -> Tensor:
        """[B] log-probabilities of a minibatch's actions under the policy as it is, to the bit as `take` finds them."""
        assert self._objective is not None
        step = self._steps[minibatch.step_count]
        step.read(minibatch)
        return step.log_probs(self._objective)

    def take(self, minibatch: TrainingData) -> tuple[StepOutputs, bool]:
        """Evaluates a minibatch and moves the weights, unless the policy has moved too far before.

        Returns:
            What the networks said before the move, valid until the next step; and whether the weights were moved.
        """
        step = self._steps[minibatch.step_count]
        step.read(minibatch)
        first, *second = self._works[minibatch.step_count]
        first()
        if second:
            if self._has_moved_too_far(step):
                return step.outputs, False
            second[0]()
        return step.outputs, True

    def _forget_steps_of_others(self, data: TrainingData) -> None:
        """Buffers are of the columns that they were made for: a host may begin to mask actions later."""
        if self._columns != tuple(data.columns):
            self._columns = tuple(data.columns)
            self._steps, self._captured = {}, None

    def _has_moved_too_far(self, step: MinibatchStep) -> bool:
        """Waits for the device, as nothing else in the loop does."""
        target = self._settings.target_kl
        if target is None:
            return False
        return bool(approximate_kl(step.outputs.log_ratios, step.inputs.is_valid) > _KL_MARGIN * target)

    def _works_of(self, step: MinibatchStep, objective: Objective) -> list[Work]:
        """Evaluation and move as one; apart where `target_kl` is asked between them."""
        if self._settings.target_kl is None:
            return [partial(step.evaluate_and_move, objective)]
        move = partial(step.move, trains_policy=objective.coefficients.trains_policy)
        return [partial(step.evaluate, objective), move]

    def _captured_works(self, step: MinibatchStep, objective: Objective) -> list[Work]:
        """The same, from a graph; captured anew where its buffers, or a number that is fixed in it, changed."""
        fixed = objective.coefficients
        key = (step, fixed.clip_range, fixed.entropy_coefficient, fixed.trains_policy)
        if self._captured is None or self._captured[0] != key:
            self._captured = (key, self._capture_works(step, self._works_of(step, objective)))
        return self._captured[1]

    def _capture_works(self, step: MinibatchStep, works: list[Work]) -> list[Work]:
        """Capturing runs the works, so that what they change is put back."""
        assert self._capture is not None
        backup = self.networks.backup()
        try:
            return [self._capture(work) for work in works]
        except RuntimeError as error:
            _logger.warning("gradient steps run one by one, since torch could not capture a CUDA graph: %s", error)
            self._capture = None
            return works
        finally:
            self.networks.restore(backup)
