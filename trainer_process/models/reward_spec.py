"""The networks of learned rewards, built from schemas like those of policies, so that they read whatever agents see.

observation, image ─► encoder ─┐
action ────────────────────────┼─► hidden layers ─► reward
next ones ─► encoder of theirs ┘

observation, image ─► encoder ─► hidden layers ─► potential

What they read is normalised before, see `reward_network`.
"""

from __future__ import annotations

from protocol.network_draft import NetworkDraft, Part
from protocol.network_spec import NetworkSpec
from protocol.observation_encoder import encode_observation
from protocol.observation_layout import ObservationLayout
from protocol.schema import ObservationElement

OUTPUT_GAIN = 1.0
"""Orthogonal gain of the last layer, as the critic's."""


def build_reward_spec(
    observation: ObservationElement, action_size: int, hidden_sizes: tuple[int, ...], *, reads_next: bool = False
) -> NetworkSpec:
    """g(s, a), or g(s, a, s'): "observation"[O], "image"[I], "action"[A] and, of what came next, "next_observation"[O]
    and "next_image"[I], those that have a number, in this order → "reward"[1].

    Raises:
        SchemaError: there is nothing to see, or the network is larger than the limits allow.
    """
    layout = ObservationLayout.of(observation)
    inputs = [("observation", layout.size), ("image", layout.image_size), ("action", action_size)]
    if reads_next:
        inputs += [("next_observation", layout.size), ("next_image", layout.image_size)]
    draft = NetworkDraft(tuple(inputs))
    parts: list[Part] = [encode_observation(draft, observation, "observation", "encoder"), draft.whole("action")]
    if reads_next:
        parts.append(
            encode_observation(draft, observation, "next_observation", "next_encoder", image_register="next_image")
        )
    return _finished(draft, draft.whole(draft.gathered(*parts, name="read")), hidden_sizes, "reward")


def build_potential_spec(observation: ObservationElement, hidden_sizes: tuple[int, ...]) -> NetworkSpec:
    """h(s), by which a reward is shaped: "observation"[O] and "image"[I] → "potential"[1]."""
    layout = ObservationLayout.of(observation)
    draft = NetworkDraft((("observation", layout.size), ("image", layout.image_size)))
    encoded = encode_observation(draft, observation, "observation", "encoder")
    return _finished(draft, encoded, hidden_sizes, "potential")


def _finished(draft: NetworkDraft, source: Part, hidden_sizes: tuple[int, ...], output: str) -> NetworkSpec:
    hidden = draft.layers(f"{output}.hidden", source, hidden_sizes, "relu")
    return draft.finish(draft.linear(output, hidden, 1, OUTPUT_GAIN))
