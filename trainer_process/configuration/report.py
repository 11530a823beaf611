"""A configuration as `config show` prints it: all that holds, where it came from, and behaviors in our own terms."""

from __future__ import annotations

from collections.abc import Iterator

from trainer_process.configuration.run_configuration import RunConfiguration
from trainer_process.configuration.translation import trainer_type_of
from trainer_process.configuration.written import leaves, one_line, yaml_lines
from trainer_process.settings_resolution import merge_settings, setting_sources

DEFAULT_SETTINGS = "default_settings"


def report(configuration: RunConfiguration) -> str:
    """YAML of the whole with the source of every value behind it, and as comments each behavior in our own terms."""
    lines = [*yaml_lines(configuration.to_plain(), configuration.sources)]
    for name in behavior_names(configuration):
        lines += ["", *(f"# {line}".rstrip() for line in _behavior_lines(configuration, name))]
    return "\n".join([*lines, ""])


def behavior_names(configuration: RunConfiguration) -> list[str]:
    """The behaviors of the file, and default_settings where there are such."""
    names = list(configuration.behaviors)
    return [*names, DEFAULT_SETTINGS] if configuration.default_settings is not None else names


def own_settings(configuration: RunConfiguration, name: str) -> tuple[dict[str, object], dict[str, str]]:
    """The algorithm's settings of a behavior whose hosts name none, and by dotted name where each came from."""
    from trainer_process.algorithms.registry import algorithm_entry  # imports torch, which takes seconds

    translated, behavior = configuration.translated(name), configuration.behavior_settings(name)
    if translated is None or behavior is None:
        return {}, {}
    asked = merge_settings(translated.defaults, translated.overrides)
    settings = algorithm_entry(trainer_type_of(behavior)).settings_class.validated(asked).to_plain()
    sources = setting_sources(
        settings,
        {},
        translated.overrides,
        override_sources=translated.override_sources,
        defaults=translated.defaults,
    )
    return settings, sources


def _behavior_lines(configuration: RunConfiguration, name: str) -> Iterator[str]:
    translated, behavior = configuration.translated(name), configuration.behavior_settings(name)
    if translated is None or behavior is None:
        return
    what = "behaviors that aren't named" if name == DEFAULT_SETTINGS else name
    yield f"{what}: {trainer_type_of(behavior)}, in this project's own terms; what hosts set wins over every default"
    settings, sources = own_settings(configuration, name)
    for path, value in leaves(settings):
        yield f"  settings.{path}: {one_line(value)}  # {sources[path]}"
    for path, value in leaves(translated.networks):
        yield f"  {path}: {one_line(value)}  # {translated.network_sources[path]}"
    if not translated.networks:
        yield "  networks: as the host builds them"
