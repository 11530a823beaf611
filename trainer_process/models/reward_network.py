"""A learned reward: the base network g, its shaping potential h where it has one, and their input normaliser.

Letters: S rows, B rows of a minibatch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from protocol.action_layout import ActionLayout
from protocol.initial_weights import initial_weights
from protocol.observation_layout import ObservationLayout
from protocol.schema import ActionElement, ObservationElement
from protocol.weights import WeightsLayout
from trainer_process.data.transitions import Transitions
from trainer_process.models.network import FlatWeights, SpecNetwork
from trainer_process.models.reward_input import InputNormalizer, RewardInputs
from trainer_process.models.reward_shaping import shaped_reward
from trainer_process.models.reward_spec import build_potential_spec, build_reward_spec

_ROWS = 2048
"""Rows of one forward pass without gradients: they stay in the cache."""
_FLOATS = 4_000_000
"""Numbers that one may write down, so that those of images don't fill the memory."""


@dataclass(frozen=True)
class RewardDesign:
    """What a reward network is, before any training.

    Attributes:
        observation: the schema of what agents see.
        action: the schema of what they do.
        hidden_sizes: of g's hidden layers, each followed by a ReLU.
        potential_hidden_sizes: of h's; None for a reward without shaping.
        reads_next: whether g reads what was seen next, too.
        discount_factor: of the shaping.
    """

    observation: ObservationElement
    action: ActionElement
    hidden_sizes: tuple[int, ...] = (32, 32)
    potential_hidden_sizes: tuple[int, ...] | None = None
    reads_next: bool = False
    discount_factor: float = 0.99


class RewardNetwork:
    """g(s, a) or g(s, a, s'), and with a potential h(s) the shaped reward of it.

    Attributes:
        design: what it is.
        weights: all trainable weights with their gradient, the base's first.
        base: the network of g.
        potential: the network of h; None where there is none.
        normalizer: of what both read.
    """

    def __init__(self, design: RewardDesign, seed: int, device: str = "cpu") -> None:
        """With initial weights that follow from the seed."""
        self.design = design
        action_layout = ActionLayout.of(design.action)
        base = build_reward_spec(
            design.observation, action_layout.vector_size, design.hidden_sizes, reads_next=design.reads_next
        )
        sizes = design.potential_hidden_sizes
        potential = None if sizes is None else build_potential_spec(design.observation, sizes)
        specs = [base] if potential is None else [base, potential]
        layouts = [WeightsLayout.of(spec) for spec in specs]
        self.weights = FlatWeights.zeros(sum(layout.trainable_size for layout in layouts), device)
        networks: list[SpecNetwork] = []
        start = 0
        for spec, layout in zip(specs, layouts, strict=True):
            storage = self.weights.part(start, layout.trainable_size)
            networks.append(SpecNetwork(spec, layout, initial_weights(spec, seed), device, storage))
            start += layout.trainable_size
        self.base = networks[0]
        self.potential = networks[1] if len(networks) > 1 else None
        self.normalizer = InputNormalizer(ObservationLayout.of(design.observation), action_layout)

    @property
    def hashes(self) -> list[str]:
        """The network hashes of g and, where there is one, h."""
        return [f"{each.layout.hash:016x}" for each in (self.base, self.potential) if each is not None]

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.weights.values.device

    def inputs(self, steps: Transitions) -> RewardInputs:
        """What it reads of transitions."""
        return self.normalizer.inputs(steps, self.device)

    def base_inputs(self, inputs: RewardInputs) -> tuple[Tensor, ...]:
        """Those of `base`."""
        return self._named(self.base, inputs)

    def potential_inputs(self, inputs: RewardInputs, *, of_next: bool) -> tuple[Tensor, ...]:
        """Those of `potential` at what was seen before each step, or next."""
        assert self.potential is not None, "a reward without shaping has no potential"
        observations = inputs.next_observations if of_next else inputs.observations
        images = inputs.next_images if of_next else inputs.images
        given = {"observation": observations, "image": images}
        return tuple(given[name] for name, _ in self.potential.spec.inputs)

    def base_rewards(self, inputs: RewardInputs) -> Tensor:
        """[S] g, without gradient."""
        return self._evaluated(inputs, lambda part: self.base.forward(*self.base_inputs(part)))

    def shaped_rewards(self, inputs: RewardInputs) -> Tensor:
        """[S] f = g + gamma h(s') - h(s), or g where there is no potential; without gradient."""
        rewards = self.base_rewards(inputs)
        if self.potential is None:
            return rewards
        potential = self.potential
        now = self._evaluated(inputs, lambda part: potential.forward(*self.potential_inputs(part, of_next=False)))
        following = self._evaluated(inputs, lambda part: potential.forward(*self.potential_inputs(part, of_next=True)))
        return shaped_reward(rewards, now, following, inputs.continues, self.design.discount_factor)

    def _named(self, network: SpecNetwork, inputs: RewardInputs) -> tuple[Tensor, ...]:
        given = {
            "observation": inputs.observations,
            "image": inputs.images,
            "action": inputs.actions,
            "next_observation": inputs.next_observations,
            "next_image": inputs.next_images,
        }
        return tuple(given[name] for name, _ in network.spec.inputs)

    def _evaluated(self, inputs: RewardInputs, run: Callable[[RewardInputs], tuple[Tensor, ...]]) -> Tensor:
        """[S] what `run` yields of a part of the rows at a time."""
        networks = [network for network in (self.base, self.potential) if network is not None]
        widest = max(sum(shape.size * shape.rows for shape in each.spec.registers.values()) for each in networks)
        size = max(1, min(_ROWS, _FLOATS // widest))
        with torch.no_grad():
            parts = [run(inputs.part(slice(at, at + size)))[0].squeeze(1) for at in range(0, inputs.count, size)]
        return torch.cat(parts)
