"""The MACs of enrolment: device and server prove to each other that they know the pairing code.

The code (16 base32 characters, 80 bits) is stretched by HKDF into three keys: one names nothing,
authenticates the request, one the answer, one seals the terminal secret.
"""

import base64
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protos.mac import hmac_sha256

CODE_LENGTH = 16
GROUP = 4
_NONCE = 12


class PairingError(ValueError):
    """A code or a message that does not prove the code. ``reason`` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def new_code() -> str:
    """Sixteen characters of base32 from the system's randomness."""
    return base64.b32encode(secrets.token_bytes(10)).decode()


def normalise_code(typed: str) -> str:
    """What a person typed, as a code: spaces and hyphens dropped, 0→O, 1→I, 8→B, upper case.

    Raises PairingError("length") or PairingError("alphabet").
    """
    text = "".join(c for c in typed.upper() if c not in " -\u3000").translate(
        str.maketrans("018", "OIB")
    )
    if len(text) != CODE_LENGTH:
        raise PairingError("length")
    if not set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
        raise PairingError("alphabet")
    return text


def grouped(code: str) -> str:
    """For people: four groups of four."""
    return " ".join(code[i : i + GROUP] for i in range(0, CODE_LENGTH, GROUP))


def pairing_id(code: str) -> bytes:
    """Names a code in a request without telling it (16 bytes)."""
    return _derive(code, b"choba-pairing-id-v1")[:16]


def request_mac(code: str, csr_der: bytes, nonce: bytes, ca_fingerprint: bytes) -> bytes:
    """Covers the request and the CA that the device saw, so that no one stands between."""
    return _mac(code, b"choba-pairing-request-v1", csr_der, nonce, ca_fingerprint)


def response_mac(code: str, nonce: bytes, *parts: bytes) -> bytes:
    """Covers the answer: certificate, CA, terminal id, terminal number, sealed secret, ledger."""
    return _mac(code, b"choba-pairing-response-v1", nonce, *parts)


def seal_secret(code: str, secret: bytes) -> bytes:
    """The terminal secret, readable with the code alone."""
    nonce = secrets.token_bytes(_NONCE)
    key = _derive(code, b"choba-pairing-seal-v1")
    return nonce + AESGCM(key).encrypt(nonce, secret, None)


def open_secret(code: str, sealed: bytes) -> bytes:
    """Raises PairingError("sealed") when it was not sealed with this code."""
    key = _derive(code, b"choba-pairing-seal-v1")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except (InvalidTag, ValueError) as error:
        raise PairingError("sealed") from error


def fingerprint(certificate_der: bytes) -> bytes:
    """SHA-256 of a certificate."""
    return hashlib.sha256(certificate_der).digest()


def _derive(code: str, info: bytes) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=b"choba-pairing", info=info)
    return kdf.derive(code.encode("ascii"))


def _mac(code: str, purpose: bytes, *parts: bytes) -> bytes:
    key = _derive(code, purpose)
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac_sha256(key, framed)
