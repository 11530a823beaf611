"""What an agent of a `.demo` file did: continuous numbers, and a choice in each discrete branch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.action_layout import ActionLayout
from protocol.errors import RecordingError
from protocol.schema import ActionElement, ContinuousAction, ExclusiveDiscreteAction, StructAction

CONTINUOUS_TYPE = 1
"""Of `vector_action_space_type`, in files from before there were both kinds at once."""

FloatArray = npt.NDArray[np.float32]


class RecordedActions:
    """How the actions of a file lie in action vectors.

    Attributes:
        continuous_size: numbers.
        branch_sizes: options of each branch.
    """

    def __init__(self, brain: Any) -> None:
        """
        Args:
            brain: BrainParameters.

        Raises:
            RecordingError: it says that the agent can do nothing.
        """
        spec = brain.action_spec
        self.continuous_size: int = spec.num_continuous_actions
        self.branch_sizes: tuple[int, ...] = tuple(spec.discrete_branch_sizes)
        if not self.continuous_size and not self.branch_sizes:
            sizes = tuple(brain.vector_action_size)
            if brain.vector_action_space_type == CONTINUOUS_TYPE:
                self.continuous_size = sum(sizes)
            else:
                self.branch_sizes = sizes
        if self.continuous_size < 0 or min(self.branch_sizes, default=1) < 1:
            raise RecordingError(f"expected sizes of actions, got {self.continuous_size} and {self.branch_sizes}")
        if not self.continuous_size and not self.branch_sizes:
            raise RecordingError("expected at least one action in the brain parameters, got none")

    def schema(self, *, is_bounded: bool) -> ActionElement:
        """A struct of `continuous` and `branch_0`, `branch_1` …; of those that there are.

        Args:
            is_bounded: whether continuous numbers are clipped to −1 and 1, as ML-Agents' policies do.
        """
        elements: list[tuple[str, ActionElement]] = []
        size = self.continuous_size
        if size:
            bounded = ContinuousAction(size, bounding="clip", low=(-1.0,) * size, high=(1.0,) * size)
            elements.append(("continuous", bounded if is_bounded else ContinuousAction(size)))
        elements += [(f"branch_{i}", ExclusiveDiscreteAction(options)) for i, options in enumerate(self.branch_sizes)]
        return StructAction(tuple(elements))

    def vector(self, action: Any) -> FloatArray:
        """float32[A] of an AgentAction: the numbers, then a one-hot for each branch.

        Raises:
            RecordingError: it has other sizes than the brain parameters say, or an option that isn't there.
        """
        numbers, choices = list(action.continuous_actions), list(action.discrete_actions)
        if not numbers and not choices:
            old = list(action.vector_actions)
            numbers, choices = (old, []) if self.continuous_size else ([], [int(each) for each in old])
        if len(numbers) != self.continuous_size or len(choices) != len(self.branch_sizes):
            raise RecordingError(
                f"expected {self.continuous_size} continuous numbers and {len(self.branch_sizes)} choices, got "
                f"{len(numbers)} and {len(choices)}"
            )
        hots = np.zeros(sum(self.branch_sizes), np.float32)
        offset = 0
        for branch, (choice, options) in enumerate(zip(choices, self.branch_sizes, strict=True)):
            if not 0 <= choice < options:
                raise RecordingError(f"branch {branch}: expected a choice from 0 to {options - 1}, got {choice}")
            hots[offset + choice] = 1.0
            offset += options
        return np.concatenate([np.array(numbers, np.float32), hots])

    def modifier(self, mask: Any, vector: FloatArray, layout: ActionLayout) -> FloatArray:
        """float32[M], with the options of the branches that could not be taken; never the one that was.

        Args:
            mask: a flag for each option of all branches, true where it could not be taken; empty for none.
            vector: float32[A], what was done.
            layout: of the schema.

        Raises:
            RecordingError: there are flags, but not one for each option.
        """
        modifier = np.zeros(layout.modifier_size, np.float32)
        if len(mask):
            if len(mask) != sum(self.branch_sizes):
                raise RecordingError(f"expected a mask of {sum(self.branch_sizes)} options, got {len(mask)}")
            hots = vector[self.continuous_size :]
            start = 2 * self.continuous_size
            modifier[start : start + len(mask)] = np.array(mask, np.float32) * (1.0 - hots)
        return modifier
