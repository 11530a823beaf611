"""The bytes that hashes are taken of, so that any language and platform comes to the same number.

u8, u32, i64    unsigned and two's-complement integers, little-endian
f64             IEEE 754 binary64, little-endian; -0.0 is written as 0.0
string          u32 length of its UTF-8 bytes, then the bytes
hash            BLAKE2b with an 8-byte digest, no key, salt or personalisation, read as a little-endian u64
"""

from __future__ import annotations

import struct


class CanonicalEncoder:
    """Collects canonical bytes behind a domain, a string that keeps hashes of different things apart."""

    def __init__(self, domain: str) -> None:
        self._parts: list[bytes] = []
        self.string(domain)

    def u8(self, value: int) -> None:
        """Append an unsigned byte."""
        self._parts.append(struct.pack("<B", value))

    def u32(self, value: int) -> None:
        """Append an unsigned 32-bit integer."""
        self._parts.append(struct.pack("<I", value))

    def i64(self, value: int) -> None:
        """Append a signed 64-bit integer."""
        self._parts.append(struct.pack("<q", value))

    def f64(self, value: float) -> None:
        """Append a binary64 number."""
        self._parts.append(struct.pack("<d", value + 0.0))

    def string(self, value: str) -> None:
        """Append a length and UTF-8 bytes."""
        encoded = value.encode("utf-8")
        self.u32(len(encoded))
        self._parts.append(encoded)

    @property
    def content(self) -> bytes:
        """Everything appended so far."""
        return b"".join(self._parts)

    def hash(self) -> int:
        """The uint64 hash of the content."""
        import hashlib  # brings OpenSSL in, which a host that only imports the SDK has no use for

        return int.from_bytes(hashlib.blake2b(self.content, digest_size=8).digest(), "little")
