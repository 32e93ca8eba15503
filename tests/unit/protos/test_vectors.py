"""The published vectors, computed a second time from the formats' description alone."""

import base64
import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import Any

import pytest

import protos
from protos import confirmation, keys, pairing, qr_token, signed_message
from protos.choba.v1.announcement_pb2 import SignedMessage
from protos.units import SaleNumber, Sequence, TerminalNumber, UnixSeconds, Yen

VECTORS: dict[str, Any] = json.loads(
    (Path(protos.__file__).parent / "vectors.json").read_text("utf-8")
)
KEYS = VECTORS["keys"]


def hkdf(key: bytes, info: bytes, salt: bytes = bytes(32)) -> bytes:
    """RFC 5869, SHA-256, one block."""
    return hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\x01", "sha256")


def truncated(digest: bytes) -> str:
    offset = digest[31] % 16
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] % 2**31) % 1_000_000:06d}"


def test_keys_follow_from_the_master_key() -> None:
    secret = hkdf(bytes.fromhex(KEYS["master"]), b"choba-terminal-v1" + struct.pack(">I", 42))
    assert secret.hex() == KEYS["terminal_secret"]
    assert keys.terminal_secret(bytes.fromhex(KEYS["master"]), TerminalNumber(42)) == secret
    ours = keys.terminal_keys(secret)
    for purpose in ("qr", "confirmation", "announcement"):
        expected = hkdf(secret, f"choba-{purpose}-v1".encode())
        assert expected.hex() == KEYS[purpose]
        assert getattr(ours, purpose) == expected


def test_keys_are_not_shown_by_repr() -> None:
    ours = keys.terminal_keys(bytes.fromhex(KEYS["terminal_secret"]))
    assert KEYS["qr"] not in repr(ours)
    assert repr(ours.qr) not in repr(ours)


def test_short_secrets_are_refused() -> None:
    with pytest.raises(ValueError, match="master key"):
        keys.terminal_secret(b"short", TerminalNumber(1))
    with pytest.raises(ValueError, match="terminal secret"):
        keys.terminal_keys(b"short")


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda v: v["text"][-8:])
def test_tokens(vector: dict[str, Any]) -> None:
    body = struct.pack(
        ">BIIII",
        0x10 + vector["kind"],
        vector["terminal_number"],
        vector["sale_number"],
        vector["minted_at"],
        vector["amount"],
    )
    mac = hmac.new(bytes.fromhex(KEYS["qr"]), body, hashlib.sha256).digest()[:10]
    assert base64.b32encode(body + mac).decode().rstrip("=") == vector["text"]
    assert len(vector["text"]) == 44
    token = qr_token.Token(
        qr_token.TokenKind(vector["kind"]),
        TerminalNumber(vector["terminal_number"]),
        SaleNumber(vector["sale_number"]),
        UnixSeconds(vector["minted_at"]),
        Yen(vector["amount"]),
    )
    assert qr_token.mint(token, bytes.fromhex(KEYS["qr"])) == vector["text"]
    assert qr_token.parse(vector["text"]).token == token
    assert qr_token.qr_url("pay.example.jp", vector["text"]) == vector["url"]


@pytest.mark.parametrize("vector", VECTORS["confirmations"], ids=lambda v: v["code"])
def test_confirmation_codes(vector: dict[str, Any]) -> None:
    numbers = [vector[name] for name in ("terminal_number", "sale_number", "amount")]
    digest = hmac.digest(
        bytes.fromhex(KEYS["confirmation"]),
        b"choba-confirm-v1" + struct.pack(">III", *numbers),
        "sha256",
    )
    assert truncated(digest) == vector["code"]
    ours = confirmation.confirmation_code(
        bytes.fromhex(KEYS["confirmation"]),
        TerminalNumber(numbers[0]),
        SaleNumber(numbers[1]),
        Yen(numbers[2]),
    )
    assert ours == vector["code"]
    assert confirmation.seal(ours) == vector["seal"]


@pytest.mark.parametrize("vector", VECTORS["signed_messages"])
def test_signed_messages(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["payload"])
    covered = (
        b"choba-announce-v1\x07payment"
        + struct.pack(">IQ", vector["terminal_number"], vector["sequence"])
        + b"\x02L1"
        + payload
    )
    mac = hmac.digest(bytes.fromhex(KEYS["announcement"]), covered, "sha256")
    assert mac.hex() == vector["mac"]
    message = signed_message.sign(
        bytes.fromhex(KEYS["announcement"]),
        signed_message.Purpose.PAYMENT,
        TerminalNumber(42),
        Sequence(7),
        "L1",
        payload,
    )
    assert SignedMessage.FromString(message).mac == mac


def test_pairing() -> None:
    vector = VECTORS["pairing"]
    code = vector["code"]
    salt = b"choba-pairing"
    assert hkdf(code.encode(), b"choba-pairing-id-v1", salt)[:16].hex() == vector["pairing_id"]
    assert pairing.pairing_id(code).hex() == vector["pairing_id"]
    parts = [bytes.fromhex(vector[name]) for name in ("csr", "nonce", "ca_fingerprint")]
    framed = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    key = hkdf(code.encode(), b"choba-pairing-request-v1", salt)
    assert hmac.digest(key, framed, "sha256").hex() == vector["request_mac"]
    assert pairing.request_mac(code, *parts).hex() == vector["request_mac"]
