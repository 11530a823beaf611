"""The main loop's phases, by the functions that they are done in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tools.bench.sampler import Samples, Stack

PHASES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "host": (
        ("Interactor.gather_observations", "gather observations"),
        ("Policy.encode_observations", "inference"),
        ("Policy.evaluate_policy", "inference"),
        ("Policy.decode_and_sample_actions", "inference"),
        ("GymnasiumWorld.step", "the world's step"),
        ("Interactor.perform_actions", "perform actions"),
        ("TrainingEnvironment.gather_completions", "gather rewards and completions"),
        ("TrainingEnvironment.gather_rewards", "gather rewards and completions"),
        ("PPOTrainer._begin_step", "record"),
        ("PPOTrainer._end_step", "record"),
        ("PPOTrainer._hand_off", "hand off batches, cut segments"),
        ("Communicator.wait", "wait for the trainer"),
        ("PPOTrainer._poll", "communicate"),
        ("Manager.reset_agents", "reset episodes"),
    ),
    "trainer": (
        ("assemble_rollout", "assemble"),
        ("_values", "values"),
        ("build_training_data", "advantages"),
        ("take_gradient_steps", "gradient steps"),
        ("ActorCritic.count_observations", "normaliser"),
        ("StartedBehavior._look", "copy weights out"),
        ("MetricsWriter.write", "metrics"),
        ("StartedBehavior.save", "checkpoint"),
        ("StartedBehavior.learn", "rest of an update"),
        ("Learner._work", "idle: wait for experience"),
        ("Behavior._publish", "publish weights, give credit"),
        ("Behavior.accept", "check and take in experience"),
        ("ServerChannel.receive", "receive and decode"),
        ("ServerChannel.wait", "idle: wait for messages"),
        ("Server._send_progress_if_due", "progress"),
        ("Switchboard.receive", "sessions"),
        ("Server.step", "rest of the loop"),
    ),
}
"""Of each side, functions and the phase that time in them, or in what they call, counts as.

A stack belongs to the innermost function in it that is named here. The name is the function's own, with its class.
"""

REST = "elsewhere"


def phase_of(side: str, stack: Stack) -> str:
    """The phase of one stack."""
    phases = dict(PHASES[side])
    for function in reversed(stack):
        name = function.partition(":")[2]
        if name in phases:
            return phases[name]
    return REST


def phase_counts(side: str, samples: Samples) -> dict[str, Counter[str]]:
    """By thread, how often each phase was seen."""
    counted: dict[str, Counter[str]] = {}
    for thread, stacks in samples.stacks.items():
        phases = counted.setdefault(thread, Counter())
        for stack, count in stacks.items():
            phases[phase_of(side, stack)] += count
    return counted


def leaf_counts(samples: Samples) -> dict[str, Counter[str]]:
    """By thread, how often each function was seen innermost; what it calls outside the project counts as its own."""
    counted: dict[str, Counter[str]] = {}
    for thread, stacks in samples.stacks.items():
        leaves = counted.setdefault(thread, Counter())
        for stack, count in stacks.items():
            leaves[stack[-1] if stack else REST] += count
    return counted
