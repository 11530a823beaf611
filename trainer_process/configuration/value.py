"""Values as a configuration file may write them."""

from __future__ import annotations

import math
import re
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

NUMBER_TEXT = re.compile(r"[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)([eE][-+]?\d+)?", re.ASCII)
"""A number as people write it; YAML 1.1 reads some of them, as 3e-4, as text."""

MAX_TEXT_LENGTH = 4096


def _as_number(value: object) -> object:
    """A number that was quoted is one still, as ML-Agents has it; true and false are none."""
    if isinstance(value, str) and len(value) <= 100 and NUMBER_TEXT.fullmatch(value.strip()):
        value = float(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    if isinstance(value, int) and abs(value) > 2**1000:
        raise ValueError("a number that a float holds")
    if not math.isfinite(value):
        raise ValueError("a finite number")
    return value


def _as_whole(value: object) -> object:
    """5e5 is a whole number, although YAML has it as a float."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        number = _as_number(value)
    except ValueError:
        number = None
    if isinstance(number, float) and number.is_integer():
        return int(number)
    if isinstance(number, int):
        return number
    raise ValueError("a whole number")


def _as_text(value: object) -> object:
    """A number that stands where a name is wanted is one, as ML-Agents has it."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Flag: TypeAlias = StrictBool
Number: TypeAlias = Annotated[float, BeforeValidator(_as_number, json_schema_input_type=float)]
Whole: TypeAlias = Annotated[int, BeforeValidator(_as_whole, json_schema_input_type=int)]
Text: TypeAlias = Annotated[
    StrictStr,
    Field(min_length=1, max_length=MAX_TEXT_LENGTH),
    BeforeValidator(_as_text, json_schema_input_type=str),
]


def _as_text_list(value: object) -> object:
    """One line of arguments is as good as a list, and numbers in one are arguments too."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return [str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item for item in value]
    return value


TextList: TypeAlias = Annotated[tuple[StrictStr, ...], BeforeValidator(_as_text_list)]
