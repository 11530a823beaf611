"""Fits a policy to demonstrations, one epoch after the other; what epochs are for is the algorithm's to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from protocol.experience import FloatArray
from protocol.recording import Episode, EpisodeSizes
from trainer_process.algorithms.base import BehaviorSpec, ReportProgress
from trainer_process.algorithms.bc.agreement import agreement
from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.algorithms.bc.cloning_step import CloningStep
from trainer_process.algorithms.bc.evaluation import distributions, starting_memories
from trainer_process.algorithms.bc.losses import l2_loss
from trainer_process.algorithms.bc.settings import CloningSettings
from trainer_process.algorithms.bc.shown_steps import ShownSteps, show_steps
from trainer_process.algorithms.bc.validation_score import validation_score
from trainer_process.algorithms.schedule import scheduled
from trainer_process.data.demonstrations import Demonstrations
from trainer_process.data.minibatch_order import drawn_order
from trainer_process.data.step_rows import StepRows
from trainer_process.errors import DivergedError
from trainer_process.models import ActionDensity
from trainer_process.seeding import numpy_generator


class CloningLearner:
    """A policy, the demonstrations that it is fitted to, and the steps that fit it.

    Attributes:
        policy: what is fitted.
        demonstrations: all that came so far.
        generator: every random draw but the split of the episodes.
    """

    def __init__(self, behavior: BehaviorSpec, settings: CloningSettings, name: str) -> None:
        """
        Args:
            behavior: what the policy sees and does.
            settings: of the fit.
            name: of the algorithm, for its stream of random numbers.
        """
        self.policy = ClonedPolicy(behavior, settings)
        observation, action = behavior.observation_layout, behavior.action_layout
        self.demonstrations = Demonstrations(
            EpisodeSizes(observation.size, action.vector_size, image=observation.image_size)
        )
        self.generator = numpy_generator(settings.seed, behavior.name, name)
        self._behavior = behavior
        self._settings = settings
        self._density = ActionDensity(action, self.policy.device)
        self._noised = torch.from_numpy(observation.normalized.astype(np.float32)).to(self.policy.device)
        self._steps: dict[int, CloningStep] = {}
        self._columns: tuple[str, ...] = ()
        self._shown: dict[str, tuple[tuple[int, ...], ShownSteps]] = {}

    def add(self, episodes: Sequence[Episode], report_progress: ReportProgress) -> None:
        """Takes episodes in."""
        self.demonstrations.add(episodes, report_progress)

    def count_observations(self, indices: Sequence[int]) -> None:
        """Merges what was seen in some episodes into the policy's normaliser."""
        if self.policy.statistics is not None:
            self.demonstrations.count_observations(indices, self.policy.statistics)
            self.policy.publish_statistics()
            self._shown.clear()

    @contextmanager
    def undone_when_diverged(self) -> Iterator[None]:
        """Around an update: where it raises DivergedError, the policy is as it was before."""
        backup = self.policy.backup()
        try:
            yield
        except DivergedError:
            self.policy.restore(backup)
            raise

    def steps_of_epoch(self, indices: Sequence[int]) -> int:
        """How many steps of some episodes an epoch learns from, each as often as it does."""
        once = self.demonstrations.step_count(indices)
        minibatches = -(-once // self._settings.minibatch_size)
        return once * -(-self._settings.min_gradient_steps // minibatches)

    def run_epoch(
        self, indices: Sequence[int], progress: tuple[int, int], report_progress: ReportProgress
    ) -> dict[str, float]:
        """Passes over some episodes, one where there are enough; returns how the policy agreed with them meanwhile.

        Args:
            indices: of the episodes, at least one.
            progress: how many epochs are over, and how many there will be; the learning rate follows.
            report_progress: called once per minibatch.

        Raises:
            DivergedError: the weights left the finite numbers.
        """
        total, done, parts = self.steps_of_epoch(indices), 0, _Mean()
        while done < total:
            for part in self._parts(indices):
                count = self.demonstrations.step_count(part)
                at = progress[0] + done / total, progress[0] + (done + count) / total, float(progress[1])
                parts.add(self._run_part(self._shown_of("training", part), at, report_progress), count)
                done += count
        if not self.policy.is_finite():
            raise DivergedError("policy weights", f"behavior {self._behavior.name!r}, epoch {progress[0] + 1}")
        learning_rate = float(self.policy.optimizer.learning_rate)
        return {**parts.means(), "learning_rate": learning_rate, "l2_norm": float(l2_loss(self.policy.weights.values))}

    def evaluate(self, indices: Sequence[int], report_progress: ReportProgress) -> dict[str, float]:
        """How well the policy, as it is, agrees with some episodes; nothing where there are none."""
        parts, layout = _Mean(), self._behavior.action_layout
        if indices:
            for part in self._parts(indices):
                shown = self._shown_of("validation", part)
                found = distributions(self.policy, shown)
                numbers = agreement(layout, found, shown.rows)
                numbers["score"] = validation_score(layout, found, shown.rows)
                parts.add(numbers, shown.step_count)
                del shown, found  # before the next part is loaded
                report_progress()
        return parts.means()

    def _parts(self, indices: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """The episodes, as many of them at a time as the budget allows."""
        for part in self.demonstrations.shards(indices, self._settings.memory_budget_bytes, self.generator):
            yield tuple(part)

    def _shown_of(self, purpose: str, part: tuple[int, ...]) -> ShownSteps:
        """One part, loaded; the last one of its purpose stays in memory, until another one is loaded."""
        kept = self._shown.pop(purpose, None)
        if kept is None or kept[0] != part:
            del kept  # before the other one is loaded
            kept = part, show_steps(self.demonstrations.load(part), self.policy, self._settings.memory_window)
        self._shown[purpose] = kept
        return kept[1]

    def _run_part(
        self, shown: ShownSteps, progress: tuple[float, float, float], report_progress: ReportProgress
    ) -> dict[str, float]:
        """The minibatches of one part of an epoch; `progress` in epochs: at its beginning, its end and in all."""
        rows = shown.rows
        if rows.memory is not None:
            rows = replace(rows, memory=starting_memories(self.policy, shown))
        size = rows.minibatch_rows(self._settings.minibatch_size)
        order = drawn_order(rows.step_count, rows.window_size, size, self.generator)
        taken = rows.taken(torch.from_numpy(order).to(self.policy.device))
        if self._settings.observation_noise > 0.0:
            self._add_noise(taken.observations)
        said = rows.actions.new_empty(rows.step_count, self._behavior.action_layout.distribution_size)
        self._take_steps(taken, size, said, progress, report_progress)
        return agreement(self._behavior.action_layout, said, taken)

    @torch.no_grad()
    def _take_steps(
        self,
        taken: StepRows,
        size: int,
        said: Tensor,
        progress: tuple[float, float, float],
        report_progress: ReportProgress,
    ) -> None:
        """Gradient steps on minibatches of `size` rows; `said` [S, D] gets what the policy said to each of them."""
        begin, end, total = progress
        optimizer, settings = self.policy.optimizer, self._settings
        count = -(-taken.step_count // size)
        self._prepare(taken, size)
        for index, (minibatch, kept) in enumerate(zip(taken.minibatches(size), torch.split(said, size), strict=True)):
            report_progress()
            epochs = begin + (end - begin) * index / count
            rate = scheduled(settings.learning_rate, settings.learning_rate_schedule, epochs, total)
            optimizer.learning_rate.fill_(rate)
            step = self._steps[minibatch.step_count]
            step.read(minibatch)
            step.evaluate_and_move()
            kept.copy_(step.distribution)

    def _prepare(self, rows: StepRows, size: int) -> None:
        """Buffers for full minibatches and for the rest; full ones stay from epoch to epoch."""
        if self._columns != tuple(rows.columns):
            self._columns, self._steps = tuple(rows.columns), {}
        sizes = {size} if rows.step_count >= size else set()
        if rows.step_count % size:
            sizes.add(rows.step_count % size)
        kept = {each: step for each, step in self._steps.items() if each in sizes}
        for each in sizes - kept.keys():
            kept[each] = CloningStep(self.policy, self._density, rows, each, self._settings)
        self._steps = kept

    def _add_noise(self, observations: Tensor) -> None:
        """In place, to what a normaliser scales."""
        drawn: FloatArray = self.generator.standard_normal(tuple(observations.shape), dtype=np.float32)
        noise = torch.from_numpy(drawn).to(observations.device)
        observations.addcmul_(noise, self._noised, value=self._settings.observation_noise)


class _Mean:
    """Means of numbers by name over parts of unlike sizes."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, numbers: dict[str, float], count: int) -> None:
        """Takes in the means over a part of `count` steps."""
        for name, number in numbers.items():
            self._sums[name] = self._sums.get(name, 0.0) + number * count
            self._counts[name] = self._counts.get(name, 0) + count

    def means(self) -> dict[str, float]:
        """Over all parts that had the number."""
        return {name: total / self._counts[name] for name, total in self._sums.items()}
