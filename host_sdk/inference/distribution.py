"""From a distribution vector to actions, their log-probabilities and what the game gets of them."""

from __future__ import annotations

import numpy as np

from host_sdk.inference.action_block import ActionBlock, ContinuousBlock
from host_sdk.inference.constrained_actions import ConstrainedActions
from host_sdk.inference.discrete_block import ExclusiveBlock, InclusiveBlock
from protocol.action_layout import ActionLayout
from protocol.vector_array import FloatArray


class ActionDistribution:
    """The distribution of one action schema, for up to `max_batch` rows at once.

    Vectors are laid out as `ActionLayout` says. An action vector holds what was sampled; `to_delivered` scales, clips
    and squashes it for the game. Modifiers are float32[count, M], or None where there are none.
    """

    def __init__(self, layout: ActionLayout, max_batch: int) -> None:
        self.layout = layout
        self.max_batch = max_batch
        self._blocks = _make_blocks(layout, max_batch)
        self._is_gated = layout.is_gated
        self._constrained: ConstrainedActions | None = None
        self._is_squashed = bool(layout.squashed.any())
        self._is_bounded = self._is_squashed or bool(layout.clipped.any())
        self._is_scaled = bool((layout.scale != 1).any())
        # With an axis for the rows, since numpy takes longer over arrays of fewer axes.
        self._half_span = np.where(layout.squashed, (layout.high - layout.low) / 2, 0).astype(np.float32)[np.newaxis]
        self._scale, self._low, self._high = layout.scale[np.newaxis], layout.low[np.newaxis], layout.high[np.newaxis]

    def sample(
        self,
        distribution: FloatArray,
        generator: np.random.Generator,
        noise_scale: float,
        out_actions: FloatArray,
        out_log_probs: FloatArray,
        modifiers: FloatArray | None = None,
    ) -> None:
        """Sample one action per row. Floats of what is not acted, below options that were not chosen, are 0.

        Args:
            distribution: float32[count, D], count at most max_batch.
            generator: where the noise comes from.
            noise_scale: at least 0: multiplies standard deviations and divides logits; 0 takes the mode.
            out_actions: float32[count, A], written.
            out_log_probs: float32[count], written: under the policy as it is, that is with noise scale 1, whatever
                scale sampled them; what modifiers fix adds nothing.
            modifiers: float32[count, M].

        Raises:
            ValueError: the noise scale is negative or not finite.
        """
        if not 0 <= noise_scale < np.inf:
            raise ValueError(f"a noise scale is a number of at least 0, got {noise_scale}")
        if self._is_gated or modifiers is not None:
            self._under_constraints().sample(
                distribution, generator, noise_scale, out_actions, out_log_probs, modifiers
            )
            return
        first, *others = self._blocks
        out_log_probs[...] = first.sample(distribution, generator, noise_scale, out_actions)
        for block in others:
            out_log_probs += block.sample(distribution, generator, noise_scale, out_actions)

    def log_prob(
        self,
        distribution: FloatArray,
        actions: FloatArray,
        out: FloatArray | None = None,
        modifiers: FloatArray | None = None,
    ) -> FloatArray:
        """float32[count], log-probabilities of sampled actions [count, A]; of tanh(u) where squashed."""
        if out is None:
            out = np.empty(len(distribution), dtype=np.float32)
        if self._is_gated or modifiers is not None:
            out[...] = self._under_constraints().log_prob(distribution, actions, modifiers)
            return out
        first, *others = self._blocks
        np.copyto(out, first.log_prob(distribution, actions))
        for block in others:
            np.add(out, block.log_prob(distribution, actions), out)
        return out

    def entropy(self, distribution: FloatArray, modifiers: FloatArray | None = None) -> FloatArray:
        """float32[count] in nats; of continuous numbers before squashing."""
        if self._is_gated or modifiers is not None:
            return self._under_constraints().entropy(distribution, modifiers)
        total = np.zeros(len(distribution), dtype=np.float32)
        for block in self._blocks:
            total += block.entropies(distribution).sum(axis=1)
        return total

    def to_delivered(self, actions: FloatArray, out: FloatArray | None = None) -> FloatArray:
        """float32[count, A], what the game gets.

        none: u · scale; clip: u · scale within low and high; squash: low + (high − low)(tanh u + 1)/2. One-hots and
        bits stay as they are.

        Args:
            actions: float32[count, A], as sampled.
            out: written and returned where given; not `actions` itself.
        """
        if out is None:
            out = actions.copy()
        else:
            out[...] = actions
        if not (self._is_scaled or self._is_bounded):
            return out
        numbers = out[:, : self.layout.continuous_size]
        squashed = self._low + self._half_span * (np.tanh(numbers) + np.float32(1)) if self._is_squashed else None
        if self._is_scaled:
            np.multiply(numbers, self._scale, numbers)
        if squashed is not None:
            np.copyto(numbers, squashed, where=self.layout.squashed)
        if self._is_bounded:
            np.maximum(numbers, self._low, out=numbers)
            np.minimum(numbers, self._high, out=numbers)
        return out

    def _under_constraints(self) -> ConstrainedActions:
        if self._constrained is None:
            self._constrained = ConstrainedActions(self.layout, self._blocks, self.max_batch)
        return self._constrained


def _make_blocks(layout: ActionLayout, max_batch: int) -> tuple[ActionBlock, ...]:
    """The blocks that this action vector has, in its order."""
    blocks: list[ActionBlock] = []
    if layout.continuous_size:
        blocks.append(ContinuousBlock(layout, max_batch))
    if layout.exclusive_sizes:
        blocks.append(ExclusiveBlock(layout, max_batch))
    if layout.inclusive_size:
        blocks.append(InclusiveBlock(layout, max_batch))
    return tuple(blocks)
