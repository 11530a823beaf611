"""From a file and what was typed to a run's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trainer_process.configuration.document import read_document
from trainer_process.configuration.judgement import judged_behaviors, judged_curricula
from trainer_process.configuration.place import COMMAND_LINE, dotted
from trainer_process.configuration.problem import Problem, configuration_error
from trainer_process.configuration.refusal import of_no_effect, refused
from trainer_process.configuration.resolution import (
    follow,
    forget_defaults,
    lay_defaults_beneath_behaviors,
    lay_over,
    settle_start,
    take_sources,
)
from trainer_process.configuration.run_configuration import DEFAULT_SEED, RunConfiguration, plain_dialect
from trainer_process.configuration.validation import validated_dialect
from trainer_process.configuration.value_tree import ValueTree
from trainer_process.configuration.written import leaves
from trainer_process.errors import ConfigurationError


def load_configuration(path: Path | None, typed: Mapping[str, object] | None = None) -> RunConfiguration:
    """A run's configuration out of a file and what was typed.

    Args:
        path: of the file; None for defaults.
        typed: dotted paths of the dialect that were typed on the command line, and their values, as
            {"env_settings.num_envs": 4, "checkpoint_settings.run_id": "x"}. `behaviors.*.` leads into every behavior
            and default_settings, as {"behaviors.*.network_settings.deterministic": True}.

    Raises:
        ConfigurationError: tells all that is wrong.
    """
    tree = ValueTree() if path is None else read_document(path)
    return resolved_configuration(tree, typed or {}, path)


def resolved_configuration(tree: ValueTree, typed: Mapping[str, object], path: Path | None) -> RunConfiguration:
    """The same out of what a file holds, which is changed; `path` is the file's.

    Raises:
        ConfigurationError: tells all that is wrong.
    """
    _restore_defaults(tree)
    names_behaviors = _names_behaviors(tree)
    try:
        lay_over(tree, typed)
    except ValueError as error:
        raise ConfigurationError([f"command line: expected {error}"]) from error
    warnings = [*settle_start(tree, typed)]
    lay_defaults_beneath_behaviors(tree)
    problems = [*refused(tree)]
    warnings += of_no_effect(tree)
    follow(tree, DEFAULT_SEED)
    dialect, found = validated_dialect(tree)
    problems += found
    if dialect is not None:
        judged = [*judged_curricula(dialect, tree), *judged_behaviors(dialect, tree)]
        problems += [each for each in judged if isinstance(each, Problem)]
        warnings += [each for each in judged if isinstance(each, str)]
    if problems or dialect is None:
        raise configuration_error(problems)
    named = {dotted(known): place.source for known, place in tree.places.items() if known}
    sources = {name: named.get(name, "default") for name, _ in leaves(plain_dialect(dialect))}
    return RunConfiguration(dialect, sources, path, tuple(warnings), named, names_behaviors)


def _names_behaviors(tree: ValueTree) -> bool:
    """Whether a file says how any behavior is trained; what was typed for every behavior doesn't."""
    default = ("default_settings",)
    is_typed = tree.has(default) and tree.place(default).source == COMMAND_LINE.source
    return bool(tree.get(("behaviors",))) or (tree.get(default) is not None and not is_typed)


def _restore_defaults(tree: ValueTree) -> None:
    """In a configuration that a run has written all values stand; those that were defaults become such again."""
    sources = take_sources(tree)
    if sources is None:
        return
    named = ValueTree(tree.file)
    for path in list(tree.places):
        if not path or any(isinstance(part, int) for part in path):
            continue
        value = tree.get(path)
        if isinstance(value, dict) or dotted(path) in sources:
            named.set(path, {} if isinstance(value, dict) else value, tree.place(path))
    lay_defaults_beneath_behaviors(named)
    follow(named, DEFAULT_SEED)
    dialect, _ = validated_dialect(named)
    if dialect is not None:
        forget_defaults(tree, sources, dict(leaves(dialect.to_plain())))
