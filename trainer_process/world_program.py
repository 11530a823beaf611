"""Worlds that the command line can start by itself: programs of the host SDK, which are spawned and never imported."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import BridgeError

GYMNASIUM_PREFIX = "gymnasium:"
ARENA = "arena"

KNOWN_WORLDS = f"{GYMNASIUM_PREFIX}ID, as {GYMNASIUM_PREFIX}LunarLander-v3, or {ARENA}, the mock engine's world"


class UnknownWorldError(BridgeError, ValueError):
    """The command line can't start the world by itself."""


@dataclass(frozen=True)
class WorldProgram:
    """A world, and the program that plays it.

    Attributes:
        name: as it was asked for.
        module: as after `python -m`.
        arguments: that choose the world.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def find(cls, name: str) -> WorldProgram | None:
        """The program of a world; None where the name is none of these, but perhaps a program's.

        Raises:
            UnknownWorldError: it is to be one of Gymnasium's, and names none.
        """
        if name == ARENA:
            return cls(name, "host_sdk.mock_engine")
        if not name.startswith(GYMNASIUM_PREFIX):
            return None
        world_id = name.removeprefix(GYMNASIUM_PREFIX)
        if not world_id:
            raise UnknownWorldError(f"expected an id after {GYMNASIUM_PREFIX}, as gymnasium:CartPole-v1, got none")
        return cls(name, "host_sdk.adapters.gymnasium", ("--env-id", world_id))

    @classmethod
    def require(cls, name: str) -> WorldProgram:
        """`find`, where it must be one of these.

        Raises:
            UnknownWorldError: it is not.
        """
        found = cls.find(name)
        if found is None:
            raise UnknownWorldError(f"expected {KNOWN_WORLDS}, got {name!r}")
        return found
