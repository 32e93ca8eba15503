"""The bytes of this room that the ledger's chain covers: one written layout for all of them."""

import hashlib
import struct
from typing import Final

_LENGTH: Final = struct.Struct(">H")
_NUMBER: Final = struct.Struct(">q")


def digest(word: str, *parts: int | str | bytes) -> bytes:
    """32 bytes: SHA-256 of ``word`` and the parts, no two lists of parts alike.

    A text or bytes: ``b`` ‖ length 2 ‖ UTF-8; a number: ``n`` ‖ 8 bytes, signed, big-endian.
    ``word`` names layout and version; a change of the parts is a new word.
    """
    return hashlib.sha256(packed(word, *parts)).digest()


def packed(*parts: int | str | bytes) -> bytes:
    """The bytes that ``digest`` hashes."""
    return b"".join(_pack(part) for part in parts)


def _pack(part: int | str | bytes) -> bytes:
    if isinstance(part, int):
        return b"n" + _NUMBER.pack(part)
    raw = part.encode("utf-8") if isinstance(part, str) else part
    return b"b" + _LENGTH.pack(len(raw)) + raw
