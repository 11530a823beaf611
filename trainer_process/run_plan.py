"""Which run a command is about, by what configuration, and whether it begins, goes on or only plays.

| asked for                     | the folder of that name | what happens                                            |
|-------------------------------|-------------------------|---------------------------------------------------------|
| nothing                       | must not be there       | it begins                                               |
| `--resume`                    | must be there           | it goes on, by its own configuration unless one is given |
| `--force`                     | is moved aside          | it begins                                               |
| `--initialize-from OTHER`     | must not be there       | it begins with the other run's weights, counters at 0   |
| `--inference`                 | must be there           | it plays on, and nothing is learnt or saved             |
| both `--inference` and `--initialize-from` | must not be there | the other run's weights play                       |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer_process.configuration import RunConfiguration, load_configuration
from trainer_process.errors import RunFolderError
from trainer_process.run_folder import CONFIGURATION_FILE_NAME, RunFolder

_START = "checkpoint_settings."
_OF_THE_START = ("checkpoint_settings", "sources")
"""Parts of a configuration in which two starts of one run differ by nature."""


@dataclass(frozen=True)
class RunPlan:
    """One run, as it was asked for.

    Attributes:
        configuration: resolved.
        resume: whether it goes on with what is in its folder.
        force: whether an earlier run of the name makes place.
        learns: whether it learns.
        changes: where a run that goes on was given another configuration than its own: `PATH: OLD → NEW`, each.
    """

    configuration: RunConfiguration
    resume: bool
    force: bool
    learns: bool
    changes: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path | None, typed: Mapping[str, object] | None = None) -> RunPlan:
        """The plan for a configuration file and what was typed.

        Args:
            path: the file; None takes a run's own where one is resumed, else the defaults.
            typed: as for `load_configuration`.

        Raises:
            ConfigurationError: the configuration can't be used.
            RunFolderError: what was asked for contradicts itself.
        """
        given = dict(typed or {})
        # what was typed of other parts may need the run's own file: several processes need its program
        of_the_start = {name: value for name, value in given.items() if name.startswith(_START)}
        configuration = load_configuration(path, of_the_start if path is None else given)
        start = configuration.checkpoint_settings
        only_plays = start.inference and start.initialize_from is None
        resume = start.resume or start.load_model or only_plays
        if resume and given.get(f"{_START}force"):
            flag = "--inference" if only_plays else "--resume"
            raise RunFolderError(f"--force begins a run anew, {flag} goes on with it: leave one of them out")
        _require_source(configuration)
        own = _own_configuration(configuration) if resume else None
        changes: tuple[str, ...] = ()
        if path is None and own is not None:
            configuration = _in_its_place(own, given, Path(start.results_dir), start.run_id)
        elif path is None:
            configuration = load_configuration(None, given)
        elif own is not None:
            changes = tuple(_changes(load_configuration(own), configuration))
        return cls(
            configuration,
            resume=resume,
            force=start.force and not resume,
            learns=not start.inference,
            changes=changes,
        )

    @property
    def results_directory(self) -> Path:
        """Run folders are made in it."""
        return Path(self.configuration.checkpoint_settings.results_dir)

    @property
    def run_id(self) -> str:
        """The run's name; empty takes the date and time."""
        named = self.configuration.is_named("checkpoint_settings.run_id")
        return self.configuration.checkpoint_settings.run_id if named else ""

    def claim_folder(self, *, rename: bool = False) -> RunFolder:
        """The run's folder; see `RunFolder.claim`, which says what it raises."""
        return RunFolder.claim(self.results_directory, self.run_id, resume=self.resume, force=self.force, rename=rename)

    def describe(self) -> list[str]:
        """Lines for people: what the configuration says that isn't a default, and where it came from."""
        values = dict(_leaves(self.configuration.to_plain()))
        named = {path: source for path, source in self.configuration.sources.items() if source != "default"}
        return [f"  {path}: {values.get(path)}  ({source})" for path, source in named.items()]


def _in_its_place(own: Path, given: Mapping[str, object], results_directory: Path, run_id: str) -> RunConfiguration:
    """A run's own configuration, wherever its folder was moved to since."""
    configuration = load_configuration(own, given)
    start = configuration.checkpoint_settings
    if (Path(start.results_dir), start.run_id) == (results_directory, run_id):
        return configuration
    place = {f"{_START}results_dir": str(results_directory), f"{_START}run_id": run_id}
    return load_configuration(own, {**given, **place})


def _require_source(configuration: RunConfiguration) -> None:
    start = configuration.checkpoint_settings
    if start.initialize_from is not None and not (Path(start.results_dir) / start.initialize_from).is_dir():
        raise RunFolderError(
            f"--initialize-from: expected the id of a run in {start.results_dir}, got {start.initialize_from!r}"
        )


def _own_configuration(configuration: RunConfiguration) -> Path | None:
    """The file that an earlier start of the run has written.

    Raises:
        RunFolderError: nothing says which run is meant.
    """
    if not configuration.is_named("checkpoint_settings.run_id"):
        raise RunFolderError("--resume, --inference: expected --run-id with it, the name of the run, got none")
    start = configuration.checkpoint_settings
    path = Path(start.results_dir) / start.run_id / CONFIGURATION_FILE_NAME
    return path if path.is_file() else None


def _changes(own: RunConfiguration, given: RunConfiguration) -> Iterator[str]:
    before, after = dict(_leaves(own.to_plain())), dict(_leaves(given.to_plain()))
    for path in [*before, *(path for path in after if path not in before)]:
        if path.split(".", 1)[0] not in _OF_THE_START and before.get(path) != after.get(path):
            yield f"{path}: {before.get(path)} → {after.get(path)}"


def _leaves(plain: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in plain.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
