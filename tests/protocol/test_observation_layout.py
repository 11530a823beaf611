"""Layouts of observations place every leaf and every image where both sides look for it."""

from __future__ import annotations

import pytest
from hypothesis import given

from protocol.observation_layout import ObservationLayout
from protocol.schema import (
    BoolObservation,
    ContinuousObservation,
    EitherObservation,
    EncodingObservation,
    ExclusiveDiscreteObservation,
    FloatObservation,
    ImageObservation,
    InclusiveUnionObservation,
    MapObservation,
    ObservationElement,
    OptionalObservation,
    PairObservation,
    RotationObservation,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from tests.strategies import observations

ENEMY = StructObservation((("kind", ExclusiveDiscreteObservation(2)), ("position", ContinuousObservation(2, 100.0))))
OBSERVATION = StructObservation(
    (("speed", FloatObservation(5.0)), ("enemies", StaticArrayObservation(ENEMY, 2)), ("armed", BoolObservation()))
)


def leaves_of(element: ObservationElement) -> list[tuple[str, str, int, int, float]]:
    """(path, kind, offset, size, scale) of each leaf."""
    return [(leaf.path, leaf.kind, leaf.offset, leaf.size, leaf.scale) for leaf in ObservationLayout.of(element).leaves]


def test_leaves_follow_one_another_in_the_order_of_declaration() -> None:
    layout = ObservationLayout.of(OBSERVATION)
    assert layout.size == 10
    assert leaves_of(OBSERVATION) == [
        ("$.speed", "continuous", 0, 1, 5.0),
        ("$.enemies[0].kind", "exclusive", 1, 2, 1.0),
        ("$.enemies[0].position", "continuous", 3, 2, 100.0),
        ("$.enemies[1].kind", "exclusive", 5, 2, 1.0),
        ("$.enemies[1].position", "continuous", 7, 2, 100.0),
        ("$.armed", "inclusive", 9, 1, 1.0),
    ]
    assert layout.normalized.tolist() == [True, False, False, True, True, False, False, True, True, False]
    assert layout.path_of(8) == "$.enemies[1].position[1]"


def test_a_set_has_its_slots_and_then_which_of_them_are_taken() -> None:
    assert leaves_of(SetObservation(ENEMY, 2)) == [
        ("$[0].kind", "exclusive", 0, 2, 1.0),
        ("$[0].position", "continuous", 2, 2, 100.0),
        ("$[1].kind", "exclusive", 4, 2, 1.0),
        ("$[1].position", "continuous", 6, 2, 100.0),
        ("$.present", "inclusive", 8, 2, 1.0),
    ]
    assert [path for path, *_ in leaves_of(MapObservation(BoolObservation(), FloatObservation(), 1))] == [
        "$[0].key",
        "$[0].value",
        "$.present",
    ]


def test_the_options_of_an_exclusive_union_share_the_floats_of_the_largest() -> None:
    either = EitherObservation(FloatObservation(), ContinuousObservation(3, 2.0))
    assert leaves_of(either) == [
        ("$.a", "continuous", 0, 1, 1.0),
        ("$.b", "continuous", 0, 3, 2.0),
        ("$.choice", "exclusive", 3, 2, 1.0),
    ]
    assert leaves_of(OptionalObservation(FloatObservation())) == [
        ("$.valid", "continuous", 0, 1, 1.0),
        ("$.choice", "exclusive", 1, 2, 1.0),
    ]


def test_the_options_of_an_inclusive_union_have_floats_of_their_own() -> None:
    union = InclusiveUnionObservation((("a", FloatObservation()), ("b", ContinuousObservation(2))))
    assert [(path, offset, size) for path, _, offset, size, _ in leaves_of(union)] == [
        ("$.a", 0, 1),
        ("$.b", 1, 2),
        ("$.present", 3, 2),
    ]


def test_what_may_be_absent_or_has_a_geometry_is_kept_from_the_normaliser() -> None:
    numbers = ContinuousObservation(2)
    for element in (
        SetObservation(numbers, 2),
        OptionalObservation(numbers),
        InclusiveUnionObservation((("a", numbers),)),
        RotationObservation(),
        ContinuousObservation(2, normalize=False),
    ):
        assert not ObservationLayout.of(element).normalized.any()
    for element in (PairObservation(numbers, numbers), EncodingObservation(numbers)):
        assert ObservationLayout.of(element).normalized.all()


def test_images_lie_one_behind_the_other_in_a_vector_of_their_own() -> None:
    element = PairObservation(
        StructObservation((("map", ImageObservation(3, 4)), ("speed", FloatObservation()))),
        EncodingObservation(ImageObservation(2, 2, 3, 1.0)),
    )
    layout = ObservationLayout.of(element)
    assert (layout.size, layout.image_size) == (1, 24)
    assert [(image.path, image.offset, image.element.scale) for image in layout.images] == [
        ("$.key.map", 0, 255.0),
        ("$.value", 12, 1.0),
    ]
    alone = ObservationLayout.of(ImageObservation(2, 2))
    assert (alone.size, alone.image_size, alone.leaves) == (0, 4, ())


def test_layout_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ObservationLayout.of(OBSERVATION).normalized[0] = True


def test_a_float_outside_the_vector_has_no_path() -> None:
    with pytest.raises(IndexError, match="no float 10"):
        ObservationLayout.of(OBSERVATION).path_of(10)


@given(observations(has_images=True))
def test_leaves_cover_the_vector_and_images_theirs(element: ObservationElement) -> None:
    layout = ObservationLayout.of(element)
    assert (layout.size, layout.image_size) == (element.vector_size, element.image_size)
    assert {i for leaf in layout.leaves for i in range(leaf.offset, leaf.offset + leaf.size)} == set(range(layout.size))
    ends = [0, *(image.offset + image.element.image_size for image in layout.images)]
    assert [image.offset for image in layout.images] == ends[:-1]
    assert ends[-1] == layout.image_size
