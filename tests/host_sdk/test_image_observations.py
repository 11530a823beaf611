"""Images of agents stand beside their vectors, gathered with them and held as they are."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.errors import AgentError, MissingCallError, ValueMismatchError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interactor_callbacks import ObservationObjectElements
from host_sdk.interactor import Interactor
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.observation_value import ObservationObjectElement
from protocol.errors import LayoutMismatchError
from tests.host_sdk.small_game import make_manager


class Painter(Interactor):
    """Agents see a picture of 2 x 2 pixels, all of their slot's number plus the time; and the time."""

    def __init__(self) -> None:
        self.time = 0
        self.poisoned = -1

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        """A picture and a number."""
        return observation_schema.struct({"view": observation_schema.image(2, 2), "time": observation_schema.float()})

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        """Something."""
        return action_schema.bool()

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """One batched element."""
        pixels = np.broadcast_to((agent_ids + self.time)[:, np.newaxis, np.newaxis], (len(agent_ids), 2, 2))
        time = np.where(agent_ids == self.poisoned, np.nan, self.time)
        return observation_object.struct(
            {"view": observation_object.image(pixels.astype(np.uint8)), "time": observation_object.float(time)}
        )


class SingularPainter(Painter):
    """The same, agent by agent."""

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """As a game gets it that overrides only the singular callback."""
        return Interactor.gather_agent_observations(self, observation_object, agent_ids)

    def gather_agent_observation(
        self, observation_object: ObservationObject, agent_id: int
    ) -> ObservationObjectElement:
        """One agent's element."""
        pixels = np.full((2, 2), agent_id + self.time, dtype=np.uint8)
        time = np.nan if agent_id == self.poisoned else self.time
        return observation_object.struct(
            {"view": observation_object.image(pixels), "time": observation_object.float(time)}
        )


class Blind(Painter):
    """Agents see the picture alone."""

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        """A picture."""
        return observation_schema.image(2, 2)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """One batched element."""
        pixels = np.broadcast_to(agent_ids[:, np.newaxis, np.newaxis], (len(agent_ids), 2, 2))
        return observation_object.image(pixels.astype(np.uint8))


@pytest.mark.parametrize("kind", [Painter, SingularPainter])
def test_images_are_gathered_into_the_slots_of_their_agents(kind: type[Painter]) -> None:
    manager = make_manager(4)
    interactor = kind.make_interactor(manager)
    assert (interactor.get_observation_vector_size(), interactor.get_image_vector_size()) == (1, 4)
    interactor.gather_observations()
    assert interactor.image_vectors.tolist() == [[slot] * 4 for slot in range(4)]
    manager.remove_agent(1)
    interactor.buffer.performed[:] = interactor.buffer.decided[:] = interactor.buffer.observed
    interactor.time = 10
    interactor.gather_observations()
    assert interactor.image_vectors.tolist() == [[10] * 4, [1] * 4, [12] * 4, [13] * 4]
    assert interactor.get_image_vector(2).tolist() == [12] * 4


@pytest.mark.parametrize("kind", [Painter, SingularPainter])
def test_images_are_peeked_at_where_they_are_wanted(kind: type[Painter]) -> None:
    interactor = kind.make_interactor(make_manager(3))
    interactor.gather_observations()
    interactor.time = 5
    images = np.zeros((2, 4), dtype=np.uint8)
    assert interactor.peek_observations(np.array([2, 0]), out_images=images).tolist() == [[5.0], [5.0]]
    assert images.tolist() == [[7] * 4, [5] * 4]
    assert interactor.peek_observations(np.array([1])).tolist() == [[5.0]]
    assert interactor.image_vectors[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", [Painter, SingularPainter])
def test_an_observation_that_is_not_finite_is_held_as_zeros_with_its_image(kind: type[Painter]) -> None:
    interactor = kind.make_interactor(make_manager(3))
    interactor.time, interactor.poisoned = 3, 1
    interactor.gather_observations()
    assert interactor.image_vectors[:, 0].tolist() == [3, 0, 5]
    assert interactor.observation_vectors[:, 0].tolist() == [3, 0, 3]


def test_an_observation_of_nothing_but_an_image_has_no_floats() -> None:
    interactor = Blind.make_interactor(make_manager(3))
    interactor.gather_observations()
    assert interactor.image_vectors[:, 3].tolist() == [0, 1, 2]
    assert interactor.observation_vectors.shape == (3, 0)
    assert interactor.get_observation_vector(1)[0].shape == (0,)
    images = np.zeros((1, 4), dtype=np.uint8)
    assert interactor.peek_observations(np.array([2]), out_images=images).shape == (1, 0)
    assert images.tolist() == [[2] * 4]


def test_an_image_may_be_set_by_hand() -> None:
    interactor = Painter.make_interactor(make_manager(2))
    pixels = np.array([1, 2, 3, 4], dtype=np.uint8)
    interactor.set_observation_vector([0.5], interactor.observation_hash, 1)
    interactor.set_image_vector(pixels, interactor.observation_hash, 1)
    assert interactor.get_image_vector(1).tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueMismatchError, match="expected 4 bytes of type uint8, got int64 of shape"):
        interactor.set_image_vector([1, 2, 3, 4], interactor.observation_hash, 1)
    with pytest.raises(LayoutMismatchError):
        interactor.set_image_vector(pixels, 1, 1)
    with pytest.raises(AgentError):
        interactor.set_image_vector(pixels, interactor.observation_hash)
    with pytest.raises(MissingCallError, match="get_image_vector: gather_observations was not called"):
        interactor.get_image_vector(0)
