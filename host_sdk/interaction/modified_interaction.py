"""The part of an interactor that restricts what agents can do in a step."""

from __future__ import annotations

import numpy.typing as npt

from host_sdk.action_modifier import ActionModifier
from host_sdk.errors import MissingCallError, NotSetUpError
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.action_modification import ActionModification
from host_sdk.interaction.agent_selection import Selector
from host_sdk.interaction.interaction_buffer import InteractionBuffer
from host_sdk.interaction.interactor_callbacks import ActionModifierElements, InteractorCallbacks
from host_sdk.interaction.schema_identity import SchemaIdentity
from protocol.vector_array import BoolArray, FloatArray

_OVERRIDE = "override make_agent_action_modifiers (or make_agent_action_modifier), before the interactor is set up"


class ModifiedInteraction(InteractorCallbacks):
    """Action modifiers; see `Interactor`, which is what games inherit from.

    M is the floats of a modifier vector: 0 where the game overrides neither `make_agent_action_modifier` nor
    `make_agent_action_modifiers`, and then nothing of this costs anything.
    """

    def _begin_modification(self, decoder: ActionDecoder, buffer: InteractionBuffer, identity: SchemaIdentity) -> None:
        self.__buffer = buffer
        self.__identity = identity
        self.__modification = ActionModification(self, decoder, buffer) if buffer.modifier_size else None

    @classmethod
    def _makes_action_modifiers(cls) -> bool:
        return (
            cls.make_agent_action_modifier is not InteractorCallbacks.make_agent_action_modifier
            or cls.make_agent_action_modifiers is not InteractorCallbacks.make_agent_action_modifiers
        )

    def _given_numbers(self, agents: Selector) -> tuple[FloatArray, BoolArray] | None:
        """float32[n, C] and bool[n, C]: numbers that the game gave, and which; None where it gives none."""
        return None if self.__modification is None else self.__modification.given(agents)

    def make_action_modifiers(self) -> None:
        """Makes the modifiers of all agents' next actions, by `make_agent_action_modifiers`.

        It comes between `gather_observations` and `decode_and_sample_actions`, and does nothing where the game makes
        no modifiers.

        Raises:
            ValueMismatchError: a modifier doesn't fit the schema, or leaves nothing to choose.
            DoubledCallError: they were made in this step already.
            MissingCallError: nothing was observed yet.
        """
        if self.__modification is None:
            return
        self.__buffer.select(self.manager.agent_ids)
        if self.__buffer.agent_ids.size:
            self.__modification.make()

    def get_action_modifier_vector(self, agent_id: int = -1) -> tuple[FloatArray, int]:
        """The agent's modifier vector, float32[M] (a copy), and the hash of the action schema.

        Raises:
            AgentError: there is no such agent.
            MissingCallError: it has none yet.
        """
        if not self.has_action_modifier_vector(agent_id):
            remedy = "call that first" if self.__modification else _OVERRIDE
            raise MissingCallError("get_action_modifier_vector", "make_action_modifiers", (agent_id,), remedy)
        return self.__buffer.action_modifiers[agent_id].copy(), self.__identity.hash

    def has_action_modifier_vector(self, agent_id: int = -1) -> bool:
        """Whether the agent's modifier has been made or set. Raises AgentError where there is no such agent."""
        self.manager.get_agent(agent_id)
        return bool(self.__buffer.modified[agent_id] > 0)

    def set_action_modifier_vector(
        self,
        action_modifier_vector: npt.ArrayLike,
        action_compatibility_hash: int,
        agent_id: int = -1,
        increment_iteration: bool = True,
    ) -> None:
        """Sets an agent's modifier vector by hand.

        Args:
            action_modifier_vector: float32[M]: given numbers as a policy samples them, flags of which are given, and
                flags of what is masked.
            action_compatibility_hash: of the action schema that the vector was made with.
            agent_id: whose.
            increment_iteration: whether this counts as the step's modifier; false to replace one.

        Raises:
            AgentError: there is no such agent.
            LayoutMismatchError: the vector belongs to another schema.
            ValueMismatchError: it has another size, is not finite, has flags that are neither 0 nor 1, or leaves
                nothing to choose.
            CallOrderError: as `make_action_modifiers`.
            NotSetUpError: this interactor was set up without modifiers.
        """
        self.manager.get_agent(agent_id)
        if self.__modification is None:
            raise NotSetUpError(f"{type(self).__name__} makes no action modifiers; {_OVERRIDE}")
        vector = self.__identity.checked(
            "action modifier",
            action_modifier_vector,
            self.__buffer.modifier_size,
            action_compatibility_hash,
            agent_id,
        )
        self.__modification.set(agent_id, vector, is_counted=increment_iteration)

    def get_action_modifier_vector_size(self) -> int:
        """M: D, or 0 where the game makes no modifiers."""
        return self.__buffer.modifier_size

    @property
    def action_modifier(self) -> ActionModifier | None:
        """What `make_agent_action_modifiers` is given; None where the game makes no modifiers."""
        return None if self.__modification is None else self.__modification.action_modifier

    @property
    def action_modifier_elements(self) -> ActionModifierElements:
        """What `make_agent_action_modifiers` last returned: a list, or one batched modifier."""
        return [] if self.__modification is None else self.__modification.action_modifier_elements
