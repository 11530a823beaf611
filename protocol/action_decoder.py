"""From an action schema to the part of a network that yields its distribution."""

from __future__ import annotations

from protocol.action_layout import ActionLayout
from protocol.network_draft import NetworkDraft, Part
from protocol.policy_settings import PolicySettings
from protocol.schema import ActionElement


def decode_action(draft: NetworkDraft, element: ActionElement, source: Part, settings: PolicySettings) -> Part:
    """Adds the decoder of a schema: "distribution"[D], in the order of `ActionLayout`.

    A linear head gives means and logits; log standard deviations are a parameter, or a second head, clamped to the
    settings' range.
    """
    layout = ActionLayout.of(element)
    continuous_size, vector_size = layout.continuous_size, layout.vector_size
    if continuous_size == 0:
        return draft.linear("distribution", source, vector_size, settings.initial_action_scale)
    head = draft.linear("policy.head", source, vector_size, settings.initial_action_scale)
    means, logits = Part(head.register, 0, continuous_size), Part(head.register, continuous_size, vector_size)
    log_stds = _log_stds(draft, source, continuous_size, settings)
    parts = (means, log_stds, logits) if logits.size else (means, log_stds)
    return draft.whole(draft.gathered(*parts, name="distribution"))


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
