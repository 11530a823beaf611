"""Plain data with the place of every value, which other data can be laid over or beneath."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trainer_process.configuration.place import KeyPath, Place


class ValueTree:
    """What a file holds, as nested dicts and lists, and where each of its values stands.

    Attributes:
        root: the data.
        places: of every value, by its path.
        key_places: of every key, by the path of its value.
    """

    def __init__(self, file: str = "") -> None:
        """An empty one; `file` is what its places are in."""
        self.file = file
        self.root: dict[str, object] = {}
        self.places: dict[KeyPath, Place] = {}
        self.key_places: dict[KeyPath, Place] = {}

    def get(self, path: KeyPath) -> object:
        """The value there; None where there is none."""
        value: object = self.root
        for part in path:
            inner = dict(items_of(value))
            if part not in inner:
                return None
            value = inner[part]
        return value

    def mapping(self, path: KeyPath) -> dict[str, object]:
        """The mapping there; an empty one where there is none, or something else."""
        value = self.get(path)
        return value if isinstance(value, dict) else {}

    def has(self, path: KeyPath) -> bool:
        """Whether a value was given there."""
        return path in self.places

    def place(self, path: KeyPath) -> Place:
        """Of a value, or of the nearest thing above it that is there."""
        return self._nearest(self.places, path)

    def key_place(self, path: KeyPath) -> Place:
        """Of a value's key, or of the nearest thing above it that is there."""
        return self.key_places[path] if path in self.key_places else self._nearest(self.places, path)

    def set(self, path: KeyPath, value: object, place: Place) -> None:
        """Puts a value there, over what is there; mappings on the way are made where they are missing."""
        above = self.root
        for depth, part in enumerate(path[:-1], 1):
            inner = above.get(str(part))
            if not isinstance(inner, dict):
                self.remove(path[:depth])
                inner = above[str(part)] = {}
                self._note(path[:depth], inner, place)
            above = inner
        self.remove(path)
        above[str(path[-1])] = value
        self._note(path, value, place)

    def remove(self, path: KeyPath) -> None:
        """Takes a value out, with all below it."""
        above = self.get(path[:-1])
        if not isinstance(above, dict) or path[-1] not in above:
            return
        for below in _paths(path, above.pop(path[-1])):
            self.places.pop(below, None)
            self.key_places.pop(below, None)

    def lay_beneath(self, source: KeyPath, target: KeyPath, *, leave_out: tuple[str, ...] = ()) -> None:
        """Copies what `source` has and `target` hasn't, mapping by mapping, with its places.

        Args:
            source: a mapping.
            target: a mapping.
            leave_out: keys of `source` that aren't copied.
        """
        below, above = self.mapping(source), self.mapping(target)
        for key, value in below.items():
            if key in leave_out:
                continue
            inner = above.get(key)
            if key not in above:
                above[key] = _copied(value)
                self._copy_places((*source, key), (*target, key), value)
            elif isinstance(value, dict) and isinstance(inner, dict):
                self.lay_beneath((*source, key), (*target, key))

    def _copy_places(self, source: KeyPath, target: KeyPath, value: object) -> None:
        for path in _paths(source, value):
            for places in (self.places, self.key_places):
                if path in places:
                    places[(*target, *path[len(source) :])] = places[path]

    def _note(self, path: KeyPath, value: object, place: Place) -> None:
        for below in _paths(path, value):
            self.places[below] = self.key_places[below] = place

    def _nearest(self, places: dict[KeyPath, Place], path: KeyPath) -> Place:
        for length in range(len(path), 0, -1):
            if path[:length] in places:
                return self.key_places.get(path[:length], places[path[:length]]) if length < len(path) else places[path]
        return Place(self.file, 1, 1) if self.file else Place()


def items_of(value: object) -> Iterable[tuple[str | int, object]]:
    """What is below a value: of a mapping, of a list, or nothing."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _paths(path: KeyPath, value: object) -> Iterator[KeyPath]:
    """The path of a value, and of all below it."""
    yield path
    for key, below in items_of(value):
        yield from _paths((*path, key), below)


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
