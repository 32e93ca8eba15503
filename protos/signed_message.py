"""MACs over what travels through the broker, which is not trusted.

Covered bytes: ``choba-announce-v1`` ‖ len(purpose) 1 ‖ purpose ‖ terminal 4 ‖ sequence 8 ‖
len(ledger id) 1 ‖ ledger id ‖ payload, numbers big-endian, HMAC-SHA-256 whole.
"""

import hmac
from enum import StrEnum

from protos.choba.v1.announcement_pb2 import SignedMessage
from protos.mac import hmac_sha256
from protos.units import Sequence, TerminalNumber

FORMAT = 1


class Purpose(StrEnum):
    """What a signed message is for; part of its MAC, so that none passes for another."""

    PAYMENT = "payment"
    CLAIM = "claim"


class SignedMessageError(ValueError):
    """A message that this terminal must not believe. ``reason`` is a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(
    key: bytes,
    purpose: Purpose,
    terminal: TerminalNumber,
    sequence: Sequence,
    ledger_id: str,
    payload: bytes,
) -> bytes:
    """A serialised SignedMessage under the terminal's announcement key."""
    return SignedMessage(
        format=FORMAT,
        purpose=purpose,
        terminal_number=terminal,
        sequence=sequence,
        ledger_id=ledger_id,
        payload=payload,
        mac=_mac(key, purpose, terminal, sequence, ledger_id, payload),
    ).SerializeToString()


def open_signed(
    key: bytes, purpose: Purpose, terminal: TerminalNumber, ledger_id: str, data: bytes
) -> tuple[Sequence, bytes]:
    """Sequence and payload of a message meant for this terminal, purpose and ledger.

    Raises SignedMessageError: "malformed", "format", "purpose", "terminal", "ledger", "mac".
    Whether the sequence is new is the caller's to decide.
    """
    message = SignedMessage()
    try:
        message.ParseFromString(data)
    except Exception as error:  # protobuf's C runtime raises its own types
        raise SignedMessageError("malformed") from error
    checks = (
        ("format", message.format == FORMAT),
        ("purpose", message.purpose == purpose),
        ("terminal", message.terminal_number == terminal),
        ("ledger", message.ledger_id == ledger_id),
    )
    for reason, holds in checks:
        if not holds:
            raise SignedMessageError(reason)
    sequence = Sequence(message.sequence)
    expected = _mac(key, purpose, terminal, sequence, ledger_id, message.payload)
    if not hmac.compare_digest(message.mac, expected):
        raise SignedMessageError("mac")
    return sequence, message.payload


def _mac(
    key: bytes,
    purpose: Purpose,
    terminal: TerminalNumber,
    sequence: Sequence,
    ledger_id: str,
    payload: bytes,
) -> bytes:
    word, ledger = purpose.encode("ascii"), ledger_id.encode("ascii")
    head = b"".join(
        (
            b"choba-announce-v1",
            bytes([len(word)]),
            word,
            terminal.to_bytes(4, "big"),
            sequence.to_bytes(8, "big"),
            bytes([len(ledger)]),
            ledger,
        )
    )
    return hmac_sha256(key, head + payload)
