"""Recorded episodes as values of Gymnasium spaces, and back: what data sets of the field hold.

A recording's actions are as a policy samples them (u); the field's are as a world gets them. Its observations are
divided by their scales; the field's are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces

from host_sdk.adapters.gymnasium.schema_space import (
    FLAT_FLOATS,
    FLAT_IMAGES,
    action_space_of,
    is_structured,
    observation_space_of,
)
from host_sdk.adapters.gymnasium.space_leaf import (
    ByteArray,
    FloatArray,
    SpaceLeaf,
    leaf_is_image,
    leaf_spaces,
    nest,
    part_count,
)
from host_sdk.adapters.gymnasium.space_schema import action_element, observation_element
from host_sdk.errors import InvalidSettingsError, ValueMismatchError
from host_sdk.inference.distribution import ActionDistribution
from host_sdk.interaction.action_sample import samples_of
from protocol.action_layout import ActionLayout
from protocol.errors import SchemaError
from protocol.observation_layout import ObservationLayout
from protocol.schema import ActionElement, ObservationElement
from protocol.schema_hash import action_hash, observation_hash

WORLD_PREFIX = "gymnasium:"
WORLD_KEY = "world"
"""The metadata of a recording that says where it was made, as `gymnasium:CartPole-v1`."""


@dataclass(frozen=True)
class RecordedSpaces:
    """The spaces of a recording's values, and how they lie in its vectors.

    Attributes:
        observation_space: of observations.
        action_space: of actions, as a world gets them.
        observation: the schema of observation vectors.
        action: the schema of action vectors.
    """

    observation_space: Space[Any]
    action_space: Space[Any]
    observation: ObservationElement
    action: ActionElement

    @classmethod
    def of_spaces(cls, observation_space: Space[Any], action_space: Space[Any]) -> RecordedSpaces:
        """What hosts of this project have for a world of these spaces.

        Raises:
            SchemaError: a space has no schema element, or one whose values aren't arrays.
        """
        made = cls(
            observation_space, action_space, observation_element(observation_space), action_element(action_space)
        )
        made.check()
        return made

    @classmethod
    def of_schemas(cls, observation: ObservationElement, action: ActionElement, world: str = "") -> RecordedSpaces:
        """The spaces for schemas: the world's own where it is known and has these schemas, else derived ones.

        Args:
            observation: the schema.
            action: likewise.
            world: as `gymnasium:CartPole-v1`, or anything else for none.
        """
        own = _spaces_of_world(world)
        if own is not None:
            try:
                found = cls.of_spaces(*own)
            except SchemaError:
                found = None
            if found is not None and found.fits(observation, action):
                return cls(*own, observation, action)
        return cls(observation_space_of(observation), action_space_of(action), observation, action)

    def fits(self, observation: ObservationElement, action: ActionElement) -> bool:
        """Whether vectors of these schemas mean the same as its own."""
        mine = observation_hash(self.observation), action_hash(self.action)
        return mine == (observation_hash(observation), action_hash(action))

    def check(self) -> None:
        """Raises SchemaError where values of a space don't lie in arrays, or not as its schema says."""
        _ = self.observation_leaves, self.action_leaves

    @cached_property
    def observation_leaves(self) -> tuple[SpaceLeaf, ...]:
        """Where each leaf of the observation space lies."""
        layout = ObservationLayout.of(self.observation)
        if not is_structured(self.observation):
            return _flat_leaves(self.observation_space, layout.size, layout.image_size)
        found: list[SpaceLeaf] = []
        floats, images = iter(layout.leaves), iter(layout.images)
        for keys, space in leaf_spaces(self.observation_space):
            if leaf_is_image(space):
                image = next(images)
                columns = slice(image.offset, image.offset + image.element.image_size)
                found.append(SpaceLeaf(keys, space, slice(0, 0), columns))
                continue
            parts = [next(floats) for _ in range(part_count(space))]
            columns = slice(parts[0].offset, parts[-1].offset + parts[-1].size)
            found.append(SpaceLeaf(keys, space, columns, slice(0, 0), parts[0].scale))
        return tuple(found)

    @cached_property
    def action_leaves(self) -> tuple[SpaceLeaf, ...]:
        """Where each leaf of the action space lies in a delivered action."""
        layout = self._action_layout
        if not is_structured(self.action):
            return _flat_leaves(self.action_space, layout.vector_size, 0)
        found: list[SpaceLeaf] = []
        leaves = iter(layout.leaves)
        for keys, space in leaf_spaces(self.action_space):
            parts = [next(leaves) for _ in range(part_count(space))]
            columns = slice(parts[0].action_offset, parts[-1].action_offset + parts[-1].size)
            found.append(SpaceLeaf(keys, space, columns, slice(0, 0)))
        return tuple(found)

    @cached_property
    def _action_layout(self) -> ActionLayout:
        return ActionLayout.of(self.action)

    # --- Observations ----------------------------------------------------------------------------------------------

    def observation_vectors(self, values: Any) -> tuple[FloatArray, ByteArray]:
        """float32[n, O] and uint8[n, I] of n observations.

        Raises:
            ValueMismatchError: values are missing, or don't fit the space.
        """
        layout = ObservationLayout.of(self.observation)
        arrays = _arrays(self.observation_leaves, values, "observations")
        floats = np.zeros((len(arrays[0]), layout.size), np.float32)
        images = np.zeros((len(arrays[0]), layout.image_size), np.uint8)
        for leaf, array in zip(self.observation_leaves, arrays, strict=True):
            leaf.write(array, floats, images, "observations")
        return floats, images

    def observations(self, floats: FloatArray, images: ByteArray) -> Any:
        """n observations, nested as the space is, of float32[n, O] and uint8[n, I]."""
        arrays = [leaf.read(floats, images) for leaf in self.observation_leaves]
        return nest(self.observation_leaves, arrays, self.observation_space)

    # --- Actions ---------------------------------------------------------------------------------------------------

    def action_vectors(self, values: Any, *, clips: bool = False) -> FloatArray:
        """float32[n, A], the u that would have been delivered as n actions.

        Args:
            values: nested as the space is.
            clips: numbers beyond their bounds are brought to them, as most worlds do.

        Raises:
            ValueMismatchError: values are missing, or don't fit the space.
        """
        layout = self._action_layout
        arrays = _arrays(self.action_leaves, values, "actions")
        delivered = np.zeros((len(arrays[0]), layout.vector_size), np.float32)
        nothing = np.zeros((len(delivered), 0), np.uint8)
        for leaf, array in zip(self.action_leaves, arrays, strict=True):
            leaf.write(array, delivered, nothing, "actions")
        numbers = delivered[:, : layout.continuous_size]
        if clips:
            np.clip(numbers, layout.low, layout.high, out=numbers)
        self._check_bounds(numbers)
        delivered[:, : layout.continuous_size] = samples_of(
            layout, slice(0, layout.continuous_size), numbers.astype(np.float64)
        )
        return delivered

    def actions(self, vectors: FloatArray) -> Any:
        """n actions as a world gets them, nested as the space is, of sampled ones float32[n, A]."""
        delivered = ActionDistribution(self._action_layout, max_batch=1).to_delivered(vectors)
        nothing = np.zeros((len(delivered), 0), np.uint8)
        arrays = [leaf.read(delivered, nothing) for leaf in self.action_leaves]
        return nest(self.action_leaves, arrays, self.action_space)

    def _check_bounds(self, numbers: npt.NDArray[np.float32]) -> None:
        layout = self._action_layout
        is_outside = (numbers < layout.low) | (numbers > layout.high)
        if is_outside.any():
            step, column = np.argwhere(is_outside)[0].tolist()
            low, high = float(layout.low[column]), float(layout.high[column])
            raise ValueMismatchError(
                f"actions{layout.path_of(column).removeprefix('$')}",
                f"numbers from {low:g} to {high:g}",
                f"{numbers[step, column]:g} at step {step}; --clip-actions brings such ones to their bounds, as most "
                "worlds do, and --env or --like names the world or the schema that they are of",
            )


