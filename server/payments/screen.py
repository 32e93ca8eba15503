"""Every payment and its legs against their entry's digest, fast; what differs goes to ``verify``.

Written for the speed of the drivers and the interpreter, because it runs for every payment there
ever was: rows in the order of the books, one ``pack`` for a payment and one for each leg. The
layouts are put together from those of ``subject``.
"""

import hashlib
import struct
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from server.db.schema import payments as t
from server.db.streams import stream_rows
from server.ledger import Operation, Progress, entries_of
from server.payments.subject import AFTER, HEAD, LEG, LOT, WHO, WORD_V2

_STEP: Final = 8192

Row = tuple[Any, ...]
Lots = list[tuple[int, int]]
Suspect = tuple[Row | None, list[Row], Row]
"""Payment (None: missing), its legs, its entry: id, digest, instant, lane, position."""

_NO_LEG: Final = ((None,), -1, b"")


class PaymentScreen:
    """Reads every payment that has an entry; ``payments`` and ``legs`` then say how many."""

    def __init__(self, connection: Connection, progress: Progress, total: int) -> None:
        self._connection = connection
        self._progress = progress
        self._total = total
        self.payments = 0
        self.legs = 0

    def suspects(self) -> Iterator[Suspect]:
        """Those that do not hold by the newest version of the digest, in the order of the books."""
        sha256, head = hashlib.sha256, head_layout
        payments = legs = 0
        packed = packed_legs(stream_rows(self._connection, _legs()))
        leg, amount, after = next(packed, _NO_LEG)
        for row in stream_rows(self._connection, _payments()):
            # fmt: off
            (payment_id, user, key, request_hash, kind, terminal, sale, shop, total, paid_at, to,
             _, entry_id, subject, instant, _, _) = row
            # fmt: on
            mine, parts = [], [b""]
            while leg[0] == entry_id:
                mine.append(leg)
                # the sum ends at 0 only when each leg holds; -1 marks one that doesn't
                if amount < 0 or leg[1] != len(mine):
                    instant = None
                elif total is not None:
                    total -= amount
                parts.append(after)
                leg, amount, after = next(packed, _NO_LEG)
            legs += len(mine)
            if payment_id is None:
                yield None, mine, row[12:]
                continue
            payments += 1
            try:
                user, key, shop = user.encode(), key.encode(), shop.encode()
                users, keys, shops = len(user), len(key), len(shop)
                # fmt: off
                parts[0] = head(users, keys, shops).pack(
                    WORD_V2, payment_id.encode("ascii"), kind, terminal, sale, row[8], to or 0,
                    request_hash, users, keys, shops, user, key, shop,
                )
                # fmt: on
                holds = (
                    sha256(b"".join(parts)).digest() == subject
                    and total == 0
                    and paid_at == instant
                    and paid_at < min([one[8] for one in mine])
                    and len(request_hash) == 32
                    and len(payment_id) == 20
                )
            except Exception:  # a value of another kind or size than any payment ever had
                holds = False
            if not holds:
                yield row[:12], mine, row[12:]
            if not payments % _STEP:
                self._progress("payments", payments, self._total)
        self.payments, self.legs = payments, legs
        self._progress("payments", payments, self._total)


def packed_legs(rows: Iterator[Row]) -> Iterator[tuple[Row, int, bytes]]:
    """Each leg with its amount and its bytes; -1 and none when it does not hold by itself."""
    layout, ordinal, number = leg_layout, ordinal_of, number_of
    for row in rows:
        _, _, transaction_id, service_id, amount, before, after, lots, closes_at, pay_day = row
        try:
            service = service_id.encode()
            length = len(service)
            first = lots[2 : lots.find(",")]
            if lots == f"[[{first},{after}]]":  # nearly always: one lot has all that is left
                left: tuple[int, ...] = (number(first), after)
                rest = after
            else:
                several = lots_of(lots)
                rest, left = sum(one for _, one in several), tuple(chain(*several))
            # fmt: off
            packed = layout(length, len(left) >> 1).pack(
                transaction_id.encode("ascii"), amount, closes_at, ordinal(pay_day),
                length, service, before, after, len(left) >> 1, *left,
            )
            # fmt: on
            if before - amount != after or rest != after or len(transaction_id) != 20:
                amount = -1
        except Exception:  # a value of another kind or form than any leg ever had
            amount, packed = -1, b""
        yield row, amount, packed


@lru_cache(maxsize=1024)
def head_layout(user: int, key: int, shop: int) -> struct.Struct:
    """By the lengths of the three ids: all of a payment before its legs."""
    return struct.Struct(f"{HEAD.format}{WHO.format[1:]}{user}s{key}s{shop}s")


@lru_cache(maxsize=1024)
def leg_layout(service: int, lots: int) -> struct.Struct:
    """By the length of the service's id and the number of lots left: all of a leg."""
    return struct.Struct(f"{LEG.format}{service}s{AFTER.format[1:]}{LOT.format[1:] * lots}")


@lru_cache(maxsize=4096)
def ordinal_of(day: str) -> int:
    """Few days pay many payments; each is read once. Raises ValueError for another form."""
    parsed = date.fromisoformat(day)
    if parsed.isoformat() != day:
        raise ValueError("pay day: written in another form")
    return parsed.toordinal()


@lru_cache(maxsize=4096)
def number_of(digits: str) -> int:
    """Lots expire at few instants. Raises ValueError for a number written in another form."""
    number = int(digits)
    if str(number) != digits:
        raise ValueError("lots_after: written in another form")
    return number


def lots_of(text: str) -> Lots:
    """``[[expires_at,amount],…]`` exactly as the desk writes it. Raises ValueError."""
    if text == "[]":
        return []
    lots = []
    for part in text[2:-2].split("],["):
        expires_at, _, amount = part.partition(",")
        lots.append((int(expires_at), int(amount)))
    if (
        ",".join([f"[{at},{amount}]" for at, amount in lots]) != text[1:-1]
        or text[0] + text[-1] != "[]"
    ):
        raise ValueError("lots_after: written in another form")
    return lots


def _payments() -> Select[Any]:
    """In the order in which they were booked: both tables are read nearly as they lie."""
    e = entries_of(Operation.USE)
    return (
        select(t.payments, e.c.entry_id, e.c.subject, e.c.instant, e.c.lane_id, e.c.position)
        .join_from(e, t.payments, t.payments.c.payment_id == e.c.entry_id, isouter=True)
        .order_by(e.c.lane_id, e.c.position)
    )


def _legs() -> Select[Any]:
    e = entries_of(Operation.USE)
    return (
        select(t.transactions)
        .join_from(e, t.transactions, t.transactions.c.payment_id == e.c.entry_id)
        .order_by(e.c.lane_id, e.c.position, t.transactions.c.leg)
    )
