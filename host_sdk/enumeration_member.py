"""Members of a game's enumerations, where names or numbers would do as well."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np


def each_member(members: Any, attribute: str) -> Any:
    """Names or values of members of an enumeration, or of sequences of them; anything else as it is.

    Args:
        members: one, or a list, a tuple or an array of objects.
        attribute: "name" or "value".
    """
    if isinstance(members, Enum):
        return getattr(members, attribute)
    is_array = isinstance(members, np.ndarray)
    if (members.dtype == object) if is_array else isinstance(members, list | tuple):
        # Not by way of numpy, which would take members that are integers for their values.
        return [each_member(member, attribute) for member in members]
    return members
