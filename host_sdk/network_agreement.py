"""Whether weights that were made elsewhere are for the networks at hand, and what differs where they are not."""

from __future__ import annotations

from host_sdk.interactor import Interactor
from protocol.errors import LayoutMismatchError
from protocol.network_builder import build_policy_spec
from protocol.policy_settings import PolicySettings
from protocol.schema import ActionElement, ObservationElement
from protocol.schema_difference import Difference, first_difference, first_settings_difference


def check_schemas(source: str, interactor: Interactor, observation: ObservationElement, action: ActionElement) -> None:
    """Holds schemas of elsewhere against the interactor's, by what their vectors mean.

    Args:
        source: where they are from, for the message.
        interactor: of the policy that is to act by them.
        observation: the schema there.
        action: the schema there.

    Raises:
        LayoutMismatchError: names the first element that differs.
    """
    for what, ours, theirs in (
        ("observations", interactor.observation_schema_element, observation),
        ("actions", interactor.action_schema_element, action),
    ):
        if (difference := first_difference(ours, theirs)) is not None:
            raise _mismatch(source, f"{what} than {interactor.name}", difference)


def check_networks(
    source: str,
    interactor: Interactor,
    settings: PolicySettings,
    observation: ObservationElement,
    action: ActionElement,
    their_settings: PolicySettings,
) -> None:
    """Holds what a network of elsewhere was built from against what the policy's own is built from.

    Args:
        source: as for `check_schemas`, which is to be called first.
        interactor: likewise.
        settings: the policy's.
        observation: the schema there.
        action: the schema there.
        their_settings: the policy settings there.

    Raises:
        LayoutMismatchError: names the first element or setting that makes another network.
    """
    mine, my_action = interactor.observation_schema_element, interactor.action_schema_element
    spec, other = build_policy_spec(mine, my_action, settings), build_policy_spec(observation, action, their_settings)
    if spec.hash == other.hash:
        return
    for what, difference in (
        ("policy settings", first_settings_difference(settings, their_settings)),
        ("encodings of observations", first_difference(mine, observation, with_encodings=True)),
        ("encodings of actions", first_difference(my_action, action, with_encodings=True)),
    ):
        if difference is not None:
            raise _mismatch(source, f"{what} than this policy", difference)
    raise LayoutMismatchError(
        f"{source} has the network {other.hash:#018x}, and this policy's is {spec.hash:#018x}, though schemas and "
        "settings are the same: use the same release of learning-bridge on both sides"
    )


def _mismatch(source: str, what: str, difference: Difference) -> LayoutMismatchError:
    return LayoutMismatchError(f"{source} has other {what}: {difference}; make both sides alike")
