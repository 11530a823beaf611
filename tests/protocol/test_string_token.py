"""Texts have the same tokens everywhere."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from protocol.string_token import string_token


def test_a_token_is_of_the_documented_bytes() -> None:
    digest = blake2b("sword 剣".encode(), digest_size=8).digest()
    assert string_token("sword 剣", 1000) == int.from_bytes(digest, "little") % 1000


def test_tokens_never_change_between_releases() -> None:
    assert [string_token(text, 64) for text in ("", "sword", "Sword", "剣", "a\0")] == [36, 6, 0, 11, 13]
    assert string_token("sword", 16_384) == 15174


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        string_token("\ud800", 64)
