"""Holds SPEC.md against the code: whoever changes one is told to change the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import protocol
from protocol import limits
from protocol.bulk_carrier import DTYPES
from protocol.canonical_encoding import CanonicalEncoder
from protocol.channel_setting import (
    HANDSHAKE_TIMEOUT_S,
    HEARTBEAT_INTERVAL_S,
    HEARTBEAT_TIMEOUT_S,
    QUEUED_MESSAGES,
    RECONNECT_INTERVAL_MAX_S,
    RECONNECT_INTERVAL_S,
)
from protocol.completion import Completion
from protocol.endpoint import ENDPOINT_VARIABLE, HOST_INDEX_VARIABLE, RUN_SETTINGS_VARIABLE, TOKEN_VARIABLE
from protocol.field_rule import (
    DIMENSION_LIMITS,
    ArrayRule,
    ChoiceRule,
    FieldRule,
    FlagRule,
    IntegerRule,
    NamesRule,
    RealRule,
    TableRule,
    TextRule,
    TreeRule,
)
from protocol.message_table import TABLES, MessageTable
from protocol.messages import BOTH_WAYS, TO_HOST, Configure
from protocol.network_operation import OPERATION_KINDS
from protocol.schema.element import Element
from protocol.schema.registry import ACTION_TYPES, OBSERVATION_TYPES
from protocol.schema.wire import schema_fields
from protocol.schema_hash import ACTION_DOMAIN, OBSERVATION_DOMAIN
from protocol.version import PROTOCOL_VERSION
from tests.protocol.raw_peer import GREETING, READY
from tools.golden import EXAMPLES, FOLDER

SPEC = (Path(protocol.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
SOURCES = [
    path
    for package in ("protocol", "host_sdk", "trainer_process")
    for path in (Path(protocol.__file__).parents[1] / package).rglob("*.py")
]


def words_of(rule: FieldRule | ArrayRule) -> str:
    """A rule as the tables of SPEC.md spell it."""
    match rule:
        case TextRule():
            return f"text {rule.min_bytes}-{rule.max_bytes}"
        case ChoiceRule():
            return " or ".join(rule.choices)
        case FlagRule():
            return "bool"
        case IntegerRule(high=limits.MAX_UINT64):
            return "uint64"
        case IntegerRule(high=limits.MAX_INT64):
            return f"int from {rule.low}"
        case IntegerRule():
            return f"int {rule.low}-{rule.high}"
        case RealRule(low=None):
            return "float"
        case RealRule():
            return f"float {rule.low:g}-{rule.high:g}"
        case NamesRule():
            return f"list of {words_of(rule.item)}, at most {rule.max_count}"
        case TableRule():
            return f"map of {words_of(rule.key)} to {words_of(rule.item)}, at most {rule.max_count}"
        case TreeRule():
            return "tree"
        case ArrayRule():
            return rule.expectation + (", may be absent" if rule.is_optional else "")
        case _:
            raise AssertionError(f"SPEC.md has no words for {rule}")


def section(title: str) -> str:
    """The text below a heading, to the next heading of the same or a higher level."""
    match = re.search(rf"^(#+) {re.escape(title)}$", SPEC, re.MULTILINE)
    assert match, f"SPEC.md has no section {title!r}"
    rest = SPEC[match.end() :]
    following = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def rows(text: str) -> list[list[str]]:
    """The rows of the tables of a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    heads = {index - 1 for index, row in enumerate(cells) if set("".join(row)) <= set("-:")}
    return [row for index, row in enumerate(cells) if index not in heads and index - 1 not in heads]


def bytes_in(title: str) -> list[bytes]:
    """The blocks of hexadecimal bytes of a section."""
    blocks = re.findall(r"```hex\n(.*?)```", section(title), re.DOTALL)
    return [bytes.fromhex(re.sub(r"#.*", "", block)) for block in blocks]


def test_the_version_is_the_codes() -> None:
    assert f"Protocol version **{PROTOCOL_VERSION}**" in SPEC


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_message_is_described_field_by_field(table: MessageTable) -> None:
    arrow = {TO_HOST: "trainer → host", BOTH_WAYS: "both ways"}.get(table.message_type.direction, "host → trainer")
    described = [row[:2] for row in rows(section(f"{table.name} ({arrow})"))]
    assert described == [[name, words_of(rule)] for name, rule in (*table.scalars, *table.arrays)]
    assert all(row[2] for row in rows(section(f"{table.name} ({arrow})"))), "every field needs its meaning"


def test_no_message_is_described_that_is_not_there() -> None:
    titles = re.findall(r"^#### (\w+) \(", SPEC, re.MULTILINE)
    assert titles == [table.name for table in TABLES.values()]