def _arrays(leaves: tuple[SpaceLeaf, ...], values: Any, path: str) -> list[npt.NDArray[Any]]:
    arrays = [leaf.values_of(values, path) for leaf in leaves]
    for leaf, array in zip(leaves, arrays, strict=True):
        if len(array) != len(arrays[0]):
            raise ValueMismatchError(leaf.path(path), f"{len(arrays[0])} steps, as the others", f"{len(array)}")
    return arrays


def _flat_leaves(space: Space[Any], size: int, image_size: int) -> tuple[SpaceLeaf, ...]:
    if not image_size:
        return (SpaceLeaf((), space, slice(0, size), slice(0, 0)),)
    assert isinstance(space, spaces.Dict)
    return (
        SpaceLeaf((FLAT_FLOATS,), space[FLAT_FLOATS], slice(0, size), slice(0, 0)),
        SpaceLeaf((FLAT_IMAGES,), space[FLAT_IMAGES], slice(0, 0), slice(0, image_size)),
    )


def world_spaces(world: str) -> tuple[Space[Any], Space[Any]]:
    """The spaces of observations and of actions of a registered world.

    Args:
        world: as `gymnasium:CartPole-v1`.

    Raises:
        InvalidSettingsError: there is none, or what it needs is not installed.
    """
    try:
        environment = gymnasium.make(world.removeprefix(WORLD_PREFIX))
    except (gymnasium.error.Error, ImportError) as error:
        raise InvalidSettingsError(f"world {world!r}: expected one that is installed here, got {error}") from error
    found = environment.observation_space, environment.action_space
    environment.close()
    return found


def _spaces_of_world(world: str) -> tuple[Space[Any], Space[Any]] | None:
    """The spaces of a Gymnasium world that is installed here; None for every other."""
    if not world.startswith(WORLD_PREFIX):
        return None
    try:
        return world_spaces(world)
    except InvalidSettingsError:
        return None
