"""HMAC-SHA256, the one MAC of every contract."""

import hmac


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """32 bytes.

    Not ``hmac.digest``: it lets go of the interpreter's lock for each message, however short, and
    a process whose other threads work then waits up to 5 ms to get it back (measured: a quarter of
    all payments' time).
    """
    return hmac.new(key, message, "sha256").digest()
