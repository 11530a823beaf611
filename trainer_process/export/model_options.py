"""How a policy becomes an ONNX model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Names: TypeAlias = Literal["learning-bridge", "ml-agents"]
NAMES: tuple[Names, ...] = ("learning-bridge", "ml-agents")


@dataclass(frozen=True)
class ModelOptions:
    """What a caller may choose.

    Attributes:
        names: of inputs and outputs, and the forms that go with them.
        has_modifiers: whether the game may give numbers and mask options.
        is_stochastic: whether there are sampled actions beside the most likely ones.
    """

    names: Names = "learning-bridge"
    has_modifiers: bool = True
    is_stochastic: bool = False
