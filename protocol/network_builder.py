"""Builds the networks of policies and critics from schemas and settings, the same on both sides."""

from __future__ import annotations

import math

import numpy as np

from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ActionElement, ObservationElement
from protocol.vector_layout import ActionLayout, BoolArray, ObservationLayout

NORMALIZER_MEAN = "normalizer.mean"
NORMALIZER_VARIANCE = "normalizer.variance"
NORMALIZER_COUNT = "normalizer.count"
NORMALIZER_EPSILON = 1e-8
"""Beside a variance of 1 it vanishes in float32, so that a fresh normaliser passes numbers on unchanged but clipped."""

HIDDEN_GAIN = math.sqrt(2.0)
VALUE_GAIN = 1.0
"""Orthogonal gains as in Stable-Baselines3's ActorCriticPolicy."""


class _Builder:
    """Collects operations and parameters, and knows the register and size to go on from."""

    def __init__(self, observation: ObservationElement) -> None:
        self.layout = ObservationLayout.of(observation)
        self.operations: list[Operation] = []
        self.parameters: list[ParameterSpec] = []
        self.register = "observation"
        self.size = self.layout.size

    def normalize(self, clip: float) -> None:
        names = (NORMALIZER_MEAN, NORMALIZER_VARIANCE, NORMALIZER_COUNT)
        for name, size, value in zip(names, (self.size, self.size, 1), (0.0, 1.0, 0.0), strict=True):
            self.parameters.append(ParameterSpec(name, (size,), "constant", value, trainable=False))
        attributes = (
            ("clip", clip),
            ("epsilon", NORMALIZER_EPSILON),
            ("normalized", _ranges(self.layout.normalized)),
        )
        self.append(Operation("normalize", (self.register,), "normalized", names, attributes), self.size)

    def hidden(self, prefix: str, sizes: tuple[int, ...], activation: str) -> None:
        for index, size in enumerate(sizes):
            name = f"{prefix}.hidden.{index}"
            self.linear(name, size, HIDDEN_GAIN, 0.0)
            attributes = (("function", activation),)
            self.append(Operation("activation", (self.register,), f"{name}.active", (), attributes), size)

    def linear(self, name: str, size: int, gain: float, bias: float) -> None:
        weight_name, bias_name = f"{name}.weight", f"{name}.bias"
        self.parameters.append(ParameterSpec(weight_name, (size, self.size), "orthogonal", gain))
        self.parameters.append(ParameterSpec(bias_name, (size,), "constant", bias))
        self.append(Operation("linear", (self.register,), name, (weight_name, bias_name)), size)

    def append(self, operation: Operation, size: int) -> None:
        self.operations.append(operation)
        self.register, self.size = operation.output, size

    def finish(self) -> NetworkSpec:
        return NetworkSpec(
            inputs=(("observation", self.layout.size),),
            outputs=((self.register, self.size),),
            operations=tuple(self.operations),
            parameters=tuple(self.parameters),
        )


def build_policy_spec(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings | None = None
) -> NetworkSpec:
    """The policy's network: "observation"[O] → "distribution"[D], the latter in the order of `ActionLayout`.

    normalize (unless switched off or nothing is continuous) → hidden layers → a linear head for means and logits; log
    standard deviations are a parameter, or a second head, clamped to the settings' range.
    """
    settings = settings or PolicySettings()
    layout = ActionLayout.of(action)
    builder = _Builder(observation)
    if settings.normalize_observations and builder.layout.normalized.any():
        builder.normalize(settings.normalizer_clip)
    builder.hidden("policy", settings.hidden_sizes, settings.activation)
    continuous_size, vector_size = layout.continuous_size, layout.vector_size
    if continuous_size == 0:
        builder.linear("distribution", vector_size, settings.initial_action_scale, 0.0)
        return builder.finish()
    encoded, encoded_size = builder.register, builder.size
    builder.linear("policy.head", vector_size, settings.initial_action_scale, 0.0)
    means, logits = builder.register, ""
    if vector_size > continuous_size:
        for name, start, stop in (("means", 0, continuous_size), ("logits", continuous_size, vector_size)):
            attributes = (("start", start), ("stop", stop))
            builder.operations.append(Operation("slice", (builder.register,), name, (), attributes))
        means, logits = "means", "logits"
    builder.register, builder.size = encoded, encoded_size
    _append_log_stds(builder, continuous_size, settings)
    blocks = (means, builder.register, logits) if logits else (means, builder.register)
    builder.append(Operation("concat", blocks, "distribution"), layout.distribution_size)
    return builder.finish()


def _append_log_stds(builder: _Builder, size: int, settings: PolicySettings) -> None:
    if settings.state_dependent_log_std:
        builder.linear("policy.log_std_head", size, settings.initial_action_scale, settings.initial_log_std)
    else:
        builder.parameters.append(ParameterSpec("policy.log_std", (size,), "constant", settings.initial_log_std))
        builder.append(Operation("broadcast", (), "policy.log_std_row", ("policy.log_std",)), size)
    attributes = (("minimum", settings.log_std_min), ("maximum", settings.log_std_max))
    builder.append(Operation("clamp", (builder.register,), "log_stds", (), attributes), size)


def build_critic_spec(
    observation: ObservationElement,
    policy_settings: PolicySettings | None = None,
    critic_settings: CriticSettings | None = None,
) -> NetworkSpec:
    """The critic's network: "observation"[O] → "value"[1].

    Its normaliser has the same parameter names as the policy's; the trainer keeps both equal.
    """
    policy_settings = policy_settings or PolicySettings()
    critic_settings = critic_settings or CriticSettings()
    builder = _Builder(observation)
    if policy_settings.normalize_observations and builder.layout.normalized.any():
        builder.normalize(policy_settings.normalizer_clip)
    builder.hidden("critic", critic_settings.hidden_sizes, critic_settings.activation)
    builder.linear("value", 1, VALUE_GAIN, 0.0)
    return builder.finish()


def observation_encoded_size(spec: NetworkSpec) -> int:
    """Floats of an encoded observation: what the first layer of the network reads."""
    for operation in spec.operations:
        if operation.kind == "linear":
            return spec.register_sizes[operation.inputs[0]]
    return spec.inputs[0][1]


def action_encoded_size(spec: NetworkSpec) -> int:
    """Floats of an encoded action: the distribution that actions are sampled from."""
    return spec.output_size("distribution")


def _ranges(mask: BoolArray) -> tuple[int, ...]:
    """start, stop, start, stop … of the stretches where the mask is true."""
    padded = np.concatenate(([False], mask, [False])).astype(np.int8)
    return tuple(int(edge) for edge in np.flatnonzero(np.diff(padded)))