def test_every_limit_is_listed_with_its_value() -> None:
    maxima = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}
    listed = {row[0]: int(row[1].replace(" ", "")) for row in rows(section("Limits"))}
    assert listed == maxima


def test_the_letters_of_shapes_are_listed_with_their_limits() -> None:
    listed = {row[0]: int(row[2].replace(" ", "")) for row in rows(section("Arrays"))[: len(DIMENSION_LIMITS)]}
    assert listed == DIMENSION_LIMITS


def test_every_dtype_is_listed() -> None:
    listed = {row[0]: int(row[1]) for row in rows(section("Arrays"))[len(DIMENSION_LIMITS) :]}
    assert listed == {name: dtype.itemsize for name, dtype in DTYPES.items()}


def test_the_codes_that_the_code_sends_are_listed() -> None:
    sent = {
        code
        for path in SOURCES
        if "trainer_process" in path.parts
        for code in re.findall(
            r'(?:code=|_refusal\(configure, |_refused\(\s*|failure\(behavior, )"([A-Z_]{5,})"', path.read_text("utf-8")
        )
    }
    listed = {row[0] for row in rows(section("Codes"))}
    assert {"VERSION_MISMATCH", "SCHEMA_MISMATCH", "PROTOCOL_ERROR", "DIVERGED"} <= sent <= listed


def test_completions_are_listed() -> None:
    listed = {row[0]: int(row[1]) for row in rows(section("Completion"))}
    assert listed == {completion.name: int(completion) for completion in Completion}


def test_every_operation_of_a_network_is_listed_with_its_attributes() -> None:
    listed = {row[0]: sorted(re.findall(r"\w+", row[1])) for row in rows(section("Operations"))}
    assert listed == {name: sorted(kind.attributes) for name, kind in OPERATION_KINDS.items()}


def test_environment_variables_are_listed() -> None:
    listed = [row[0] for row in rows(section("Environment variables"))]
    assert listed == [ENDPOINT_VARIABLE, TOKEN_VARIABLE, HOST_INDEX_VARIABLE, RUN_SETTINGS_VARIABLE]


def test_the_times_are_the_codes() -> None:
    listed = {row[0]: float(row[1]) for row in rows(section("Transport settings"))}
    assert listed == {
        "heartbeat interval": HEARTBEAT_INTERVAL_S,
        "heartbeat timeout": HEARTBEAT_TIMEOUT_S,
        "handshake timeout": HANDSHAKE_TIMEOUT_S,
        "first reconnect after": RECONNECT_INTERVAL_S,
        "reconnect at the latest after": RECONNECT_INTERVAL_MAX_S,
        "queued messages": QUEUED_MESSAGES,
    }


def test_the_bytes_of_the_zmtp_handshake_are_those_that_the_server_takes() -> None:
    greeting, ready = bytes_in("ZMTP without libzmq")
    assert greeting == GREETING
    assert ready == bytes([0x04, len(READY)]) + READY


def test_the_bytes_of_the_example_are_the_golden_ones() -> None:
    (example,) = bytes_in("A message byte by byte")
    assert example == (FOLDER / "heartbeat.bin").read_bytes()


def test_the_bytes_of_the_hashes_are_those_of_the_golden_schemas() -> None:
    configure = EXAMPLES["configure"]
    assert isinstance(configure, Configure)
    expected = (configure.observation_hash, configure.action_hash)
    blocks = bytes_in("Canonical encoding and hashes")
    for content, domain, value in zip(blocks, (OBSERVATION_DOMAIN, ACTION_DOMAIN), expected, strict=True):
        assert content.startswith(CanonicalEncoder(domain).content)
        assert int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little") == value
        assert f"{value:#018x}" in section("Canonical encoding and hashes")


@pytest.mark.parametrize(
    ("title", "types"), [("Observation elements", OBSERVATION_TYPES), ("Action elements", ACTION_TYPES)]
)
def test_schema_elements_are_listed_with_their_keys(title: str, types: Mapping[str, type[Element]]) -> None:
    listed = rows(section(title))
    assert [row[0] for row in listed] == list(types)
    for (_, keys, vector), kind in zip(listed, types.values(), strict=True):
        assert tuple(re.findall(r"\w+", keys)) == schema_fields(kind)
        assert set(re.findall(r"\*`(\w+)`\*", f"`{keys}`".replace("``", "`"))) == kind.encoding_keys
        assert vector


def test_headings_that_are_linked_are_there() -> None:
    headings = re.findall(r"^#+ (.*)$", SPEC, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", SPEC)) <= anchors


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", SPEC):
        assert (Path(protocol.__file__).parent / target).exists(), target
