"""Public ids: 20 characters of A-Z a-z 0-9 from the system's randomness (119 bits)."""

import secrets
import string
from typing import Final

PUBLIC_ID_LENGTH: Final = 20
_ALPHABET: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits


def new_public_id() -> str:
    """An id that nobody can guess and two servers never share."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(PUBLIC_ID_LENGTH))
