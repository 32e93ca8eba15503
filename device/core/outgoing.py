"""What the device tells the server: facts with ids that follow from the fact.

The same fact made twice (after a crash, by a repeat) has the same id, so the server keeps one.
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from protos.units import Micros, PaymentId, SaleNumber, TerminalNumber

ID_LENGTH = 20
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class EventKind(IntEnum):
    """Kinds, with the numbers of the wire (DeviceEventKind)."""

    ANNOUNCED = 1
    PRINTED = 2
    OUTAGE = 3
    STARTED = 4
    CODE_ACCEPTED = 5


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One event for PushEvents."""

    event_id: str
    kind: EventKind
    at: Micros
    payment_id: PaymentId | None = None
    sale: SaleNumber | None = None
    detail: str = ""


def event_id(terminal: TerminalNumber, kind: EventKind, *facts: str) -> str:
    """20 base-62 characters that follow from the terminal and the fact (about 119 bits)."""
    text = "\x1f".join(("choba-event-v1", str(terminal), str(int(kind)), *facts))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(letters)
