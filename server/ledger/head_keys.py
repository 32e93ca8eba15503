"""Ed25519 keys that sign heads. The private one is never in the database."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

PublicKeys = Mapping[str, bytes]
"""Key id → public key, 32 bytes: the keys that somebody trusts."""


@dataclass(frozen=True, slots=True)
class HeadKey:
    """A key that signs. ``seed``: 32 random bytes."""

    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise ValueError("heads.key: 64 hexadecimal digits are needed")

    def __repr__(self) -> str:
        return f"HeadKey({self.key_id})"

    @property
    def public(self) -> bytes:
        """32 bytes, as auditors keep it."""
        return self._private().public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        return key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._private().sign(message)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def key_id_of(public: bytes) -> str:
    """The first 16 hexadecimal digits of the public key's SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature is that key's over that message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
