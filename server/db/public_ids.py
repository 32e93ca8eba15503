"""Public ids: 20 characters of A-Z a-z 0-9 from the system's randomness (119 bits)."""

import secrets
import string
from typing import Final

PUBLIC_ID_LENGTH: Final = 20
_ALPHABET: Final = (string.ascii_uppercase + string.ascii_lowercase + string.digits).encode()
_FAIR: Final = 256 - 256 % len(_ALPHABET)
"""Bytes from here on would favour some characters and are thrown away."""
_TABLE: Final = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_UNFAIR: Final = bytes(range(_FAIR, 256))


def new_public_id() -> str:
    """An id that nobody can guess and two servers never share."""
    found = b""
    while len(found) < PUBLIC_ID_LENGTH:
        found += secrets.token_bytes(PUBLIC_ID_LENGTH + 8).translate(_TABLE, _UNFAIR)
    return found[:PUBLIC_ID_LENGTH].decode("ascii")
