"""The token of a text: which of a fixed number of options stands for it, the same in any language and process.

The token is the BLAKE2b hash of the text's UTF-8 bytes (8-byte digest, no key, salt or personalisation), read as a
little-endian u64, modulo the size of the vocabulary. Different texts may share a token; the larger the vocabulary, the
rarer that is.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=16_384)
def string_token(text: str, vocabulary_size: int) -> int:
    """The token of a text, from 0 to vocabulary_size - 1.

    Raises:
        UnicodeEncodeError: the text holds half of a surrogate pair, which UTF-8 can't.
    """
    import hashlib  # brings OpenSSL in, which a host without texts has no use for

    digest = hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % vocabulary_size
