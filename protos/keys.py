"""Keys of one terminal, all derived: nothing but the master key is a secret to keep.

master key --HKDF(terminal number)--> terminal secret --HKDF(purpose)--> QR, confirmation and
announcement key. The device is given its terminal secret at enrolment and never the master key.
The exact bytes: protos/README.md; vectors: protos/vectors.json.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protos.units import TerminalNumber

KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class TerminalKeys:
    """The three keys of a terminal. Its repr shows none of them, so that no log can."""

    qr: bytes
    confirmation: bytes
    announcement: bytes

    def __repr__(self) -> str:
        return "TerminalKeys(<secret>)"


def terminal_secret(master: bytes, terminal: TerminalNumber) -> bytes:
    """32 bytes that belong to one enrolment of one terminal.

    Raises ValueError when the master key is shorter than 32 bytes.
    """
    if len(master) < KEY_BYTES:
        raise ValueError("master key: 32 bytes or more are needed")
    return _derive(master, b"choba-terminal-v1" + terminal.to_bytes(4, "big"))


def terminal_keys(secret: bytes) -> TerminalKeys:
    """The keys that follow from a terminal secret (32 bytes)."""
    if len(secret) != KEY_BYTES:
        raise ValueError("terminal secret: exactly 32 bytes are needed")
    return TerminalKeys(
        qr=_derive(secret, b"choba-qr-v1"),
        confirmation=_derive(secret, b"choba-confirmation-v1"),
        announcement=_derive(secret, b"choba-announcement-v1"),
    )


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)
