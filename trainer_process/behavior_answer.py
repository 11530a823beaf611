"""What a behavior says to its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.field_rule import shorten
from protocol.messages import Complete, Failure, PolicyUpdate, Ready, Refused
from trainer_process.errors import ConfigurationRefusedError, DivergedError

if TYPE_CHECKING:  # it imports torch
    from trainer_process.learned_update import LearnedUpdate
    from trainer_process.started_behavior import StartedBehavior

READ_THE_LOG = "read the traceback in the trainer's log; call begin_training to start anew from the weights at hand"
LOWER_THE_RATE = (
    "lower learning_rate or max_grad_norm, keep observations and rewards of order one, or turn reward_scaling on; "
    "begin_training starts anew from the last good weights"
)


def ready(started: StartedBehavior, newest: LearnedUpdate, host_count: int, last_consumed: int) -> Ready:
    """How each of so many hosts is to collect, and up to which of its batches the run has learnt already."""
    contract = started.contract(host_count)
    return Ready(
        behavior=started.plan.spec.name,
        steps_per_hand_off=contract.steps_per_hand_off,
        horizon=contract.horizon,
        buffer_count=contract.buffer_count,
        synchronous=contract.synchronous,
        required_fields=contract.required_fields,
        settings=started.plan.settings.to_plain(),
        policy_version=newest.policy.version,
        iteration=newest.iteration,
        last_consumed=last_consumed,
        run_directory=str(started.folder.path),
    )


def policy_update(behavior: str, newest: LearnedUpdate, *, with_critic: bool) -> PolicyUpdate:
    """The newest weights, and what was measured on the way to them."""
    critic = newest.critic if with_critic else None
    return PolicyUpdate(
        behavior=behavior,
        network_hash=newest.policy.network_hash,
        version=newest.policy.version,
        iteration=newest.iteration,
        is_final=newest.is_complete,
        metrics=newest.metrics,
        weights=newest.policy.values,
        critic_weights=critic.values if critic is not None else None,
    )


def complete(behavior: str, newest: LearnedUpdate) -> Complete:
    """The end of training, reached."""
    return Complete(behavior, f"{newest.steps} agent-steps were trained on, in {newest.iteration} updates")


def refusal(behavior: str, error: Exception) -> Refused | Failure:
    """Why a host is not admitted."""
    if isinstance(error, ConfigurationRefusedError):
        return error.answer
    return _failure(behavior, "LEARNER_ERROR", f"the behavior could not be started: {error}", READ_THE_LOG)


def verdict(behavior: str, error: Exception) -> Failure:
    """The end of training, not reached, since an update raised."""
    if isinstance(error, DivergedError):
        return _failure(behavior, "DIVERGED", str(error), LOWER_THE_RATE)
    return _failure(behavior, "LEARNER_ERROR", f"{type(error).__name__}: {error}", READ_THE_LOG)


def _failure(behavior: str, code: str, reason: str, remedy: str) -> Failure:
    return Failure(code=code, behavior=behavior, reason=shorten(reason), remedy=remedy)
