"""Hypothesis strategies for Gymnasium spaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import Space, spaces
from hypothesis import strategies as st

from host_sdk.adapters.gymnasium.space_schema import observation_element
from protocol.errors import SchemaError

_SHAPES = st.sampled_from([(1,), (3,), (2, 2), ()])


@st.composite
def boxes(draw: st.DrawFn) -> spaces.Box:
    """Boxes of several types, bounded, half bounded and not at all."""
    shape = draw(_SHAPES)
    dtype = draw(st.sampled_from([np.float32, np.float64, np.uint8, np.int32]))
    if np.issubdtype(dtype, np.integer):
        return spaces.Box(0 if dtype == np.uint8 else -7, draw(st.integers(1, 255)), shape, dtype)
    low = draw(st.sampled_from([-1.5, -np.inf]))
    high = draw(st.sampled_from([2.1, np.inf]))
    return spaces.Box(low, high, shape, dtype)


def leaf_spaces() -> st.SearchStrategy[Space[Any]]:
    """Every space that is a leaf."""
    return st.one_of(
        boxes(),
        st.builds(lambda n, start: spaces.Discrete(n, start=start), st.integers(1, 5), st.integers(-3, 3)),
        st.lists(st.integers(1, 4), min_size=1, max_size=4).map(lambda sizes: spaces.MultiDiscrete(sizes)),
        st.integers(1, 4).map(
            lambda start: spaces.MultiDiscrete([[2, 3], [3, 2]], start=np.full((2, 2), start)),
        ),
        st.sampled_from([3, (2, 2)]).map(lambda shape: spaces.MultiBinary(shape)),
    )


def _composites(parts: st.SearchStrategy[Space[Any]]) -> st.SearchStrategy[Space[Any]]:
    return st.one_of(
        st.dictionaries(st.sampled_from(["position", "a.b", "z/0", "kind"]), parts, min_size=1, max_size=3).map(
            lambda named: spaces.Dict(named)
        ),
        st.lists(parts, min_size=1, max_size=3).map(lambda listed: spaces.Tuple(listed)),
    )


def any_space() -> st.SearchStrategy[Space[Any]]:
    """Leaves, and Dicts and Tuples of them, nested."""
    return st.recursive(leaf_spaces(), _composites, max_leaves=5)


def observable_space() -> st.SearchStrategy[Space[Any]]:
    """The same with images, Texts, and Sequences and OneOfs of what there is."""
    leaves = st.one_of(
        leaf_spaces(),
        st.sampled_from([(3, 4), (3, 4, 2), (2, 3, 4), (2, 2, 2)]).map(
            lambda shape: spaces.Box(0, 255, shape, np.uint8)
        ),
        st.sampled_from(["ab ", "a"]).map(lambda charset: spaces.Text(9, charset=charset)),
    )
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            _composites(parts),
            parts.map(lambda part: spaces.Sequence(part)),
            st.lists(parts, min_size=1, max_size=3).map(lambda listed: spaces.OneOf(listed)),
        ),
        max_leaves=4,
    ).filter(_fits)


def _fits(space: Space[Any]) -> bool:
    """Whether the space isn't too large, as Sequences of Sequences soon are."""
    try:
        return observation_element(space).vector_size < 10_000
    except SchemaError:
        return False
