"""What all elements of a schema have in common, whether they are observed or acted.

Core elements have a layout, a network and values of their own. Derived ones (a location, an angle, an optional …) only
say which core element they are made of: what is built on schemas works on `core_of` and knows the core elements alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from protocol.schema.validation import check_tag


@dataclass(frozen=True)
class Element(ABC):
    """A node of a schema's tree.

    Attributes:
        tag: a word of the game's own for what this element stands for. It takes no part in the hash: values that are
            made with a tag must have the element's.
    """

    type_name: ClassVar[str]
    """What the element is called on the wire, in hashes and in messages."""

    encoding_keys: ClassVar[frozenset[str]] = frozenset()
    """Fields that say how a network reads the element; they change nothing about the vector."""

    child_keys: ClassVar[tuple[str, ...]] = ()
    """Fields that hold one element each; a field `elements` holds named ones."""

    tag: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        check_tag(self.tag)

    @property
    @abstractmethod
    def vector_size(self) -> int:
        """Floats that it takes in the vector."""

    @property
    def image_size(self) -> int:
        """Bytes that it takes in the vector of images."""
        return 0

    @property
    def children(self) -> tuple[tuple[str, Element], ...]:
        """(path from this element, element) of those directly below; none below a leaf."""
        return ()

    @property
    def core(self) -> Element:
        """What it is made of; a core element is made of itself."""
        return self


def core_of(element: Element) -> Element:
    """The core element that an element is made of in the end."""
    while (core := element.core) is not element:
        element = core
    return element
