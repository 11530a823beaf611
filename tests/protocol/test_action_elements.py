"""What every action element keeps to, whatever it is."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from protocol.action_layout import ActionLayout
from protocol.errors import SchemaError
from protocol.initial_weights import initial_weights
from protocol.limits import MAX_SCHEMA_DEPTH
from protocol.network_builder import build_policy_spec
from protocol.schema import (
    ActionElement,
    AngleAction,
    BitmaskAction,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    EitherAction,
    EncodingAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    InclusiveDiscreteAction,
    NullAction,
    OptionalAction,
    PairAction,
    RotationAction,
    StructAction,
    TransformAction,
    action_from_wire,
    action_to_wire,
)
from protocol.schema.element import core_of
from protocol.schema.registry import ACTION_TYPES
from protocol.schema_hash import action_hash
from tests.action_examples import ACTION_EXAMPLES, OTHER_VALUES

each_action = pytest.mark.parametrize(
    ("element", "size"), ACTION_EXAMPLES, ids=lambda value: getattr(value, "type_name", None)
)


def beside(element: ActionElement) -> ActionElement:
    """The element beside another one, so that there is something to do."""
    return StructAction((("beside", BoolAction()), ("element", element)))


def variations(element: ActionElement) -> Iterator[tuple[str, ActionElement]]:
    """(field, the element with another value in it) for those fields that can change by themselves."""
    for field in fields(element):
        value = OTHER_VALUES.get(field.name)
        if field.name in ("tag", "bounding", "size") or (field.name in ("low", "high") and element.vector_size != 1):
            continue
        yield field.name, replace(element, **{field.name: value})


def test_every_action_has_an_example() -> None:
    assert [element.type_name for element, _ in ACTION_EXAMPLES] == list(ACTION_TYPES)


@each_action
def test_an_action_takes_the_floats_that_its_layout_has(element: ActionElement, size: int) -> None:
    layout = ActionLayout.of(beside(element))
    assert element.vector_size == size == layout.vector_size - 1
    assert sum(leaf.size for leaf in layout.leaves) == size + 1


@each_action
def test_a_derived_action_lies_as_its_core_does(element: ActionElement, size: int) -> None:
    core = core_of(element)
    assert isinstance(core, ActionElement)
    assert ActionLayout.of(beside(element)).leaves == ActionLayout.of(beside(core)).leaves
    observation = BoolObservation()
    of_element, of_core = build_policy_spec(observation, beside(element)), build_policy_spec(observation, beside(core))
    assert of_element.hash == of_core.hash


@each_action
def test_an_action_survives_the_wire_with_its_tag(element: ActionElement, size: int) -> None:
    for one in (element, replace(element, tag="what the driver does")):
        wire = json.loads(json.dumps(action_to_wire(one)))
        assert action_from_wire(wire) == one
        assert ("tag" in wire) == bool(one.tag)


@each_action
def test_what_changes_the_meaning_of_an_action_changes_its_hash(element: ActionElement, size: int) -> None:
    hashes = {action_hash(element)}
    for name, changed in variations(element):
        if name in element.encoding_keys:
            assert action_hash(changed) in hashes, name
        else:
            assert action_hash(changed) not in hashes, name
            hashes.add(action_hash(changed))
    assert action_hash(replace(element, tag="other")) == action_hash(element)


@each_action
def test_encodings_change_the_network_hash_and_priors_only_where_a_policy_begins(
    element: ActionElement, size: int
) -> None:
    plain = build_policy_spec(BoolObservation(), beside(element))
    for name, changed in variations(element):
        spec = build_policy_spec(BoolObservation(), beside(changed))
        if name.startswith("prior"):
            assert spec.hash == plain.hash
            assert not np.array_equal(initial_weights(spec, 1), initial_weights(plain, 1))
        elif name in element.encoding_keys:
            assert spec.hash != plain.hash, name


@each_action
@pytest.mark.parametrize("key", ["missing", "extra"])
def test_an_action_with_other_keys_is_refused(element: ActionElement, size: int, key: str) -> None:
    wire = action_to_wire(element)
    keys = [name for name in wire if name != "type"]
    if key == "extra":
        wire["colour"] = "green"
    elif keys:
        del wire[keys[-1]]
    else:
        return
    with pytest.raises(SchemaError, match="keys"):
        action_from_wire({"type": "struct", "elements": [{"name": "inner", "element": wire}]})


def test_hashes_are_the_same_in_another_process() -> None:
    program = (
        "from tests.action_examples import ACTION_EXAMPLES\n"
        "from protocol.schema_hash import action_hash\n"
        "print([action_hash(element) for element, _ in ACTION_EXAMPLES])"
    )
    ours = [action_hash(element) for element, _ in ACTION_EXAMPLES]
    theirs = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(theirs.stdout) == ours


def test_an_encoding_has_the_hash_of_what_it_encodes() -> None:
    plain = StructAction((("a", ContinuousAction(2)),))
    assert action_hash(StructAction((("a", EncodingAction(ContinuousAction(2))),))) == action_hash(plain)
    assert action_hash(EncodingAction(plain)) == action_hash(plain)


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: ExclusiveDiscreteAction(3, (0.5, 0.5)), "$.prior_probabilities"),
        (lambda: ExclusiveDiscreteAction(2, (0.5, 0.6)), "$.prior_probabilities"),
        (lambda: ExclusiveDiscreteAction(2, (0.0, 1.0)), "$.prior_probabilities[0]"),
        (lambda: ExclusiveDiscreteAction(2, (1.5, -0.5)), "$.prior_probabilities[1]"),
        (lambda: ExclusiveDiscreteAction(2, [0.5, 0.5]), "$.prior_probabilities"),  # type: ignore[arg-type]
        (lambda: ExclusiveDiscreteAction(2, ("a", "b")), "$.prior_probabilities[0]"),  # type: ignore[arg-type]
        (lambda: InclusiveDiscreteAction(2, (0.5, 1.0)), "$.prior_probabilities[1]"),
        (lambda: InclusiveDiscreteAction(2, (float("nan"), 0.5)), "$.prior_probabilities[0]"),
        (lambda: BoolAction(0.0), "$.prior_probability"),
        (lambda: OptionalAction(BoolAction(), 1.0), "$.prior_probability"),
        (lambda: EitherAction(BoolAction(), BoolAction(), -1.0), "$.prior_probability_of_a"),
        (lambda: ExclusiveUnionAction(()), "$"),
        (lambda: ExclusiveUnionAction((("a", BoolAction()), ("a", BoolAction()))), "$.a"),
        (lambda: ExclusiveUnionAction((("a", BoolObservation()),)), "$.a"),  # type: ignore[arg-type]
        (lambda: ExclusiveUnionAction((("a", BoolAction()), ("b", BoolAction())), (0.5, 0.1)), "$.prior_prob"),
        (lambda: BitmaskAction(("a", "b"), (0.5,)), "$.prior_probabilities"),
        (lambda: BitmaskAction(()), "$.names"),
        (lambda: PairAction(BoolAction(), BoolObservation()), "$.value"),  # type: ignore[arg-type]
        (lambda: EncodingAction(BoolAction(), 0), "$.encoding_size"),
        (lambda: EncodingAction(BoolAction(), 8, (0,)), "$.hidden_sizes[0]"),
        (lambda: EncodingAction(BoolAction(), 8, (), "sine"), "$.activation"),  # type: ignore[arg-type]
        (lambda: AngleAction(-90.0), "$.scale"),
        (lambda: TransformAction(100.0, 0.0), "$.rotation_scale"),
        (lambda: ActionLayout.of(StructAction((("a", NullAction()),))), "$"),
    ],
)
def test_wrong_element_is_refused_by_path(make: Callable[[], object], path: str) -> None:
    with pytest.raises(SchemaError) as raised:
        make()
    assert raised.value.path.startswith(path)


def test_unions_nest_as_deep_as_the_limit_allows() -> None:
    element: ActionElement = BoolAction()
    for _ in range(MAX_SCHEMA_DEPTH - 1):
        element = OptionalAction(element)
    layout = ActionLayout.of(element)
    assert len(layout.gated_levels) == MAX_SCHEMA_DEPTH - 1
    with pytest.raises(SchemaError, match="levels"):
        OptionalAction(element)


def test_angles_are_radians_of_their_scale_in_degrees() -> None:
    for element in (AngleAction(60.0), RotationAction(60.0)):
        (leaf,) = ActionLayout.of(element).leaves
        assert leaf.scale == pytest.approx(math.pi / 3)
