from __future__ import annotations

import torch

from trainer_process.models import FlatAdam, FlatWeights


def test_steps_are_those_of_torchs_adamw_to_the_bit():
    generator = torch.Generator().manual_seed(1)
    weights = FlatWeights(torch.randn(50, generator=generator), torch.zeros(50))
    ours = FlatAdam(weights, learning_rate=3e-3, epsilon=1e-5, weight_decay=0.1)
    plain = weights.values.clone().requires_grad_()
    torchs = torch.optim.AdamW([plain], lr=ours.learning_rate.clone(), eps=1e-5, weight_decay=0.1, fused=True)
    for _ in range(5):
        weights.gradient.copy_(torch.randn(50, generator=generator))
        plain.grad = weights.gradient.clone()
        ours.step()
        torchs.step()
    assert torch.equal(weights.values, plain.detach())
    for name, part in ours.state._asdict().items():
        assert torch.equal(part, torchs.state[plain][name])


def test_the_learning_rate_is_read_at_every_step():
    weights = FlatWeights(torch.ones(3), torch.ones(3))
    adam = FlatAdam(weights, learning_rate=0.1, epsilon=1e-8, weight_decay=0.0)
    adam.learning_rate.fill_(0.0)
    adam.step()
    assert torch.equal(weights.values, torch.ones(3))
    adam.learning_rate.fill_(0.5)
    adam.step()
    assert (weights.values < 1).all()


def test_a_reset_optimiser_is_a_new_one():
    weights = FlatWeights(torch.ones(3), torch.ones(3))
    adam = FlatAdam(weights, learning_rate=0.1, epsilon=1e-8, weight_decay=0.0)
    adam.step()
    adam.reset()
    assert not any(part.any() for part in adam.state)
