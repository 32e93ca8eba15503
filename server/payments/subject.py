"""What the chain holds of a payment's own rows; the digest is its entry's ``subject``.

v1: ``choba-payment-v1`` ‖ payment id 20 ‖ kind 1 ‖ terminal 8 ‖ sale 8 ‖ amount 8 ‖ announcing
    terminal 8 (0: none) ‖ per leg: transaction id 20 ‖ amount 8 ‖ closes at 8 ‖ pay day 4
    (proleptic ordinal) ‖ length of the service id 2 ‖ service id
v2: ``choba-payment-v2`` ‖ the same head ‖ request hash 32 ‖ lengths of customer's id, key, shop's
    id 2 each ‖ these three ‖ per leg: as in v1, then balance before 8 ‖ after 8 ‖ number of lots
    left 2 ‖ per lot left: expires at 8 ‖ rest 8

SHA-256; numbers big-endian and signed. Random ids and numbers only: a customer's id says nothing
about the person.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from protos.units import Micros, PaymentId, TransactionId, Yen
from server.directory import ServiceId

_HEAD: Final = struct.Struct(">16s20sBqqqq")
_WHO: Final = struct.Struct(">32sHHH")
_LEG: Final = struct.Struct(">20sqqiH")
_AFTER: Final = struct.Struct(">qqH")
_LOT: Final = struct.Struct(">qq")

LegV1 = tuple[TransactionId, ServiceId, Yen, Micros, date]
LegV2 = tuple[str, str, int, int, int, int, int, Sequence[tuple[int, int]]]
"""Transaction, service, amount, closes at, pay day's ordinal, before, after, lots left."""


def payment_subject_v1(
    payment_id: PaymentId,
    kind: int,
    terminal: int,
    sale: int,
    amount: int,
    announced_to: int | None,
    legs: list[LegV1],
) -> bytes:
    """Of payments from before version 2."""
    packed = _HEAD.pack(
        b"choba-payment-v1",
        payment_id.encode("ascii"),
        kind,
        terminal,
        sale,
        amount,
        announced_to or 0,
    )
    for transaction_id, service_id, leg_amount, closes_at, pay_day in legs:
        service = service_id.encode("utf-8")
        packed += _LEG.pack(
            transaction_id.encode("ascii"),
            leg_amount,
            closes_at,
            pay_day.toordinal(),
            len(service),
        )
        packed += service
    return hashlib.sha256(packed).digest()


def payment_subject(
    payment_id: str,
    kind: int,
    terminal: int,
    sale: int,
    amount: int,
    announced_to: int | None,
    request_hash: bytes,
    user_id: str,
    key: str,
    shop_id: str,
    legs: Iterable[LegV2],
) -> bytes:
    """32 bytes over every column of the payment and its legs that is known before it is booked.

    Not its instant, which the entry has, nor its sequence, which follows from the stream.
    """
    who = (user_id.encode(), key.encode(), shop_id.encode())
    parts = [
        _HEAD.pack(
            b"choba-payment-v2",
            payment_id.encode("ascii"),
            kind,
            terminal,
            sale,
            amount,
            announced_to or 0,
        ),
        _WHO.pack(request_hash, len(who[0]), len(who[1]), len(who[2])),
        *who,
    ]
    for transaction_id, service_id, leg_amount, closes_at, pay_day, before, after, left in legs:
        service = service_id.encode()
        parts += (
            _LEG.pack(transaction_id.encode("ascii"), leg_amount, closes_at, pay_day, len(service)),
            service,
            _AFTER.pack(before, after, len(left)),
            *[_LOT.pack(*lot) for lot in left],
        )
    return hashlib.sha256(b"".join(parts)).digest()
