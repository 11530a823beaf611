"""Values of any schema reach the vector in the same way, however a game puts them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.interaction.observation_writer import ObservationWriter
from protocol.schema import ObservationElement
from tests.observation_contents import Content, Index, random_content, value_of, vectors_of
from tests.strategies import observations

AGENTS = 3


class Rows:
    """Rows that held something else, and a writer that is used again and again."""

    def __init__(self, schema: ObservationElement, lead: tuple[int, ...]) -> None:
        self.schema = schema
        self.floats = np.full((*lead, schema.vector_size), 7.0, dtype=np.float32)
        self.images = np.full((*lead, schema.image_size), 7, dtype=np.uint8)
        self.writer = ObservationWriter(schema, self.floats, self.images)

    def write(self, content: Content, index: Index, is_together: Callable[[], bool]) -> None:
        """Makes a value of the content and writes it."""
        self.writer.write(value_of(self.schema, content, index, is_together), range(AGENTS))


@settings(max_examples=100, deadline=None)
@given(observations(has_images=True), st.integers(0, 2**32 - 1))
def test_batched_and_single_values_of_any_schema_give_the_vectors_that_it_says(
    schema: ObservationElement, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    batched, single = Rows(schema, (AGENTS,)), Rows(schema, ())
    forms: tuple[Callable[[], bool], ...] = (lambda: True, lambda: False, lambda: bool(generator.random() < 0.5))
    for is_together in forms:
        content = random_content(schema, generator, (AGENTS,))
        batched.write(content, (slice(None),), is_together)
        for row in range(AGENTS):
            floats, images = vectors_of(schema, content, (row,))
            np.testing.assert_array_equal(batched.floats[row], floats)
            np.testing.assert_array_equal(batched.images[row], images)
            single.write(content, (row,), is_together)
            np.testing.assert_array_equal(single.floats, floats)
            np.testing.assert_array_equal(single.images, images)
