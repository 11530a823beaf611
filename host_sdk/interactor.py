"""How agents see and act: the game's side of observations and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.errors import MissingCallError, ValueMismatchError
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interaction_buffer import ONE_STEP, InteractionBuffer
from host_sdk.interaction.interactor_callbacks import ObservationObjectElements
from host_sdk.interaction.modified_interaction import ModifiedInteraction
from host_sdk.interaction.observation_gathering import ObservationGathering
from host_sdk.interaction.schema_identity import SchemaIdentity
from host_sdk.manager import Manager
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from protocol.action_layout import ActionLayout
from protocol.network_builder import observation_encoded_size
from protocol.observation_layout import ObservationLayout

FloatArray: TypeAlias = npt.NDArray[np.float32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
_Interactor = TypeVar("_Interactor", bound="Interactor")


class Interactor(ModifiedInteraction):
    """How agents interact with the game: what they see and what they can do.

    A game's subclass specifies both once (`specify_agent_observation`, `specify_agent_action`) and, each step, gathers
    observations and performs actions: for one agent (`gather_agent_observation`, `perform_agent_action`), or for all
    at once (`gather_agent_observations`, `perform_agent_actions`), which with batched values touches no Python per
    agent. Where agents can't always do everything, it says so each step: `make_agent_action_modifier(s)`.

    Letters: N agents, O floats of an observation vector, A floats of an action vector.
    """

    before_performing: Callable[[AgentIds], None] | None = None
    """Called with the agents whose actions are about to be performed, while their vectors still stand; for policies."""

    # --- Making ----------------------------------------------------------------------------------------------------

    @classmethod
    def make_interactor(
        cls: type[_Interactor],
        manager: Manager,
        class_: type[_Interactor] | None = None,
        name: str = "Interactor",
        **arguments: object,
    ) -> _Interactor:
        """Constructs an interactor and sets it up.

        Args:
            manager: whose agents it is for.
            class_: the game's subclass; this class itself where it is left away.
            name: for people.
            arguments: handed to the constructor of the class.

        Raises:
            SchemaError: what the class specifies is wrong.
        """
        interactor = (class_ or cls)(**arguments)
        interactor.name = name
        interactor.setup_interactor(manager)
        return interactor

    def setup_interactor(self, manager: Manager) -> None:
        """Asks for the schemas and allocates the buffers. Raises SchemaError, or NotSetUpError when done twice."""
        self.name = getattr(self, "name", type(self).__name__)
        self.__observation_schema, self.__action_schema = ObservationSchema(), ActionSchema()
        self.__observation_element = self.specify_agent_observation(self.__observation_schema)
        self.__action_element = self.specify_agent_action(self.__action_schema)
        self.__observation_layout = ObservationLayout.of(self.__observation_element)
        self.__action_layout = ActionLayout.of(self.__action_element)
        self.__observations = SchemaIdentity("observation", self.__observation_element)
        self.__actions = SchemaIdentity("action", self.__action_element)
        self.__action_object, self.__action_decoder = ActionObject(), ActionDecoder(self.__action_element)
        action_size = self.__action_layout.vector_size
        self.__action_object_elements = self.__action_decoder.decode(np.zeros((0, action_size), np.float32))
        self.__buffer = InteractionBuffer(
            manager.max_agent_count,
            self.__observation_layout.size,
            action_size,
            self.__observation_layout.image_size,
            self.__action_layout.modifier_size if self._makes_action_modifiers() else 0,
        )
        self._begin_modification(self.__action_decoder, self.__buffer, self.__actions)
        self.__gathering = ObservationGathering(self, self.__observation_element, self.__buffer)
        self._listen_to(manager)

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        """Newcomers have no vectors yet."""
        self.__buffer.begin_agents(agent_ids)

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        """Their vectors are forgotten."""
        self.__buffer.begin_agents(agent_ids)

    def on_agents_reset(self, agent_ids: AgentIds) -> None:
        """Their vectors belong to the old episode and are forgotten."""
        self.__buffer.begin_agents(agent_ids)

    # --- The calls of a step ---------------------------------------------------------------------------------------

    def gather_observations(self) -> None:
        """Gathers the observations of all agents, by `gather_agent_observations`, into the observation vectors.

        An observation that is not finite is reported by agent and element, and held as zeros until the next.

        Raises:
            ValueMismatchError: a value doesn't fit the schema.
            DoubledCallError: the last observation was not acted upon yet.
            MissingCallError: the last action was not performed yet.
        """
        agent_ids = self.manager.agent_ids
        self.__gathering.select(agent_ids)
        self.__buffer.check_observation_due("gather_observations")
        if agent_ids.size:
            self.__gathering.gather()

    def peek_observations(
        self, agent_ids: AgentIds, out: FloatArray | None = None, out_images: ByteArray | None = None
    ) -> FloatArray:
        """Gathers what agents see now, apart from the step: no vector and no counter changes.

        Args:
            agent_ids: int64[n].
            out: float32[n, O] to write into; made where it is left away.
            out_images: uint8[n, I] to write the images into, where they are wanted.

        Returns:
            float32[n, O]; numbers that are not finite are reported and left as they are.
        """
        rows = np.empty((len(agent_ids), self.__observation_layout.size), np.float32) if out is None else out
        self.__gathering.peek(agent_ids, rows, out_images)
        return rows

    def perform_actions(self) -> None:
        """Performs the actions of all agents, by `perform_agent_actions`.

        Raises:
            MissingCallError: no action was sampled or set since the last one was performed.
        """
        present = self.manager.agent_ids
        buffer = self.__buffer
        buffer.select(present)
        if not present.size:
            return
        agent_ids = buffer.performance_due_agents("perform_actions")
        agents = buffer.selector if agent_ids is buffer.agent_ids else agent_ids
        self.__action_object_elements = self.__action_decoder.decode(
            buffer.action_vectors[agents], self._given_numbers(agents)
        )
        buffer.performed[agents] = buffer.decided[agents]
        action_counts = self.manager.action_counts
        action_counts[agents] = action_counts[agents] + ONE_STEP
        if self.before_performing is not None:
            self.before_performing(agent_ids)
        self.perform_agent_actions(self.__action_object, self.__action_object_elements, agent_ids)

    # --- Vectors ---------------------------------------------------------------------------------------------------

    def get_observation_vector(self, agent_id: int = -1) -> tuple[FloatArray, int]:
        """The agent's observation vector, float32[O] (a copy), and the hash of its schema.

        Raises:
            AgentError: there is no such agent.
            MissingCallError: it has none yet.
        """
        if not self.has_observation_vector(agent_id):
            raise MissingCallError("get_observation_vector", "gather_observations", (agent_id,), "call that first")
        return self.__buffer.observation_vectors[agent_id].copy(), self.__observations.hash

    def get_image_vector(self, agent_id: int = -1) -> ByteArray:
        """The images of the agent's observation, uint8[I] (a copy), of the same schema. Raises likewise."""
        if not self.has_observation_vector(agent_id):
            raise MissingCallError("get_image_vector", "gather_observations", (agent_id,), "call that first")
        images: ByteArray = self.__buffer.image_vectors[agent_id].copy()
        return images

    def get_action_vector(self, agent_id: int = -1) -> tuple[FloatArray, int]:
        """The agent's action vector as sampled, float32[A] (a copy), and the hash of its schema. Raises likewise."""
        if not self.has_action_vector(agent_id):
            raise MissingCallError("get_action_vector", "decode_and_sample_actions", (agent_id,), "call that first")
        return self.__buffer.action_vectors[agent_id].copy(), self.__actions.hash

    def has_observation_vector(self, agent_id: int = -1) -> bool:
        """Whether the agent's observation has been gathered or set. Raises AgentError where there is none."""
        self.manager.get_agent(agent_id)
        return bool(self.__buffer.observed[agent_id] > 0)

    def has_action_vector(self, agent_id: int = -1) -> bool:
        """Whether the agent's action has been sampled or set. Raises AgentError where there is none."""
        self.manager.get_agent(agent_id)
        return bool(self.__buffer.decided[agent_id] > 0)

    def set_observation_vector(
        self,
        observation_vector: npt.ArrayLike,
        observation_compatibility_hash: int,
        agent_id: int = -1,
        increment_iteration: bool = True,
    ) -> None:
        """Sets an agent's observation vector by hand.

        Args:
            observation_vector: float32[O], finite.
            observation_compatibility_hash: of the schema that the vector was made with.
            agent_id: whose.
            increment_iteration: whether this counts as the step's observation; false to replace one.

        Raises:
            AgentError: there is no such agent.
            LayoutMismatchError: the vector belongs to another schema.
            ValueMismatchError: it has another size, or is not finite.
        """
        self.manager.get_agent(agent_id)
        vector = self.__observations.checked(
            "observation", observation_vector, self.__observation_layout.size, observation_compatibility_hash, agent_id
        )
        self.__buffer.set_observation(agent_id, vector, is_counted=increment_iteration)

    def set_image_vector(
        self, image_vector: npt.ArrayLike, observation_compatibility_hash: int, agent_id: int = -1
    ) -> None:
        """Sets the images of an agent's observation by hand, apart from its vector and uncounted.

        Args:
            image_vector: uint8[I].
            observation_compatibility_hash: of the schema that it was made with.
            agent_id: whose.

        Raises: as `set_observation_vector`.
        """
        self.manager.get_agent(agent_id)
        self.__observations.check(observation_compatibility_hash, agent_id)
        array, size = np.asarray(image_vector), self.__observation_layout.image_size
        if array.dtype != np.uint8 or array.shape != (size,):
            received = f"{array.dtype} of shape {array.shape}"
            raise ValueMismatchError("image vector", f"{size} bytes of type uint8", received, f"agent {agent_id}")
        self.__buffer.image_vectors[agent_id] = array

    def set_action_vector(
        self,
        action_vector: npt.ArrayLike,
        action_compatibility_hash: int,
        agent_id: int = -1,
        increment_iteration: bool = True,
    ) -> None:
        """Sets an agent's action vector by hand; experience tells such a step from one of the policy's own.

        Args:
            action_vector: float32[A], finite, as a policy samples it: before squashing, clipping and scaling.
            action_compatibility_hash: of the schema that the vector was made with.
            agent_id: whose.
            increment_iteration: whether this counts as the step's action; false to replace a sampled one.

        Raises: as `set_observation_vector`.
        """
        self.manager.get_agent(agent_id)
        vector = self.__actions.checked(
            "action", action_vector, self.__action_layout.vector_size, action_compatibility_hash, agent_id
        )
        self.__buffer.set_action(agent_id, self.__action_decoder.canonical(vector), is_counted=increment_iteration)

    # --- Sizes -----------------------------------------------------------------------------------------------------

    def get_observation_vector_size(self) -> int:
        """O."""
        return self.__observation_layout.size

    def get_image_vector_size(self) -> int:
        """I, bytes of an observation's images together."""
        return self.__observation_layout.image_size

    def get_observation_encoded_vector_size(self) -> int:
        """Floats of an observation as the policy's first hidden layer gets it, after the encoder."""
        return observation_encoded_size(self.__observation_element)

    def get_action_vector_size(self) -> int:
        """A."""
        return self.__action_layout.vector_size

    def get_action_encoded_vector_size(self) -> int:
        """Floats that the policy's last layer gives: those of the distribution, since no element encodes itself."""
        return self.__action_layout.distribution_size

    def get_action_distribution_vector_size(self) -> int:
        """D: two floats for each continuous number, one for each discrete choice."""
        return self.__action_layout.distribution_size

    # --- Properties ------------------------------------------------------------------------------------------------

    @property
    def observation_schema(self) -> ObservationSchema:
        """What `specify_agent_observation` was given."""
        return self.__observation_schema

    @property
    def observation_schema_element(self) -> ObservationSchemaElement:
        """What `specify_agent_observation` returned."""
        return self.__observation_element

    @property
    def observation_object(self) -> ObservationObject:
        """What `gather_agent_observations` is given."""
        return self.__gathering.observation_object

    @property
    def observation_object_elements(self) -> ObservationObjectElements:
        """What `gather_agent_observations` last returned in a step: a list, or one batched element."""
        return self.__gathering.observation_object_elements

    @property
    def action_schema(self) -> ActionSchema:
        """What `specify_agent_action` was given."""
        return self.__action_schema

    @property
    def action_schema_element(self) -> ActionSchemaElement:
        """What `specify_agent_action` returned."""
        return self.__action_element

    @property
    def action_object(self) -> ActionObject:
        """What `perform_agent_actions` is given."""
        return self.__action_object

    @property
    def action_object_elements(self) -> ActionObjectElements:
        """What `perform_agent_actions` was last given."""
        return self.__action_object_elements

    @property
    def observation_layout(self) -> ObservationLayout:
        """Where each leaf lies in an observation vector."""
        return self.__observation_layout

    @property
    def action_layout(self) -> ActionLayout:
        """Where each leaf lies in an action vector."""
        return self.__action_layout

    @property
    def observation_hash(self) -> int:
        """The compatibility hash of the observation schema."""
        return self.__observations.hash

    @property
    def action_hash(self) -> int:
        """The compatibility hash of the action schema."""
        return self.__actions.hash

    @property
    def buffer(self) -> InteractionBuffer:
        """The vectors and counters of all agent slots, for policies, critics and trainers."""
        return self.__buffer

    @property
    def observation_vectors(self) -> FloatArray:
        """float32[max, O] of all agent slots, live; for trainers."""
        return self.__buffer.observation_vectors

    @property
    def image_vectors(self) -> ByteArray:
        """uint8[max, I] of all agent slots, the images of the observations, live; for trainers."""
        return self.__buffer.image_vectors

    @property
    def action_vectors(self) -> FloatArray:
        """float32[max, A] of all agent slots, as sampled, live; for trainers."""
        return self.__buffer.action_vectors
