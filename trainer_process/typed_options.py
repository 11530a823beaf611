"""What was typed of `train`'s own options, for which a configuration file has no names; a run remembers them.

A run that is resumed without a configuration goes on by its own, and by these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from trainer_process.atomic_file import write_atomically
from trainer_process.errors import RunFolderError

FILE_NAME = "command_line.json"


@dataclass(frozen=True)
class TypedOptions:
    """The options; those that weren't typed are None, False or empty.

    Attributes:
        agent_count: of a world, in each process.
        behavior: the name of a world's behavior.
        is_reproducible: synchronous, and episodes begin anew, from seeds, with every update.
        checkpoint_interval: updates between checkpoints.
        settings: of the algorithm, that have options of their own.
        assignments: `name=value`, as of `--set`.
    """

    agent_count: int | None = None
    behavior: str | None = None
    is_reproducible: bool = False
    checkpoint_interval: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    assignments: tuple[str, ...] = ()

    def over(self, earlier: TypedOptions) -> TypedOptions:
        """These, and where they say nothing, what was typed earlier."""
        return replace(
            self,
            agent_count=earlier.agent_count if self.agent_count is None else self.agent_count,
            behavior=earlier.behavior if self.behavior is None else self.behavior,
            is_reproducible=self.is_reproducible or earlier.is_reproducible,
            checkpoint_interval=(
                earlier.checkpoint_interval if self.checkpoint_interval is None else self.checkpoint_interval
            ),
            settings={**earlier.settings, **self.settings},
            assignments=(*earlier.assignments, *self.assignments),
        )

    @classmethod
    def read(cls, run_folder: Path) -> TypedOptions:
        """What the run remembers; nothing where it has no such file.

        Raises:
            RunFolderError: the file is damaged.
        """
        path = run_folder / FILE_NAME
        try:
            data = json.loads(path.read_bytes())
            known = cls(**data)
            return replace(known, assignments=tuple(known.assignments), settings=dict(known.settings))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError) as error:
            raise RunFolderError(f"{path}: expected what was typed of the run's options, got {error!r}") from error

    def write(self, run_folder: Path) -> None:
        """Writes the file whole or not at all.

        Raises:
            RunFolderError: it can't be written.
        """
        path = run_folder / FILE_NAME
        try:
            write_atomically(path, (json.dumps(asdict(self), indent=2) + "\n").encode())
        except OSError as error:
            raise RunFolderError(f"run folder: expected to write {path}, got {error}") from error
