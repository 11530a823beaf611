"""Whatever stands in a file, the answer is a configuration or a ConfigurationError."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer_process.configuration.configured import FILES
from trainer_process.configuration import ConfigurationError, RunConfiguration
from trainer_process.configuration.document import parse_document
from trainer_process.configuration.loading import resolved_configuration
from trainer_process.configuration.renamed_key import RENAMED_KEYS
from trainer_process.configuration.report import report
from trainer_process.configuration.validation import known_keys
from trainer_process.errors import SettingsError
from trainer_process.start_settings import StartSettings

KEYS = sorted({*known_keys(), *RENAMED_KEYS, "Walker", "sources", "<<", "*", "", "[0]", 'a"b'})
WORDS = [
    "ppo",
    "sac",
    "bc",
    "dagger",
    "gail",
    "linear",
    "uniform",
    "gaussian",
    "reward",
    "progress",
    "Walker",
    "default",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**6)
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=5)
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)
SECTIONS = ["behaviors", "default_settings", "environment_parameters", "env_settings", "checkpoint_settings", "sources"]
documents = st.dictionaries(
    st.sampled_from(SECTIONS), trees | st.dictionaries(st.sampled_from(KEYS), trees, max_size=4)
)


def resolved(content: bytes) -> RunConfiguration | None:
    """What a file comes to; None where it is refused."""
    try:
        return resolved_configuration(parse_document(content, "c.yaml"), {}, None)
    except ConfigurationError:
        return None


def used(configuration: RunConfiguration) -> None:
    """All that may be asked of a configuration."""
    assert report(configuration)
    assert json.dumps(configuration.host_settings())
    for name in [*configuration.behaviors, "Other"]:
        try:
            assert configuration.start_settings(name, StartSettings(), {}).checkpoint_steps >= 0
        except SettingsError:
            assert name == "Other"


@settings(max_examples=150, deadline=None)
@given(documents)
def test_arbitrary_trees_of_known_keys_are_taken_or_refused(tree: dict[str, Any]) -> None:
    made = resolved(json.dumps(tree).encode())
    if made is not None:
        used(made)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_are_taken_or_refused(content: bytes) -> None:
    made = resolved(content)
    if made is not None:
        used(made)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FILES.glob("*.yaml"))), st.data())
def test_files_with_a_part_torn_out_or_put_in_are_taken_or_refused(path: Any, data: st.DataObject) -> None:
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, min(len(content), start + 40)))
    put = data.draw(st.sampled_from([b"", b"{", b"- ", b": ", b"&a ", b"*a", b"null", b"[1, 2]", b"\n", b"\x00"]))
    resolved(content[:start] + put + content[stop:])


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(["debug", "behaviors.*.max_steps", "a[0]"]), scalars))
def test_whatever_is_typed_is_taken_or_refused(typed: dict[str, Any]) -> None:
    with suppress(ConfigurationError):
        resolved_configuration(parse_document(b"behaviors: {W: {}}", "c.yaml"), typed, None)
