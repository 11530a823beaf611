"""What a file means before its values are looked at: which of them stand over which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeGuard

from trainer_process.configuration.place import COMMAND_LINE, KeyPath, Place, dotted, full_path, parsed
from trainer_process.configuration.refusal import behavior_paths
from trainer_process.configuration.value_tree import ValueTree

EVERY_BEHAVIOR = ("behaviors", "*")
RUN_SEED = "run seed"
"""Source of a sampler's seed that follows from the run's."""

_HAS_SCHEDULES = ("airl", "gail", "mappo", "poca", "ppo")
_START = "checkpoint_settings"
_OF_ONE_TRAINER = ("hyperparameters", "reward_signals", "settings")
"""What default_settings say of one kind of trainer says nothing of another."""


def lay_over(tree: ValueTree, typed: Mapping[str, object]) -> None:
    """Puts what was typed over what the file says.

    Raises:
        ValueError: a path is none.
    """
    for name, value in typed.items():
        path = parsed(name)
        if path[:2] == EVERY_BEHAVIOR:
            for behavior in behavior_paths(tree) or [("default_settings",)]:
                tree.set((*behavior, *path[2:]), value, COMMAND_LINE)
        elif path:
            tree.set(path, value, COMMAND_LINE)


def lay_defaults_beneath_behaviors(tree: ValueTree) -> None:
    """What default_settings say holds for every behavior that doesn't say otherwise, mapping by mapping."""
    default_type = tree.mapping(("default_settings",)).get("trainer_type", "ppo")
    for path in behavior_paths(tree):
        behavior = tree.get(path)
        if path[0] == "behaviors" and isinstance(behavior, dict):
            is_other = behavior.get("trainer_type", default_type) != default_type
            tree.lay_beneath(("default_settings",), path, leave_out=_OF_ONE_TRAINER if is_other else ())


def settle_start(tree: ValueTree, typed: Mapping[str, object]) -> Iterator[str]:
    """Lets either resume or initialize_from hold: what was typed wins, and resume where both are in one place.

    Yields:
        What was taken back, a sentence each.
    """
    load_model, resume, other = ((_START, name) for name in ("load_model", "resume", "initialize_from"))
    if tree.get(load_model) is True and not tree.has(resume):
        tree.set(resume, True, tree.place(load_model))
    if tree.get(resume) is not True or tree.get(other) is None:
        return
    loses = resume if f"{_START}.initialize_from" in typed and f"{_START}.resume" not in typed else other
    wins = other if loses is resume else resume
    yield f"{tree.place(loses)}: {full_path(loses)}: it gives way to {dotted(wins)} ({tree.place(wins)})"
    tree.remove(loses)
    if loses is resume:
        tree.remove(load_model)


def follow(tree: ValueTree, default_seed: int) -> None:
    """Fills in what follows from other values: schedules, evenly spaced checkpoints, and the seeds of samplers."""
    for path in behavior_paths(tree):
        inner = (*path, "hyperparameters")
        kind = tree.get((*inner, "learning_rate_schedule"))
        for name in ("beta_schedule", "epsilon_schedule"):
            if kind in ("constant", "linear") and (tree.get((*path, "trainer_type")) or "ppo") in _HAS_SCHEDULES:
                _set_unless_there(tree, (*inner, name), kind, tree.place((*inner, "learning_rate_schedule")))
        behavior = tree.mapping(path)
        steps, count = behavior.get("max_steps", 500_000), behavior.get("keep_checkpoints", 5)
        if behavior.get("even_checkpoints") is True and _is_count(steps) and _is_count(count):
            place = tree.place((*path, "even_checkpoints"))
            tree.set((*path, "checkpoint_interval"), max(1, int(steps) // int(count)), place)
    _seed_samplers(tree, default_seed)


def _is_count(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < 2**63


def _set_unless_there(tree: ValueTree, path: KeyPath, value: object, place: Place) -> None:
    if not tree.has(path):
        tree.set(path, value, place)


def _seed_samplers(tree: ValueTree, default_seed: int) -> None:
    """A sampler whose seed is -1 gets the run's, and the next one that plus 1, as in ML-Agents."""
    seed = tree.get(("env_settings", "seed"))
    run_seed = seed if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 else default_seed
    offset = 0
    for path in _sampler_paths(tree):
        value = tree.get(path)
        parameters = value.get("sampler_parameters", {}) if isinstance(value, dict) else {}
        if not isinstance(parameters, dict) or parameters.get("seed", -1) != -1:
            continue
        if isinstance(value, dict) and value.get("sampler_type") in ("uniform", "gaussian", "multirangeuniform"):
            _set_seed(tree, path, (run_seed + offset) % 2**63)
        offset += 1


def _sampler_paths(tree: ValueTree) -> Iterator[KeyPath]:
    """Where numbers and samplers stand, in the order of the file."""
    for name, parameter in tree.mapping(("environment_parameters",)).items():
        lessons = parameter.get("curriculum") if isinstance(parameter, dict) else None
        if isinstance(lessons, list):
            yield from (("environment_parameters", name, "curriculum", index, "value") for index in range(len(lessons)))
        else:
            yield "environment_parameters", name


def _set_seed(tree: ValueTree, path: KeyPath, seed: int) -> None:
    sampler = tree.get(path)
    if isinstance(sampler, dict):
        parameters = sampler.setdefault("sampler_parameters", {})
        parameters["seed"] = seed
        inner = (*path, "sampler_parameters")
        tree.places.setdefault(inner, replace(tree.place(path), known_source=""))
        tree.places[(*inner, "seed")] = replace(tree.place(path), known_source=RUN_SEED)


def take_sources(tree: ValueTree) -> dict[str, str] | None:
    """Takes out of a configuration that a run has written where its values came from; None where that isn't told."""
    sources = tree.get(("sources",))
    if not isinstance(sources, dict):
        return None
    tree.remove(("sources",))
    return {path: source for path, source in sources.items() if isinstance(source, str)}


def forget_defaults(tree: ValueTree, sources: Mapping[str, str], defaults: Mapping[str, object]) -> None:
    """Takes out of such a configuration what is as it would be without being named.

    Args:
        tree: of it.
        sources: of what was named, by dotted path.
        defaults: the values that follow from what was named, by dotted path.
    """
    for path in list(tree.places):
        name = dotted(path)
        if path not in tree.places:
            continue
        if name in sources:
            tree.places[path] = replace(tree.places[path], known_source=sources[name])
        elif name in defaults and defaults[name] == tree.get(path):
            tree.remove(path)
