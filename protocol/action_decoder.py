"""From an action schema to the part of a network that yields its distribution."""

from __future__ import annotations

from collections.abc import Sequence

from protocol.action_layout import ActionLayout
from protocol.action_tree import ActionLeaf
from protocol.network_draft import NetworkDraft, Part
from protocol.policy_settings import PolicySettings
from protocol.schema import ActionElement


def decode_action(draft: NetworkDraft, element: ActionElement, source: Part, settings: PolicySettings) -> Part:
    """Adds the decoder of a schema: "distribution"[D], in the order of `ActionLayout`.

    Linear heads give means and logits, one for what lies under no encoding, and one behind the layers of each encoding;
    they start at the priors. Log standard deviations are a parameter, or a head of their own, clamped to the settings'
    range.

    Args:
        draft: what was built so far.
        element: the schema.
        source: what the policy's core yields.
        settings: of the policy.

    Raises:
        SchemaError: there is nothing to do.
    """
    layout = ActionLayout.of(element)
    continuous_size, vector_size = layout.continuous_size, layout.vector_size
    is_plain = not layout.encodings
    if is_plain and continuous_size == 0:
        return _head(draft, "distribution", layout.leaves, source, settings)
    if is_plain:
        numbers = _head(draft, "policy.head", layout.leaves, source, settings)
    else:
        numbers = _numbers_of_encodings(draft, layout, source, settings)
    if continuous_size == 0:
        return numbers
    means, logits = Part(numbers.register, 0, continuous_size), Part(numbers.register, continuous_size, vector_size)
    log_stds = _log_stds(draft, source, continuous_size, settings)
    parts = (means, log_stds, logits) if logits.size else (means, log_stds)
    return draft.whole(draft.gathered(*parts, name="distribution"))


def _numbers_of_encodings(draft: NetworkDraft, layout: ActionLayout, source: Part, settings: PolicySettings) -> Part:
    """Means and logits in the order of the action vector, gathered from the heads of all encodings."""
    features: list[Part] = []
    for index, encoding in enumerate(layout.encodings):
        above = source if encoding.parent is None else features[encoding.parent]
        sizes = (encoding.size, *encoding.hidden_sizes)
        features.append(draft.layers(f"decoder.{index}", above, sizes, encoding.activation))
    heads: list[Part] = []
    offsets: list[int] = []
    groups: list[tuple[int | None, str, Part]] = [(None, "policy.head", source)]
    groups += [(index, f"decoder.{index}.head", feature) for index, feature in enumerate(features)]
    for encoding_index, name, feature in groups:
        leaves = [leaf for leaf in layout.leaves if leaf.encoding == encoding_index]
        if leaves:
            heads.append(_head(draft, name, leaves, feature, settings))
            offsets += [offset for leaf in _in_vector_order(leaves) for offset in _offsets(leaf)]
    side_by_side = draft.gathered(*heads, name="policy.heads")
    places = [0] * len(offsets)
    for place, offset in enumerate(offsets):
        places[offset] = place
    name = "policy.numbers" if layout.continuous_size else "distribution"
    return draft.append("select", (side_by_side,), name, len(places), indices=tuple(places))


def _head(draft: NetworkDraft, name: str, leaves: Sequence[ActionLeaf], source: Part, settings: PolicySettings) -> Part:
    """Means and logits of some leaves, in the order of the action vector."""
    biases = tuple(bias for leaf in _in_vector_order(leaves) for bias in leaf.prior_bias)
    return draft.linear(name, source, len(biases), settings.initial_action_scale, biases)


def _in_vector_order(leaves: Sequence[ActionLeaf]) -> list[ActionLeaf]:
    return sorted(leaves, key=lambda leaf: leaf.action_offset)


def _offsets(leaf: ActionLeaf) -> range:
    return range(leaf.action_offset, leaf.action_offset + leaf.size)


def _log_stds(draft: NetworkDraft, source: Part, size: int, settings: PolicySettings) -> Part:
    if settings.state_dependent_log_std:
        free = draft.linear(
            "policy.log_std_head", source, size, settings.initial_action_scale, settings.initial_log_std
        )
    else:
        name = draft.parameter("policy.log_std", (size,), settings.initial_log_std, "constant")
        free = draft.append("broadcast", (), "policy.log_std_row", size, (name,))
    return draft.append(
        "clamp", (free.register,), "log_stds", size, minimum=settings.log_std_min, maximum=settings.log_std_max
    )
