"""An expert of the arena, written by hand: for demonstrations, and as a measure of what is learnt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_object import ActionObject
from host_sdk.action_value import ActionValue
from host_sdk.controller import Controller
from host_sdk.manager import AgentIds
from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import Gear

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_TINY_M = 1e-9


class ArenaExpert(Controller):
    """Steers each agent at its goal, past the hazard that is first in the way, and keeps off walls; batched.

    It sees what agents see: the arena where they are, and the hazards in their sight.
    """

    def __init__(
        self, arena: Arena, *, speed_m_s: float = 3.6, clearance_m: float = 0.4, response_s: float = 0.2
    ) -> None:
        """
        Args:
            arena: of the agents.
            speed_m_s: at which it travels.
            clearance_m: how far from the rim of a hazard it passes.
            response_s: in which it wants to have the velocity that it wants.
        """
        super().__init__()
        self._arena = arena
        self._speed_m_s = speed_m_s
        self._clearance_m = clearance_m
        self._response_s = response_s

    def evaluate_agent_controllers(self, action_object: ActionObject, agent_ids: AgentIds) -> ActionValue:
        arena, settings = self._arena, self._arena.settings
        velocities = arena.velocities[agent_ids]
        wanted = self._directions(agent_ids) * self._speed_m_s
        # What is missing of the wanted velocity, and what drag takes away of it meanwhile.
        cruise_m_s2, boost_m_s2 = settings.gear_power_m_s2[Gear.CRUISE], settings.gear_power_m_s2[Gear.BOOST]
        needed = (wanted - velocities) / self._response_s + settings.gear_drag_per_s[Gear.CRUISE] * wanted
        gears = np.full(len(agent_ids), int(Gear.CRUISE))
        most = np.abs(needed).max(axis=1)
        can_boost = arena.can_boost(agent_ids)
        gears[(most > 1.5 * cruise_m_s2) & can_boost] = Gear.BOOST
        speeds = _lengths(velocities)[:, 0]
        is_astray = np.einsum("nd,nd->n", velocities, wanted) < 0.0
        gears[is_astray & (speeds > 0.5 * self._speed_m_s)] = Gear.BRAKE
        power = np.where(gears == Gear.BOOST, boost_m_s2, cruise_m_s2)
        thrusts = needed / np.maximum(power, most)[:, np.newaxis]
        return action_object.struct({"thrust": action_object.continuous(thrusts), "gear": action_object.enum(gears)})

    def _directions(self, agent_ids: AgentIds) -> FloatArray:
        """float64[n, 2] of length 1, where to go now."""
        arena = self._arena
        offsets = arena.goal_offsets(agent_ids)
        distances = np.maximum(_lengths(offsets), _TINY_M)
        directions = offsets / distances
        sight = arena.hazards_in_sight(agent_ids)
        if not sight.locations.shape[1]:
            return directions
        to_hazards = sight.locations[..., :2] - arena.positions[agent_ids][:, np.newaxis]
        gaps = np.maximum(_lengths(to_hazards)[..., 0], _TINY_M)
        radius = arena.settings.hazard_radius_m + self._clearance_m
        along = np.einsum("nkd,nd->nk", to_hazards, directions)
        across = directions[:, np.newaxis, 0] * to_hazards[..., 1] - directions[:, np.newaxis, 1] * to_hazards[..., 0]
        is_in_way = sight.is_in_sight & (np.abs(across) < radius) & (along > 0.0) & (gaps < distances + radius)
        is_in_way |= sight.is_in_sight & (gaps < radius)
        first = np.where(is_in_way, gaps, np.inf).argmin(axis=1)
        agents = np.arange(len(agent_ids))
        return np.where(
            is_in_way.any(axis=1)[:, np.newaxis],
            self._past(to_hazards[agents, first], gaps[agents, first], across[agents, first], radius, agent_ids),
            directions,
        )

    def _past(
        self, to_hazards: FloatArray, gaps: FloatArray, across: FloatArray, radius: float, agent_ids: AgentIds
    ) -> FloatArray:
        """float64[n, 2] of length 1, along the tangent of a circle about the hazard; away from it within the circle."""
        towards = to_hazards / gaps[:, np.newaxis]
        sines = np.minimum(radius / gaps, 1.0)
        cosines = np.sqrt(1.0 - sines**2)
        # A hazard to the left is passed on the right, unless there is no room between it and a wall.
        signs = np.where(across > 0.0, -1.0, 1.0)
        hazards = self._arena.positions[agent_ids] + to_hazards
        sides = np.stack([-towards[:, 1], towards[:, 0]], axis=1)
        most = self._arena.settings.half_size_m - self._arena.settings.agent_radius_m
        is_walled = np.abs(hazards + sides * (signs * radius)[:, np.newaxis]).max(axis=1) > most
        signs = np.where(is_walled, -signs, signs)
        tangents = towards * cosines[:, np.newaxis] + sides * (signs * sines)[:, np.newaxis]
        is_within = (gaps < radius)[:, np.newaxis]
        away = tangents - towards * (radius / gaps - 1.0)[:, np.newaxis] * 2.0
        away /= np.maximum(_lengths(away), _TINY_M)
        directions: FloatArray = np.where(is_within, away, tangents)
        return directions


def _lengths(vectors: FloatArray) -> FloatArray:
    """[..., 1]."""
    squares: FloatArray = np.einsum("...d,...d->...", vectors, vectors)
    return np.sqrt(squares)[..., np.newaxis]
