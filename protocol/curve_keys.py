"""Keys with which a channel that leaves the machine is encrypted and authenticated."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.errors import EndpointError

KEY_LENGTH = 40


@dataclass(frozen=True)
class CurveKeys:
    """CURVE keys in Z85, 40 characters each.

    Whoever knows the server's public key may connect, so it is handed to hosts alone, like the token.

    Attributes:
        public: this side's public key.
        secret: this side's secret key; never shown.
        server_public: the trainer's public key; a trainer leaves it empty.
    """

    public: str
    secret: str = field(repr=False)
    server_public: str = ""

    def __post_init__(self) -> None:
        for name, key in (("public", self.public), ("secret", self.secret), ("server_public", self.server_public)):
            if name == "server_public" and not key:
                continue
            if len(key) != KEY_LENGTH or not key.isascii():
                raise EndpointError(f"CURVE key {name}: expected {KEY_LENGTH} characters of Z85, got {len(key)}")
