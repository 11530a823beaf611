"""What counts as a number in data from outside."""

from __future__ import annotations

import sys


def is_finite_number(value: object) -> bool:
    """Whether the value is an int or a float that float64 can hold; a bool is not, nor are NaN and infinities."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max
