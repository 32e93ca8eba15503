"""Public ids: 20 characters of A-Z a-z 0-9 from the system's randomness (119 bits)."""

import secrets
import string
import threading
from typing import Final

PUBLIC_ID_LENGTH: Final = 20
_ALPHABET: Final = (string.ascii_uppercase + string.ascii_lowercase + string.digits).encode()
_FAIR: Final = 256 - 256 % len(_ALPHABET)
"""Bytes from here on would favour some characters and are thrown away."""
_TABLE: Final = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_UNFAIR: Final = bytes(range(_FAIR, 256))


_AT_ONCE: Final = 2048
_own = threading.local()
"""Each thread's characters that were not given out yet: a call of the system for each id would
cost more than the rest of it."""


def new_public_id() -> str:
    """An id that nobody can guess and two servers never share."""
    ready: bytes = getattr(_own, "ready", b"")
    while len(ready) < PUBLIC_ID_LENGTH:
        ready += secrets.token_bytes(_AT_ONCE).translate(_TABLE, _UNFAIR)
    _own.ready = ready[PUBLIC_ID_LENGTH:]
    return ready[:PUBLIC_ID_LENGTH].decode("ascii")
