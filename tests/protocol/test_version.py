from __future__ import annotations

import pytest

from protocol.errors import RemoteProtocolError
from protocol.version import PROTOCOL_VERSION, is_compatible, parse_version


def test_a_version_is_two_numbers() -> None:
    assert parse_version("12.34") == (12, 34)


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".1", "1.0.0", "01.0", "1.0 ", "-1.0", "a.b", "1.123456", "\u0661.\u0660"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match=r'expected "major\.minor"'):
        parse_version(text)
    assert not is_compatible(text)


def test_versions_of_one_major_number_understand_each_other() -> None:
    major, minor = parse_version(PROTOCOL_VERSION)
    assert is_compatible(f"{major}.{minor + 1}")
    assert not is_compatible(f"{major + 1}.{minor}")
