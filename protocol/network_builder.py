"""Builds the networks of policies and critics from schemas and settings, the same on both sides.

observation ─► normalize ─► encoder ─► hidden layers ─► memory cell ─► decoder ─► distribution
image ────────────────────────┘            memory ────────┘   └─► memory_after
"""

from __future__ import annotations

import math

import numpy as np

from protocol.action_decoder import decode_action
from protocol.network_draft import NetworkDraft, Part
from protocol.network_spec import NetworkSpec
from protocol.observation_encoder import encode_observation
from protocol.observation_layout import ObservationLayout
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ActionElement, ObservationElement
from protocol.vector_array import BoolArray

NORMALIZER_MEAN = "normalizer.mean"
NORMALIZER_VARIANCE = "normalizer.variance"
NORMALIZER_COUNT = "normalizer.count"
NORMALIZER_EPSILON = 1e-8
"""Beside a variance of 1 it vanishes in float32, so that a fresh normaliser passes numbers on unchanged but clipped."""

VALUE_GAIN = 1.0
"""Orthogonal gain as in Stable-Baselines3's ActorCriticPolicy."""


def build_policy_spec(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings | None = None
) -> NetworkSpec:
    """The policy's network.

    Inputs are "observation"[O], "image"[I] (its bytes as numbers) and "memory"[H], those that have a number, in this
    order; outputs "distribution"[D] in the order of `ActionLayout` and, with a memory, "memory_after"[H].

    normalize (unless switched off or nothing is to be normalised) → encoder → hidden layers → memory cell → decoder.

    Raises:
        SchemaError: there is nothing to see or nothing to do, or the network is larger than the limits allow.
    """
    settings = settings or PolicySettings()
    draft, encoded = _encoded(observation, settings)
    hidden = draft.layers("policy.hidden", encoded, settings.hidden_sizes, settings.activation)
    remembered, memory_after = _append_memory(draft, hidden, settings)
    distribution = decode_action(draft, action, remembered, settings)
    return draft.finish(distribution, *memory_after)


def build_critic_spec(
    observation: ObservationElement,
    policy_settings: PolicySettings | None = None,
    critic_settings: CriticSettings | None = None,
) -> NetworkSpec:
    """The critic's network: the inputs of the policy's → "value"[1].

    Its normaliser has the same parameter names as the policy's; the trainer keeps both equal. Encoder and hidden layers
    are its own; of the policy's memory it reads what was there before the policy's evaluation.
    """
    policy_settings = policy_settings or PolicySettings()
    critic_settings = critic_settings or CriticSettings()
    draft, encoded = _encoded(observation, policy_settings)
    if policy_settings.memory_size:
        encoded = draft.whole(draft.gathered(encoded, draft.whole("memory"), name="encoded_and_memory"))
    hidden = draft.layers("critic.hidden", encoded, critic_settings.hidden_sizes, critic_settings.activation)
    return draft.finish(draft.linear("value", hidden, 1, VALUE_GAIN))


def observation_encoded_size(observation: ObservationElement) -> int:
    """Floats of an encoded observation: what the first hidden layer of the policy reads."""
    return _encoded(observation, PolicySettings())[1].size


def _encoded(observation: ObservationElement, settings: PolicySettings) -> tuple[NetworkDraft, Part]:
    layout = ObservationLayout.of(observation)
    inputs = (("observation", layout.size), ("image", layout.image_size), ("memory", settings.memory_size))
    draft = NetworkDraft(inputs)
    register = "observation"
    if settings.normalize_observations and layout.normalized.any():
        register = _append_normalizer(draft, layout, settings.normalizer_clip)
    return draft, encode_observation(draft, observation, register, "encoder")


def _append_normalizer(draft: NetworkDraft, layout: ObservationLayout, clip: float) -> str:
    names = (NORMALIZER_MEAN, NORMALIZER_VARIANCE, NORMALIZER_COUNT)
    for name, size, value in zip(names, (layout.size, layout.size, 1), (0.0, 1.0, 0.0), strict=True):
        draft.parameter(name, (size,), value, "constant", trainable=False)
    normalized = draft.append(
        "normalize",
        ("observation",),
        "normalized",
        layout.size,
        names,
        clip=clip,
        epsilon=NORMALIZER_EPSILON,
        normalized=_ranges(layout.normalized),
    )
    return normalized.register


def _append_memory(draft: NetworkDraft, source: Part, settings: PolicySettings) -> tuple[Part, tuple[Part, ...]]:
    """What the decoder reads, and the memory after the evaluation where there is one."""
    units, cell = settings.memory_state_size, settings.memory_cell
    if cell == "none":
        return source, ()
    register = draft.gathered(source)
    if cell == "gru":
        parameters = _gates(
            draft, 3, source.size, units, ("input_weight", "input_bias", "hidden_weight", "hidden_bias")
        )
        after = draft.append("gru", (register, "memory"), "memory_after", units, parameters)
        return after, (after,)
    if cell == "lstm":
        parameters = _gates(draft, 4, source.size, units, ("input_weight", "hidden_weight", "bias"))
        after = draft.append("lstm", (register, "memory"), "memory_after", 2 * units, parameters)
        return Part(after.register, 0, units), (after,)
    both = source.size + units
    parameters = (
        draft.parameter("policy.memory.gate_weight", (4 * units, both), _tall_gain(4 * units, both)),
        draft.bias("policy.memory.gate_bias", (0.0,) * (4 * units)),
        draft.parameter("policy.memory.memory_weight", (units, units), 1.0),
        draft.bias("policy.memory.memory_bias", (0.0,) * units),
    )
    cell_output = draft.append("learning_agents_cell", (register, "memory"), "policy.memory", 2 * units, parameters)
    output, after = Part(cell_output.register, 0, units), Part(cell_output.register, units, 2 * units)
    after = draft.append("slice", (after.register,), "memory_after", units, start=after.start, stop=after.stop)
    return output, (after,)


def _gates(draft: NetworkDraft, gates: int, size: int, units: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The parameters of a cell with so many gates, in the order of `names`."""
    made: list[str] = []
    for name in names:
        full = f"policy.memory.{name}"
        if name.endswith("bias"):
            made.append(draft.bias(full, (0.0,) * (gates * units)))
        else:
            columns = size if name == "input_weight" else units
            made.append(draft.parameter(full, (gates * units, columns), _tall_gain(gates * units, columns)))
    return tuple(made)


def _tall_gain(rows: int, columns: int) -> float:
    """Gives rows of length 1, which orthonormal columns of a tall matrix would leave shorter."""
    return math.sqrt(max(1.0, rows / columns))


def _ranges(mask: BoolArray) -> tuple[int, ...]:
    """start, stop, start, stop … of the stretches where the mask is true."""
    padded = np.concatenate(([False], mask, [False])).astype(np.int8)
    return tuple(int(edge) for edge in np.flatnonzero(np.diff(padded)))
