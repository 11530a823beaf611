"""What is wrong with a configuration whose parts are right by themselves, and don't go together."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from protocol.errors import SchemaError
from protocol.policy_settings import CriticSettings, PolicySettings
from trainer_process.configuration.behavior import BehaviorSettings, PPOBehavior
from trainer_process.configuration.dialect import Dialect
from trainer_process.configuration.environment_parameter import Curriculum
from trainer_process.configuration.place import KeyPath, dotted, full_path, parsed
from trainer_process.configuration.problem import Problem, shown
from trainer_process.configuration.translation import TRANSLATIONS, Translated, trainer_type_of, translate
from trainer_process.configuration.validation import expectation, nearest
from trainer_process.configuration.value_tree import ValueTree
from trainer_process.settings_resolution import merge_settings


def named_below(tree: ValueTree, path: KeyPath) -> dict[str, str]:
    """For every dotted path within a mapping that is named, where its value came from."""
    depth = len(path)
    return {dotted(known[depth:]): place.source for known, place in tree.places.items() if known[:depth] == path}


def judged_curricula(dialect: Dialect, tree: ValueTree) -> Iterator[Problem | str]:
    """Problems of lessons, and as text what is of no effect in them."""
    names = list(dialect.behaviors)
    for name, parameter in dialect.environment_parameters.items():
        lessons = parameter.curriculum if isinstance(parameter, Curriculum) else ()
        for index, lesson in enumerate(lessons):
            path: KeyPath = ("environment_parameters", name, "curriculum", index, "completion_criteria")
            criteria, is_last = lesson.completion_criteria, index == len(lessons) - 1
            if criteria is None and not is_last:
                wanted = f"when lesson {lesson.name!r} is completed, since others follow"
                yield Problem(tree.place(path[:-1]), path, wanted, "nothing", "give it a behavior and a threshold")
            if criteria is not None and is_last:
                yield f"{tree.place(path)}: {full_path(path)}: it is of no effect, since no lesson follows"
            if criteria is not None and names and criteria.behavior not in names and dialect.default_settings is None:
                inner = (*path, "behavior")
                wanted = f"one of the behaviors {', '.join(names)}"
                hint = nearest(criteria.behavior, names)
                yield Problem(tree.place(inner), inner, wanted, repr(criteria.behavior), hint)


def judged_behaviors(dialect: Dialect, tree: ValueTree) -> Iterator[Problem]:
    """Problems of behaviors in this project's own terms, told where the file says so."""
    behaviors: dict[KeyPath, BehaviorSettings] = {("behaviors", name): each for name, each in dialect.behaviors.items()}
    if dialect.default_settings is not None:
        behaviors[("default_settings",)] = dialect.default_settings
    modes = {path: behavior.network_settings.deterministic for path, behavior in behaviors.items()}
    for path, behavior in behaviors.items():
        if len(set(modes.values())) > 1 and modes[path]:
            inner = (*path, "network_settings", "deterministic")
            yield Problem(tree.place(inner), inner, "the same for all behaviors and default_settings", "true")
        yield from _sequence(behavior, tree, path)
        if trainer_type_of(behavior) in TRANSLATIONS:
            translated = translate(behavior, named_below(tree, path))
            yield from _strange(behavior, tree, path)
            yield from _settings(behavior, translated, tree, path)
            yield from _networks(translated, tree, path)


def _sequence(behavior: BehaviorSettings, tree: ValueTree, path: KeyPath) -> Iterator[Problem]:
    memory = behavior.network_settings.memory
    if isinstance(behavior, PPOBehavior) and memory is not None:
        size, length = behavior.hyperparameters.batch_size, memory.sequence_length
        if length > size:
            inner = (*path, "network_settings", "memory", "sequence_length")
            yield Problem(tree.place(inner), inner, f"at most batch_size ({size})", str(length))


def _strange(behavior: BehaviorSettings, tree: ValueTree, path: KeyPath) -> Iterator[Problem]:
    """What is named beside a trainer that has no use for it."""
    kind = trainer_type_of(behavior)
    known = {name for translation in TRANSLATIONS[kind] for name in translation.theirs}
    for translation in TRANSLATIONS["ppo"]:
        for name in translation.theirs:
            inner = (*path, *name.split("."))
            inherited = tree.places.get(("default_settings", *name.split(".")))
            if name not in known and tree.has(inner) and (path[0] != "behaviors" or tree.place(inner) != inherited):
                wanted = f"nothing there with trainer_type: {kind}, which has no use for it"
                hint = f"its own settings are told in {dotted(path)}.settings"
                yield Problem(tree.key_place(inner), inner, wanted, shown(tree.get(inner)), hint)


def _settings(behavior: BehaviorSettings, translated: Translated, tree: ValueTree, path: KeyPath) -> Iterator[Problem]:
    from trainer_process.algorithms.registry import algorithm_entry  # imports torch, which takes seconds

    settings_class = algorithm_entry(trainer_type_of(behavior)).settings_class
    try:
        settings_class.model_validate(merge_settings(translated.defaults, translated.overrides))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else ""
            inner: KeyPath = (*path, *parsed(translated.origins.get(f"settings.{name}", "settings")))
            if inner[len(path) :] == ("settings", name):
                inner = (*inner, *detail["loc"][1:])
            if detail["type"] == "extra_forbidden":
                names = sorted(settings_class.model_fields)
                what, hint = f"one of the settings {', '.join(names)}", nearest(name, names)
                yield Problem(tree.key_place(inner), inner, what, f"the unknown setting {name!r:.60}", hint)
                continue
            received = shown(detail["input"]) if detail["loc"] else "what doesn't go together"
            yield Problem(tree.place(inner), inner, expectation(detail), received)


def _networks(translated: Translated, tree: ValueTree, path: KeyPath) -> Iterator[Problem]:
    parts: dict[str, type[PolicySettings] | type[CriticSettings]] = {
        "critic_settings": CriticSettings,
        "policy_settings": PolicySettings,
    }
    for part, values in translated.networks.items():
        whole = parts[part]().to_wire()
        for name, value in values.items():
            try:
                parts[part].from_wire({**whole, name: value})
            except (SchemaError, TypeError, ValueError) as error:
                inner = (*path, *parsed(translated.origins[f"{part}.{name}"]))
                if isinstance(error, SchemaError):
                    expected, received = error.expected, error.received
                else:
                    expected, received = "a value of that setting", shown(value)
                yield Problem(
                    tree.place(inner), inner, expected, received, "" if name in whole else nearest(name, list(whole))
                )
