"""Gymnasium spaces as the JSON texts of a Minari data set's metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import Space, spaces

from protocol.errors import RecordingError, SchemaError


def space_to_text(space: Space[Any]) -> str:
    """The text of a space.

    Raises:
        SchemaError: Minari has no text for it.
    """
    return json.dumps(_to_plain(space))


def space_from_text(text: str) -> Space[Any]:
    """The space of a text; nothing in it is trusted.

    Raises:
        RecordingError: it is none.
    """
    try:
        return _from_plain(json.loads(text))
    except (ValueError, KeyError, TypeError, AssertionError, RecursionError) as error:
        raise RecordingError(f"metadata: expected the text of a space, got {text[:200]!r} ({error!r})") from None


def _to_plain(space: Space[Any]) -> dict[str, Any]:
    match space:
        case spaces.Box():
            low, high = space.low.tolist(), space.high.tolist()
            return {"type": "Box", "dtype": str(space.dtype), "shape": list(space.shape), "low": low, "high": high}
        case spaces.Discrete():
            return {"type": "Discrete", "dtype": "int64", "start": int(space.start), "n": int(space.n)}
        case spaces.MultiDiscrete():
            nvec, start = space.nvec.tolist(), space.start.tolist()
            return {"type": "MultiDiscrete", "dtype": str(space.dtype), "nvec": nvec, "start": start}
        case spaces.MultiBinary():
            return {
                "type": "MultiBinary",
                "n": space.n if isinstance(space.n, int) else [int(each) for each in space.n],
            }
        case spaces.Dict():
            return {"type": "Dict", "subspaces": {str(key): _to_plain(part) for key, part in space.spaces.items()}}
        case spaces.Tuple():
            return {"type": "Tuple", "subspaces": [_to_plain(part) for part in space.spaces]}
        case _:
            raise SchemaError("$", "a space that Minari has a text for", repr(space))


def _from_plain(plain: Mapping[str, Any]) -> Space[Any]:
    match plain["type"]:
        case "Box":
            dtype = np.dtype(plain["dtype"])
            low, high = (np.array(plain[each], dtype=dtype) for each in ("low", "high"))
            return spaces.Box(low, high, tuple(plain["shape"]), dtype.type)
        case "Discrete":
            return spaces.Discrete(int(plain["n"]), start=int(plain.get("start", 0)))
        case "MultiDiscrete":
            nvec, start = np.array(plain["nvec"]), plain.get("start")
            return spaces.MultiDiscrete(
                nvec, np.dtype(plain["dtype"]).type, start=None if start is None else np.array(start)
            )
        case "MultiBinary":
            return spaces.MultiBinary(plain["n"])
        case "Dict":
            return spaces.Dict({key: _from_plain(part) for key, part in plain["subspaces"].items()})
        case "Tuple":
            return spaces.Tuple([_from_plain(part) for part in plain["subspaces"]])
        case other:
            raise ValueError(f"spaces of type {other!r} can't be recorded")
