"""What every element of a schema keeps to, whatever it is."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.errors import SchemaError
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.observation_layout import ObservationLayout
from protocol.schema import (
    BoolAction,
    BoolObservation,
    ObservationElement,
    StructObservation,
    observation_from_wire,
    observation_to_wire,
)
from protocol.schema.element import core_of
from protocol.schema.registry import OBSERVATION_TYPES
from protocol.schema_hash import observation_hash
from tests.schema_examples import OBSERVATION_EXAMPLES, variations

each_observation = pytest.mark.parametrize(
    ("element", "size"), OBSERVATION_EXAMPLES, ids=lambda value: getattr(value, "type_name", None)
)


def test_every_observation_has_an_example() -> None:
    assert [element.type_name for element, _ in OBSERVATION_EXAMPLES] == list(OBSERVATION_TYPES)


@each_observation
def test_an_observation_takes_the_floats_that_its_layout_has(element: ObservationElement, size: int) -> None:
    layout = ObservationLayout.of(element)
    assert element.vector_size == layout.size == size
    covered = {index for leaf in layout.leaves for index in range(leaf.offset, leaf.offset + leaf.size)}
    assert covered == set(range(size))
    assert sum(image.element.image_size for image in layout.images) == element.image_size == layout.image_size


@each_observation
def test_a_derived_observation_lies_as_its_core_does(element: ObservationElement, size: int) -> None:
    core = core_of(element)
    assert isinstance(core, ObservationElement)
    assert ObservationLayout.of(element).leaves == ObservationLayout.of(core).leaves
    beside = StructObservation((("beside", BoolObservation()), ("element", element)))
    of_core = StructObservation((("beside", BoolObservation()), ("element", core)))
    assert build_policy_spec(beside, BoolAction()).hash == build_policy_spec(of_core, BoolAction()).hash


@each_observation
def test_an_observation_survives_the_wire_with_its_tag(element: ObservationElement, size: int) -> None:
    tagged = replace(element, tag="what the enemy sees")
    for one in (element, tagged):
        wire = json.loads(json.dumps(observation_to_wire(one)))
        assert observation_from_wire(wire) == one
        assert ("tag" in wire) == bool(one.tag)


@each_observation
def test_what_changes_the_meaning_of_an_observation_changes_its_hash(element: ObservationElement, size: int) -> None:
    hashes = {observation_hash(element)}
    for name, changed in variations(element):
        if name in element.encoding_keys:
            assert observation_hash(changed) in hashes, name
        else:
            assert observation_hash(changed) not in hashes, name
            hashes.add(observation_hash(changed))
    assert observation_hash(replace(element, tag="other")) == observation_hash(element)


@each_observation
def test_the_encoding_of_an_observation_changes_the_network_hash(element: ObservationElement, size: int) -> None:
    beside = (("beside", BoolObservation()),)
    plain = build_policy_spec(StructObservation((*beside, ("element", element))), BoolAction()).hash
    for name, changed in variations(element):
        if name in element.encoding_keys:
            otherwise = build_policy_spec(StructObservation((*beside, ("element", changed))), BoolAction()).hash
            assert otherwise != plain, name


@each_observation
def test_policies_and_critics_can_be_built_for_an_observation(element: ObservationElement, size: int) -> None:
    beside = StructObservation((("beside", BoolObservation()), ("element", element)))
    for spec in (build_policy_spec(beside, BoolAction()), build_critic_spec(beside)):
        assert spec.inputs[0] == ("observation", size + 1)


@each_observation
@pytest.mark.parametrize("key", ["missing", "extra"])
def test_an_observation_with_other_keys_is_refused(element: ObservationElement, size: int, key: str) -> None:
    wire = observation_to_wire(element)
    keys = [name for name in wire if name != "type"]
    if key == "extra":
        wire["colour"] = "green"
    elif keys:
        del wire[keys[-1]]
    else:
        return
    with pytest.raises(SchemaError, match="keys"):
        observation_from_wire({"type": "struct", "elements": [{"name": "inner", "element": wire}]})


def test_hashes_are_the_same_in_another_process() -> None:
    program = (
        "from tests.schema_examples import OBSERVATION_EXAMPLES\n"
        "from protocol.schema_hash import observation_hash\n"
        "print([observation_hash(element) for element, _ in OBSERVATION_EXAMPLES])"
    )
    ours = [observation_hash(element) for element, _ in OBSERVATION_EXAMPLES]
    assert len(set(ours)) == len(ours)
    theirs = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(theirs.stdout) == ours
