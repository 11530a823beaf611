"""How a fighter sees the field and gives orders: with what is forbidden masked, or without being told."""

from __future__ import annotations

import numpy as np

from host_sdk import (
    ActionModifier,
    ActionModifierElement,
    ActionObject,
    ActionObjectElements,
    ActionSchema,
    ActionSchemaElement,
    AgentIds,
    Interactor,
    ObservationObject,
    ObservationObjectElement,
    ObservationSchema,
    ObservationSchemaElement,
)
from tools.bench.worlds.skirmish import (
    COOLDOWN_STEPS,
    ENEMY_DISTANCE_M,
    MAX_ENEMIES,
    MAX_HEALTH,
    MAX_POTIONS,
    MAX_STAMINA,
    WEAPON_COUNT,
    Order,
    Orders,
    Skirmish,
)

LEAST_SHIELD_STAMINA = 0.1
"""With less stamina no shield can be raised, where masks are made."""
ORDERS = {"attack": Order.ATTACK, "heal": Order.HEAL, "retreat": Order.RETREAT, "wait": Order.WAIT}


class FlatSkirmishInteractor(Interactor):
    """Chooses freely; what is forbidden is a step lost."""

    def __init__(self, world: Skirmish) -> None:
        super().__init__()
        self._world = world

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        enemy = observation_schema.struct(
            {"is_present": observation_schema.bool(), "distance": observation_schema.float(scale=ENEMY_DISTANCE_M)}
        )
        return observation_schema.struct(
            {
                "health": observation_schema.float(scale=MAX_HEALTH),
                "stamina": observation_schema.float(scale=MAX_STAMINA),
                "potions": observation_schema.count(scale=MAX_POTIONS),
                "wind": observation_schema.float(),
                "cooldowns": observation_schema.continuous(WEAPON_COUNT, scale=COOLDOWN_STEPS),
                "enemies": observation_schema.static_array(enemy, MAX_ENEMIES),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        attack = action_schema.struct(
            {
                "weapon": action_schema.exclusive_discrete(WEAPON_COUNT),
                "target": action_schema.exclusive_discrete(MAX_ENEMIES),
            }
        )
        part = action_schema.float(bounding="squash", low=0.0, high=1.0)
        return action_schema.struct(
            {
                "order": action_schema.exclusive_union(
                    {"attack": attack, "heal": action_schema.null(), "retreat": part, "wait": action_schema.null()}
                ),
                "aim": action_schema.float(bounding="squash", low=-1.0, high=1.0),
                "shield": action_schema.optional(part),
            }
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        world = self._world
        enemy = observation_object.struct(
            {
                "is_present": observation_object.bool(world.is_present[agent_ids]),
                "distance": observation_object.float(world.distances_m[agent_ids]),
            }
        )
        return observation_object.struct(
            {
                "health": observation_object.float(world.health[agent_ids]),
                "stamina": observation_object.float(world.stamina[agent_ids]),
                "potions": observation_object.count(world.potions[agent_ids]),
                "wind": observation_object.float(world.wind[agent_ids]),
                "cooldowns": observation_object.continuous(world.cooldowns[agent_ids]),
                "enemies": observation_object.static_array(enemy),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        parts = action_object.get_struct(action_object_elements)
        names, options = action_object.get_exclusive_union(parts["order"])
        attack = action_object.get_struct(options["attack"])
        has_shield, shield = action_object.get_optional(parts["shield"])
        order = np.select([names == name for name in ORDERS], list(ORDERS.values()))
        self._world.step(
            Orders(
                order=order,
                weapon=action_object.get_exclusive_discrete(attack["weapon"]),
                target=action_object.get_exclusive_discrete(attack["target"]),
                retreat=action_object.get_float(options["retreat"]).astype(np.float64),
                aim=action_object.get_float(parts["aim"]).astype(np.float64),
                shield=np.where(has_shield, action_object.get_float(shield), 0.0),
            )
        )


class SkirmishInteractor(FlatSkirmishInteractor):
    """Masks what is forbidden; and, of an attack that is forbidden as a whole, nothing within."""

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElement:
        world = self._world
        is_allowed = world.allowed_orders()[agent_ids]
        can_attack = is_allowed[:, Order.ATTACK, None]
        has_stamina = world.stamina[agent_ids] >= LEAST_SHIELD_STAMINA
        attack = action_modifier.struct(
            {
                "weapon": action_modifier.exclusive_discrete(can_attack & ~world.is_ready[agent_ids]),
                "target": action_modifier.exclusive_discrete(can_attack & ~world.is_present[agent_ids]),
            }
        )
        return action_modifier.struct(
            {
                "order": action_modifier.exclusive_union(~is_allowed, {"attack": attack}),
                "shield": action_modifier.optional(masked=np.stack([np.zeros_like(has_stamina), ~has_stamina], axis=1)),
            }
        )
